// Fine-tuning a classifier as the trainer sees it.
#include "training/objectives/classification.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/log.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/temp_folder.h"
#include "tests/training/objective_checks.h"
#include "tests/training/tiny_bert.h"
#include "training/trainer.h"

namespace attend {
namespace {

using Problem = TaskLabels::Problem;

struct Workplace {
  Workplace() {
    set_log_level(LogLevel::kQuiet);
    tokenizer = write_tiny_bert({.pieces = kFewWords}, folder / "bert");
    std::string table = "text\tlabel\tscore\n";
    for (int i = 0; i < 12; ++i)
      table += "a good film\tpositive\t1\na bad film\tnegative\t-1\na very good dog\tpositive\t2\nthe bad cat\tnegative\t-1\n";
    write_text(folder / "train.tsv", table);
  }
  ClassificationSetup setup(Problem problem, ClassificationOptions options = {.max_length = 16}) const {
    const bool is_regression = problem == Problem::kRegression;
    const LabelledSource source{.file = folder / "train.tsv",
                                .columns = {.text = "text", .text_pair = "", .label = is_regression ? "score" : "label"}};
    NewHead head{.labels = {.problem = problem, .names = {"LABEL_0"}}};
    if (!is_regression) head.labels.names = collect_labels(source).names();
    return {.model = load_sequence_classifier(folder / "bert", {}, head),
            .encoder = make_input_encoder(tokenizer),
            .train = source,
            .valid = source.file,
            .batch_size = 5,
            .options = options};
  }

  TempFolder folder;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
};

TrainingOptions training_options() {
  TrainingOptions options;
  options.steps = 60;
  options.learning_rate = 5e-3;
  options.schedule = ScheduleKind::kConstant;
  options.warmup_steps = 5;
  options.eval_every = options.save_every = 30;
  return options;
}

}  // namespace

TEST_CASE("classes are learnt, and their names travel in the folder") {
  const Workplace place;
  ClassificationObjective objective(place.setup(Problem::kClasses));
  REQUIRE(Trainer(objective, {.output = place.folder / "run", .options = training_options()}).run() == ExitCode::kDone);
  objective.model().eval();
  const Metrics metrics = objective.evaluate({}).value();
  CHECK(value(metrics, "accuracy") == 1);
  CHECK(value(metrics, "f1") == 1);
  CHECK(value(metrics, "mcc") == 1);
  const auto saved = load_sequence_classifier(place.folder / "run");
  CHECK(saved->labels().names == std::vector<std::string>{"negative", "positive"});
  CHECK(WordPieceTokenizer::present_in(place.folder / "run"));
}

TEST_CASE("F1 is of the class that is asked for, and the classes are told with their counts") {
  const Workplace place;
  write_text(place.folder / "train.tsv",
             "text\tlabel\tscore\na good film\tpositive\t0\na bad film\tnegative\t0\nthe bad cat\tnegative\t0\nthe bad dog\tnegative\t0\n");
  // Three of class 0, one of class 1, and logits that say 0, 1, 0, 1 for the file's order.
  const auto logits_BL = torch::tensor({{1.0f, 0.0f}, {0.0f, 1.0f}, {1.0f, 0.0f}, {0.0f, 1.0f}});
  LabelledExamples examples;
  examples.classes = {1, 0, 0, 0};
  const auto f1 = [&](std::optional<std::int64_t> positive) {
    return value(classification_metrics(logits_BL, examples, Problem::kClasses, positive), "f1");
  };
  CHECK(f1(1) == 0);
  CHECK(f1(0) == Approx(0.4));  // 1 right of 2 said and 3 there
  CHECK(f1({}) == Approx(0.2));
  CHECK(value(classification_metrics(logits_BL, examples, Problem::kClasses, 1), "macro_f1") == Approx(0.2));

  ClassificationSetup setup = place.setup(Problem::kClasses, {.max_length = 16, .best_by = "f1", .positive = "negative"});
  const std::string said = captured_stderr([&] {
    set_log_level(LogLevel::kNormal);
    ClassificationObjective objective(std::move(setup));
    set_log_level(LogLevel::kQuiet);
    std::filesystem::create_directory(place.folder / "saved");
    objective.save(place.folder / "saved");
  });
  CHECK_THAT(said, Catch::Contains("examples of each class: 'negative' 3 (75.0 %), 'positive' 1 (25.0 %)"));
  CHECK_THAT(said, Catch::Contains("f1 is that of class 'negative' (--positive chooses)"));
  CHECK(read_class_counts(place.folder / "saved") == std::map<std::string, std::int64_t>{{"negative", 3}, {"positive", 1}});
  CHECK_THROWS_WITH(ClassificationObjective(place.setup(Problem::kClasses, {.max_length = 16, .positive = "neg"})),
                    Catch::Contains("--positive 'neg' is no class"));
  CHECK_THROWS_WITH(ClassificationObjective(place.setup(Problem::kRegression, {.max_length = 16, .positive = "negative"})),
                    Catch::Contains("--positive has no effect on regression"));
}

TEST_CASE("numbers are learnt by squared error") {
  const Workplace place;
  ClassificationObjective objective(place.setup(Problem::kRegression));
  REQUIRE(Trainer(objective, {.output = place.folder / "run", .options = training_options()}).run() == ExitCode::kDone);
  objective.model().eval();
  const Metrics metrics = objective.evaluate({}).value();
  CHECK(value(metrics, "pearson") > 0.95);
  CHECK(value(metrics, "mse") < 0.2);
  CHECK(load_sequence_classifier(place.folder / "run")->labels().problem == Problem::kRegression);
}

TEST_CASE("a classifier's stopped run goes on to the same bits") {
  const Workplace place;
  const auto weights = [&](const std::string& name, const std::vector<std::int64_t>& stops) {
    for (const std::int64_t steps : stops) {
      ClassificationObjective objective(place.setup(Problem::kClasses));
      TrainingOptions options = training_options();
      options.steps = steps;
      REQUIRE(Trainer(objective, {.output = place.folder / name, .options = options, .start = Start::kResume}).run() == ExitCode::kDone);
    }
    return read_text(place.folder / name / "checkpoints" / "step-25" / "model.safetensors");
  };
  CHECK(weights("whole", {25}) == weights("stopped", {7, 13, 25}));  // ten batches an epoch
}

TEST_CASE("balanced classes weigh alike") {
  const Workplace place;
  write_text(place.folder / "train.tsv",
             "text\tlabel\tscore\na good film\tpositive\t0\na bad film\tnegative\t0\nthe bad cat\tnegative\t0\nthe bad dog\tnegative\t0\n");
  ClassificationSetup setup = place.setup(Problem::kClasses, {.max_length = 16, .class_weights = ClassWeights::kBalanced});
  setup.batch_size = 4;
  const auto model = setup.model;
  ClassificationObjective objective(std::move(setup));
  objective.model().eval();
  const auto batch = objective.next();
  const double loss = objective.loss(*batch).front().loss.item<double>();
  // 4 / (2 * 1) for the one positive example, 4 / (2 * 3) for each of the others.
  double expected = 0;
  const LabelledExamples examples =
      read_examples({.file = place.folder / "train.tsv", .columns = {.text = "text", .text_pair = "", .label = "label"}},
                    *make_input_encoder(place.tokenizer), 16, LabelSet({"negative", "positive"}, "test"));
  const auto log_p_BL = torch::log_softmax(classify_all(*model, examples.examples).value(), 1);
  for (std::int64_t i = 0; i < 4; ++i)
    expected -= log_p_BL[i][examples.classes[static_cast<std::size_t>(i)]].item<double>() * (i == 0 ? 2.0 : 2.0 / 3.0);
  CHECK(loss == Approx(expected).epsilon(1e-5));
}

TEST_CASE("frozen layers stay as they are") {
  const Workplace place;
  ClassificationSetup setup = place.setup(Problem::kClasses, {.max_length = 16, .freeze_layers = 1});
  const auto model = setup.model;
  std::map<std::string, torch::Tensor> before;
  for (const auto& item : model->named_parameters()) before[item.key()] = item.value().detach().clone();
  ClassificationObjective objective(std::move(setup));
  REQUIRE(Trainer(objective, {.output = place.folder / "run", .options = training_options()}).run() == ExitCode::kDone);
  for (const auto& item : model->named_parameters()) {
    INFO(item.key());
    const bool is_head = item.key().starts_with("classifier") || item.key().starts_with("bert.pooler");
    CHECK(torch::equal(item.value(), before.at(item.key())) == !is_head);
  }
  CHECK_THROWS_AS(model->freeze(2), UserError);
}

TEST_CASE("labels and columns that are not there are refused by name") {
  const Workplace place;
  ClassificationSetup setup = place.setup(Problem::kClasses);
  write_text(place.folder / "valid.tsv", "text\tlabel\tscore\na film\tneutral\t0\n");
  setup.valid = place.folder / "valid.tsv";
  CHECK_THROWS_WITH(ClassificationObjective(std::move(setup)), Catch::Contains("neutral") && Catch::Contains("'negative', 'positive'"));
  setup = place.setup(Problem::kClasses);
  setup.train.columns.text = "txt";
  CHECK_THROWS_WITH(ClassificationObjective(std::move(setup)), Catch::Contains("txt") && Catch::Contains("score"));
  setup = place.setup(Problem::kClasses, {.max_length = 16, .best_by = "bleu"});
  CHECK_THROWS_WITH(ClassificationObjective(std::move(setup)), Catch::Contains("accuracy"));
}

TEST_CASE("batches come in an order that is a function of seed and epoch, each example once") {
  ShuffledBatches batches(11, 4, 7), other(11, 4, 8);
  std::vector<std::size_t> first, second, of_other;
  for (int i = 0; i < 3; ++i) {
    const auto batch = batches.next();
    CHECK(batch.size() == (i == 2 ? 3 : 4));
    first.insert(first.end(), batch.begin(), batch.end());
    const auto elsewhere = other.next();
    of_other.insert(of_other.end(), elsewhere.begin(), elsewhere.end());
  }
  CHECK(batches.position().epoch == 1);
  for (int i = 0; i < 3; ++i) {
    const auto batch = batches.next();
    second.insert(second.end(), batch.begin(), batch.end());
  }
  CHECK(first != second);
  CHECK(first != of_other);
  std::sort(first.begin(), first.end());
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i] == i);
  ShuffledBatches resumed(11, 4, 7);
  resumed.seek({.epoch = 1, .batch = 1});
  const auto batch = resumed.next();
  CHECK(std::equal(batch.begin(), batch.end(), second.begin() + 4));
  CHECK_THROWS_AS(resumed.seek({.epoch = 0, .batch = 3}), UserError);
}

TEST_CASE("processes share the batches out, and stand at one position") {
  ShuffledBatches alone(11, 4, 7);
  std::vector<ShuffledBatches> ranks;
  for (int rank = 0; rank < 2; ++rank) ranks.emplace_back(11, 4, 7, ProcessRank{.rank = rank, .world = 2});
  for (int round = 0; round < 7; ++round) {  // of three batches an epoch: rounds go across its end
    for (auto& rank : ranks) {
      CHECK(rank.position() == alone.position());
      CHECK(rank.batches_an_epoch() == 3);
    }
    CHECK(ranks[0].next() == alone.next());
    CHECK(ranks[1].next() == alone.next());
  }
  CHECK_THROWS_AS(ShuffledBatches(11, 4, 7, ProcessRank{.rank = 2, .world = 2}), std::invalid_argument);
}

}  // namespace attend
