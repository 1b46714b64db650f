#include <cmath>

#include <catch2/catch.hpp>

#include "core/log.h"
#include "core/random.h"
#include "core/stop_signal.h"
#include "tests/support/refusal.h"
#include "tests/training/objective_checks.h"
#include "tests/training/tiny_bert.h"
#include "training/objectives/answering.h"
#include "training/trainer.h"

using namespace attend;
using Catch::Contains;

namespace {

enum class Version { k1, k2 };

/// "ann bob lives in new york .": who lives there, and where? In version 2.0 one of the two may not be said.
void write_questions(const std::filesystem::path& file, int count, Version version) {
  RandomStream random(1, file.filename().string());
  const std::array people{"ann", "bob", "ann lee", "bob lee"};
  const std::array places{"rome", "paris", "new york"};
  Json paragraphs = Json::array();
  for (int i = 0; i < count; ++i) {
    const std::string person = people[random.below(people.size())], where = places[random.below(places.size())];
    const bool asks_person = random.below(2) == 0;
    const bool is_impossible = version == Version::k2 && random.below(3) == 0;
    const std::string context = is_impossible && asks_person ? "lives in " + where + " ."
                                : is_impossible              ? person + " lives in ."
                                                             : person + " lives in " + where + " .";
    Json question{{"id", std::to_string(i)}, {"question", asks_person ? "who ?" : "where ?"}, {"answers", Json::array()}};
    const std::string& answer = asks_person ? person : where;
    if (!is_impossible) question["answers"].push_back({{"text", answer}, {"answer_start", context.find(answer)}});
    if (version == Version::k2) question["is_impossible"] = is_impossible;
    paragraphs.push_back({{"context", context}, {"qas", {question}}});
  }
  write_text(file, Json{{"data", {{{"paragraphs", paragraphs}}}}}.dump());
}

struct Workplace {
  explicit Workplace(Version version = Version::k1) {
    set_log_level(LogLevel::kQuiet);
    tokenizer = write_tiny_bert({.pieces = {"who", "where", "?", "ann", "bob", "lee", "lives", "in", "rome", "paris", "new", "york", "."}},
                                folder / "bert");
    write_questions(folder / "train", 200, version);
    write_questions(folder / "valid", 40, version);
  }

  AnsweringSetup setup() const {
    AnsweringSetup setup;
    setup.model = load_token_classifier(folder / "bert", {}, TokenTask::kAnswers, NewHead{.labels = answer_labels()});
    setup.tokenizer = tokenizer;
    setup.train = folder / "train";
    setup.valid = folder / "valid";
    setup.batch_size = 16;
    setup.options.spans = {.max_length = 32, .stride = 10};
    return setup;
  }

  TempFolder folder;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
};

torch::Tensor logits_of(TokenClassifier& model, const TextExample& example) {
  const torch::NoGradGuard no_grad;
  return model.logits(pack_examples({example}, {0}));
}

TrainingOptions toy_training(std::int64_t steps) {
  TrainingOptions options;
  options.steps = steps;
  options.learning_rate = 1e-2;
  options.schedule = ScheduleKind::kLinear;
  options.warmup_steps = 8;
  options.eval_every = options.save_every = steps / 2;
  options.threads = 1;
  return options;
}

}  // namespace

TEST_CASE("The loss is the mean of start and end cross-entropy over each window's own tokens") {
  const Workplace place;
  const AnsweringSetup setup = place.setup();
  AnsweringObjective objective(setup);
  const SquadData data = read_squad(place.folder / "train");
  const QuestionWindows windows = window_questions(data, *place.tokenizer, setup.options.spans);
  const WindowTargets targets = window_targets(data, windows);
  REQUIRE(targets.windows.size() == 200);
  double sum = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto log_p_T2 = torch::log_softmax(logits_of(*setup.model, windows.examples[i]).to(torch::kFloat64), 0);
    sum -= (log_p_T2[targets.starts[i]][0] + log_p_T2[targets.ends[i]][1]).item<double>() / 2;
  }
  const torch::NoGradGuard no_grad;
  double found = 0;
  while (objective.epoch() == 0) {
    const auto batch = objective.next();
    found += objective.loss(*batch).front().loss.item<double>();
  }
  CHECK(found == Approx(sum).epsilon(1e-5));
}

TEST_CASE("The gradient of a window is not changed by longer ones beside it") {
  const Workplace place;
  const auto model = place.setup().model;
  const auto gradients = [&](std::int64_t batch_size) {
    AnsweringSetup setup = place.setup();
    setup.model = model;
    setup.batch_size = batch_size;
    AnsweringObjective objective(setup);
    model->zero_grad();
    while (objective.epoch() == 0) objective.loss(*objective.next()).front().loss.backward();
    std::vector<torch::Tensor> found;
    for (const auto& parameter : model->parameters()) found.push_back(parameter.grad().clone());
    return found;
  };
  const auto alone = gradients(1), together = gradients(40);
  double largest = 0;
  for (std::size_t i = 0; i < alone.size(); ++i) {
    largest = std::max(largest, alone[i].abs().max().item<double>());
    CHECK((alone[i] - together[i]).abs().max().item<double>() < 1e-3);  // sums over 200 windows
  }
  CHECK(largest > 10);
}

TEST_CASE("Answers are found in the text, the same alone and among others") {
  const Workplace place;
  const AnsweringSetup setup = place.setup();
  QuestionSet questions{.data = read_squad(place.folder / "valid"), .windows = {}};
  const SpanOptions spans{.max_length = 13, .stride = 3};  // some contexts need two windows
  questions.windows = window_questions(questions.data, *place.tokenizer, spans);
  const std::vector<Answer> answers = answer_all(*setup.model, questions, spans).value();
  REQUIRE(answers.size() == questions.data.questions.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string& context = questions.data.contexts[questions.data.questions[i].context];
    CHECK(answers[i].text == context.substr(answers[i].begin, answers[i].end - answers[i].begin));
    CHECK_FALSE(answers[i].text.empty());
    CHECK(answers[i].probability > 0);
    QuestionSet one{.data = {.contexts = {context}, .questions = {questions.data.questions[i]}}, .windows = {}};
    one.data.questions[0].context = 0;
    one.windows = window_questions(one.data, *place.tokenizer, spans);
    const Answer alone = answer_all(*setup.model, one, spans)->front();
    CHECK(alone.text == answers[i].text);
    CHECK(alone.probability == Approx(answers[i].probability).epsilon(1e-5));
  }
}

TEST_CASE("Questions whose answer has no place are left out of training") {
  const Workplace place;
  write_text(place.folder / "train", R"({"data": [{"paragraphs": [{"context": "ann lives in rome .", "qas": [
      {"id": "1", "question": "who ?", "answers": [{"text": "ann", "answer_start": 0}]},
      {"id": "2", "question": "where ?", "answers": [{"text": "rome", "answer_start": 1}]}]}]}]})");
  AnsweringObjective objective(place.setup());
  CHECK(objective.next()->num_targets == std::vector<std::int64_t>{1});
  CHECK(objective.epoch() == 1);
  CHECK_THAT(objective.card().data.front().second, Contains("1 questions, 1 windows"));
}

TEST_CASE("An answering position gives the same batches in another objective") {
  const Workplace place;
  AnsweringObjective one(place.setup()), two(place.setup());
  CHECK(one.micro_batches_per_epoch() == 13);  // 200 windows, 16 a batch
  for (int i = 0; i < 15; ++i) loss_of_next(one);
  CHECK(one.epoch() == 1);
  two.seek(one.position());
  for (int i = 0; i < 12; ++i) CHECK(loss_of_next(one) == loss_of_next(two));
  write_questions(place.folder / "other", 200, Version::k1);
  AnsweringSetup other = place.setup();
  other.train = place.folder / "other";
  AnsweringObjective on_other(other);
  CHECK_THAT(refusal_of([&] { on_other.seek(one.position()); }), Contains("not those of the checkpoint"));
}

TEST_CASE("Models, lengths and files that cannot answer are refused") {
  const Workplace place;
  const auto refusal = [](const AnsweringSetup& setup) { return refusal_of([&] { AnsweringObjective{setup}; }); };
  AnsweringSetup setup = place.setup();
  setup.options.spans.max_length = 33;
  CHECK_THAT(refusal(setup), Contains("--max-length is 33; the model has 32 positions"));
  setup = place.setup();
  setup.options.spans.stride = 14;
  CHECK_THAT(refusal(setup), Contains("expected 0 to 13"));
  setup = place.setup();
  setup.options.best_by = "loss";
  CHECK_THAT(refusal(setup), Contains("expected f1, exact"));
  setup = place.setup();
  setup.model = load_token_classifier(place.folder / "bert", {}, TokenTask::kTags, NewHead{.labels = {.names = {"a", "b", "c"}}});
  CHECK_THAT(refusal(setup), Contains("3 outputs a token; expected 2"));
  setup = place.setup();
  write_text(place.folder / "valid", R"({"data": [{"paragraphs": [{"context": "ann", "qas": [{"id": "1", "question": "who ?"}]}]}]})");
  CHECK_THAT(refusal(setup), Contains("valid: data[0].paragraphs[0].qas[0]") && Contains("answers"));
  write_text(place.folder / "train", "{\"data\": [");
  CHECK_FALSE(refusal(setup).empty());
  write_tiny_bert({.pieces = {"who", "?", "ann"}, .num_segments = 1}, place.folder / "single");
  setup.model = load_token_classifier(place.folder / "single", {}, TokenTask::kAnswers, NewHead{.labels = answer_labels()});
  CHECK_THAT(refusal(setup), Contains("one segment only"));
}

TEST_CASE("A stop while questions are answered ends it without an answer") {
  const Workplace place;
  AnsweringObjective objective(place.setup());
  objective.model().eval();
  request_stop();
  CHECK_FALSE(objective.evaluate({.stop = stop_requested}).has_value());
  reset_stop();
  const Metrics metrics = objective.evaluate({.stop = stop_requested}).value();
  CHECK(metrics.size() == 2);  // version 1.1: exact and f1
  CHECK(value(metrics, "f1") >= value(metrics, "exact"));
}

TEST_CASE("A tiny BERT learns to answer who and where, stopped and resumed to the same bits") {
  const Workplace place;
  const auto train = [&](const std::string& name, Start start) {
    AnsweringObjective objective(place.setup());
    Trainer trainer(objective,
                    {.output = place.folder / name, .options = toy_training(80), .start = start, .command = "attend finetune answer"});
    REQUIRE(trainer.run() == ExitCode::kDone);
    return trainer.state().best_metrics;
  };
  const Json best = train("whole", Start::kFresh);
  CHECK(best["exact"].get<double>() == 100);
  CHECK(best["f1"].get<double>() == 100);

  std::filesystem::copy(place.folder / "whole", place.folder / "stopped",
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  std::filesystem::remove_all(place.folder / "stopped" / "checkpoints" / "step-80");
  train("stopped", Start::kResume);
  const std::string weights = read_text(place.folder / "whole" / "checkpoints" / "step-80" / "model.safetensors");
  CHECK(weights.size() > 10'000);
  CHECK(read_text(place.folder / "stopped" / "checkpoints" / "step-80" / "model.safetensors") == weights);

  // The folder holds all that is needed to use it, how it was trained included.
  const SpanOptions spans = read_span_options(place.folder / "whole").value();
  CHECK(spans.max_length == 32);
  CHECK(spans.no_answer == NoAnswer::kNo);
  const auto model = load_token_classifier(place.folder / "whole", {}, TokenTask::kAnswers);
  QuestionSet questions{
      .data = {.contexts = {"Bob Lee  lives in New York."}, .questions = {{.id = "1", .text = "Who?"}, {.id = "2", .text = "Where?"}}},
      .windows = {}};
  questions.windows = window_questions(questions.data, WordPieceTokenizer(place.folder / "whole"), spans);
  const std::vector<Answer> answers = answer_all(*model, questions, spans).value();
  CHECK(answers[0].text == "Bob Lee");
  CHECK(answers[1].text == "New York");
  CHECK(answers[1].begin == 18);
  CHECK(answers[1].probability > 0.5);
}

TEST_CASE("A tiny BERT learns which questions have no answer") {
  const Workplace place(Version::k2);
  AnsweringObjective objective(place.setup());
  Trainer trainer(objective, {.output = place.folder / "run", .options = toy_training(120), .command = "attend finetune answer"});
  REQUIRE(trainer.run() == ExitCode::kDone);
  const Json best = trainer.state().best_metrics;
  CHECK(best["f1"].get<double>() > 95);
  CHECK(best["has_answer_f1"].get<double>() > 90);
  CHECK(best["no_answer_exact"].get<double>() > 90);
  CHECK(read_span_options(place.folder / "run")->no_answer == NoAnswer::kYes);
  // One that may not be without answer gives every question some text, which is right for none that has no answer.
  objective.model().eval();
  QuestionSet questions{.data = read_squad(place.folder / "valid"), .windows = {}};
  SpanOptions spans{.max_length = 32, .stride = 10, .no_answer = NoAnswer::kNo};
  questions.windows = window_questions(questions.data, *place.tokenizer, spans);
  auto& model = dynamic_cast<TokenClassifier&>(objective.model());
  CHECK(value(evaluate_answers(model, questions, spans).value(), "no_answer_exact") == 0);
  // A threshold that nothing reaches does the same, and one that everything passes the opposite.
  spans.no_answer = NoAnswer::kYes;
  spans.null_score_diff_threshold = 1e6;
  CHECK(value(evaluate_answers(model, questions, spans).value(), "no_answer_exact") == 0);
  spans.null_score_diff_threshold = -1e6;
  CHECK(value(evaluate_answers(model, questions, spans).value(), "no_answer_exact") == 100);
}
