// Learning to go on with text as the trainer sees it.
#include "training/objectives/language_modelling.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "core/error.h"
#include "tests/support/refusal.h"
#include "tests/training/objective_checks.h"
#include "tests/training/tiny_gpt.h"
#include "training/objectives/classification.h"
#include "training/trainer.h"

namespace attend {
namespace {

std::string rhyme(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += i % 3 ? "the cat sleeps in the house.\n" : "the dog sleeps in the garden.\n";
  return text;
}

std::string documents(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i % 3 ? "the cat sleeps.\n" : "the dog is in the garden, and sleeps.\n") + std::string("<|endoftext|>\n");
  return text;
}

struct Workplace {
  Workplace() {
    tokenizer = write_tiny_byte_tokenizer("0123456789+= ->" + rhyme(3) + ",", folder / "tokenizer", fill_token_names());
    write_text(folder / "train.txt", rhyme(60));
    write_text(folder / "valid.txt", rhyme(9));
  }
  LanguageSetup setup(LanguageOptions options = {}) const {
    return {.model = make_gpt(tiny_gpt_config(*tokenizer), /*seed=*/1, torch::kCPU),
            .tokenizer = tokenizer,
            .train = whole_files({folder / "train.txt"}),
            .valid = whole_files({folder / "valid.txt"}),
            .cache = folder / "cache",
            .budget = {.sequences = 8},
            .seed = 3,
            .options = options};
  }
  std::string refusal(LanguageSetup given) const {
    return refusal_of([&] { LanguageObjective(std::move(given)); });
  }

  TempFolder folder;
  std::shared_ptr<const ByteBpeTokenizer> tokenizer;
};

TrainingOptions training_options(std::int64_t steps) {
  TrainingOptions options;
  options.steps = steps;
  options.learning_rate = 5e-3;
  options.schedule = ScheduleKind::kConstant;
  options.warmup_steps = 5;
  options.eval_every = options.save_every = 0;
  return options;
}

/// Nats of the targets, one sequence at a time.
double loss_alone(CausalLanguageModel& model, const CausalBatch& batch) {
  const torch::NoGradGuard no_grad;
  double nats = 0;
  std::size_t at = 0;
  for (const std::int64_t length : batch.tokens.lengths) {
    const auto part = [&](const std::vector<std::int64_t>& all) {
      return std::vector<std::int64_t>(all.begin() + static_cast<std::ptrdiff_t>(at),
                                       all.begin() + static_cast<std::ptrdiff_t>(at) + length);
    };
    nats -= model.loss({.tokens = {part(batch.tokens.ids), {length}}, .targets = part(batch.targets)}).log_likelihood();
    at += static_cast<std::size_t>(length);
  }
  return nats;
}

}  // namespace

TEST_CASE("the next character is learnt, and the folder written answers the same") {
  const Workplace place;
  LanguageObjective objective(place.setup());
  objective.model().eval();
  const double before = value(objective.evaluate({}).value(), "loss");
  CHECK(before > 2.5);
  REQUIRE(Trainer(objective, {.output = place.folder / "run", .options = training_options(150)}).run() == ExitCode::kDone);
  objective.model().eval();
  const Metrics after = objective.evaluate({}).value();
  CHECK(value(after, "loss") < 1);
  CHECK(value(after, "perplexity") == Approx(std::exp(value(after, "loss"))));

  const auto samples = objective.samples();
  REQUIRE(samples.size() == 2);
  CHECK_THAT(rhyme(9), Catch::Contains(samples[0].input + samples[0].expected));
  CHECK_THAT(read_text(place.folder / "run/metrics.jsonl"), Catch::Contains(R"("samples":[{"input":)"));

  const auto saved = load_causal_language_model(place.folder / "run");
  const ByteBpeTokenizer tokenizer(place.folder / "run");
  CHECK(tokenizer.fingerprint() == place.tokenizer->fingerprint());
  CHECK(read_json_file(place.folder / "run" / "generation_config.json")["eos_token_id"] == *tokenizer.end_of_text_id());
  const auto text = prepare_text({.slices = whole_files({place.folder / "valid.txt"})}, text_tokenizer(tokenizer), place.folder / "cache");
  const auto epoch = evaluation_windows(text, {.block = 32}, {.sequences = 8});
  const LanguageLoss loss = evaluate_language(*saved, *epoch, 0).value();
  CHECK(loss.loss == value(after, "loss"));
  CHECK(loss.num_targets == static_cast<std::int64_t>(text->num_tokens()) - 1);
  CHECK(evaluate_language(*saved, *epoch, 10)->num_targets <= 8 * 32);
}

TEST_CASE("what an untrained model is asked does not depend on how text is cut into batches") {
  const Workplace place;
  const auto model = make_gpt(tiny_gpt_config(*place.tokenizer), 1, torch::kCPU);
  model->eval();
  write_text(place.folder / "train.txt", documents(20));
  const auto text =
      prepare_text({.slices = whole_files({place.folder / "train.txt"})}, text_tokenizer(*place.tokenizer), place.folder / "cache");
  const auto one = evaluate_language(*model, *evaluation_windows(text, {.block = 8}, {.sequences = 1}), 0);
  const auto many = evaluate_language(*model, *evaluation_windows(text, {.block = 8}, {.tokens = 100}), 0);
  CHECK(one->num_targets == many->num_targets);
  CHECK(one->loss == Approx(many->loss).epsilon(1e-5));
}

TEST_CASE("documents of a batch do not see one another: its loss is that of its sequences alone") {
  const Workplace place;
  write_text(place.folder / "train.txt", documents(30));
  const auto model = make_gpt(tiny_gpt_config(*place.tokenizer, 64), 1, torch::kCPU);
  model->eval();
  const torch::NoGradGuard no_grad;
  const auto text =
      prepare_text({.slices = whole_files({place.folder / "train.txt"})}, text_tokenizer(*place.tokenizer), place.folder / "cache");
  for (const Documents kind : {Documents::kSeparate, Documents::kPacked}) {
    const auto epoch = text_epochs(text, {.windows = {.block = 64, .documents = kind}, .budget = {.tokens = 256}})(0);
    const CausalBatch batch = epoch->batch(0);
    REQUIRE(batch.size() > 2);
    const double together = -model->loss({.tokens = {batch.tokens.ids, batch.tokens.lengths}, .targets = batch.targets}).log_likelihood();
    CHECK(together == Approx(loss_alone(*model, batch)).epsilon(1e-5));
  }
  // And a change in one document changes the loss of no other one.
  CausalBatch batch =
      text_epochs(text, {.windows = {.block = 64, .documents = Documents::kSeparate}, .budget = {.tokens = 256}})(0)->batch(0);
  const auto losses = [&] {
    const auto all = model->target_log_probabilities({.tokens = {batch.tokens.ids, batch.tokens.lengths}, .targets = batch.targets});
    return std::vector<float>(all.begin() + batch.tokens.lengths[0], all.end());
  };
  const auto before = losses();
  batch.tokens.ids[0] = (batch.tokens.ids[0] + 1) % 10;
  CHECK(losses() == before);
}

TEST_CASE("a data position gives the same batches in another objective, with documents, tables and holes to fill") {
  const Workplace place;
  write_text(place.folder / "documents.txt", documents(40));
  std::string table;
  for (int i = 0; i < 30; ++i) table += std::to_string(i) + "+1\t" + std::to_string(i + 1) + "\n";
  write_text(place.folder / "task.tsv", table);
  const auto make = [&](int kind) {
    LanguageSetup setup = place.setup();
    setup.valid.clear();
    if (kind > 0) setup.train = whole_files({place.folder / (kind == 3 ? "task.tsv" : "documents.txt")});
    if (kind == 1 || kind == 2) setup.options.documents = Documents::kSeparate;
    if (kind == 2) setup.options.fill_in_the_middle = 0.5;
    if (kind == 3) setup.columns = TaskColumns{.input = "0", .output = "1"};
    return std::make_unique<LanguageObjective>(std::move(setup));
  };
  const auto loss_of_next = [](LanguageObjective& objective) {
    const torch::NoGradGuard no_grad;
    objective.model().eval();
    const auto batch = objective.next();
    const auto terms = objective.loss(*batch);
    REQUIRE(terms.size() == 1);
    CHECK(terms[0].num_targets == batch->num_targets[0]);
    CHECK(batch->num_targets[0] <= batch->num_tokens);
    return terms[0].loss.item<double>();
  };
  for (int kind = 0; kind < 4; ++kind) {
    INFO(kind);
    const auto one = make(kind), two = make(kind);
    CHECK_FALSE(one->can_evaluate());
    const std::int64_t of_first_epoch = one->micro_batches_per_epoch();
    for (std::int64_t i = of_first_epoch + 2; i > 0; --i) loss_of_next(*one);
    CHECK(one->epoch() == 1);
    two->seek(one->position());
    // Schedules end where they would have ended without the stop, though epochs differ.
    CHECK(one->micro_batches_per_epoch() == of_first_epoch);
    CHECK(two->micro_batches_per_epoch() == of_first_epoch);
    for (int i = 0; i < 4; ++i) CHECK(loss_of_next(*one) == loss_of_next(*two));
    Json other = one->position();
    other["data"] = "another";
    CHECK_THROWS_AS(two->seek(other), UserError);
  }
}

TEST_CASE("a run is not resumed on a text that differs anywhere, however short it is") {
  const Workplace place;
  std::string text = rhyme(60).substr(0, 1999);  // a token a character or so: none of the thousand samples may begin at the same place
  const auto make = [&] {
    write_text(place.folder / "train.txt", text);
    LanguageSetup setup = place.setup();
    setup.cache = place.folder / ("cache-" + std::to_string(std::hash<std::string>{}(text)));
    return std::make_unique<LanguageObjective>(std::move(setup));
  };
  const Json position = make()->position();
  CHECK_NOTHROW(make()->seek(position));
  for (const std::size_t at : {text.size() - 3, text.size() / 2, text.size() / 3}) {
    const std::string before = text;
    text[at] = text[at] == 'e' ? 'a' : 'e';
    CHECK_THROWS_AS(make()->seek(position), UserError);
    text = before;
  }
}

TEST_CASE("the name of validation data is that of their content") {
  const Workplace place;
  const std::string before = LanguageObjective(place.setup()).validation();
  CHECK_FALSE(before.empty());
  write_text(place.folder / "valid.txt", rhyme(9).replace(4, 3, "cat"));
  CHECK(LanguageObjective(place.setup()).validation() != before);
  // One letter of a long text, wherever it stands.
  std::string text;
  while (text.size() < 300'000) text += rhyme(9);
  std::set<std::string> names;
  for (std::size_t at = 1000; at < 9000; at += 1003) {
    std::string other = text;
    other[at] = other[at] == 'e' ? 'a' : 'e';
    write_text(place.folder / "valid.txt", other);
    names.insert(LanguageObjective(place.setup()).validation());
  }
  CHECK(names.size() == 8);
  LanguageSetup without = place.setup();
  without.valid.clear();
  CHECK(LanguageObjective(std::move(without)).validation().empty());
}

TEST_CASE("a stopped run on text goes on to the same bits") {
  const Workplace place;
  const auto weights = [&](const std::string& name, const std::vector<std::int64_t>& stops) {
    for (const std::int64_t steps : stops) {
      LanguageObjective objective(place.setup());
      REQUIRE(Trainer(objective, {.output = place.folder / name, .options = training_options(steps), .start = Start::kResume}).run() ==
              ExitCode::kDone);
    }
    return read_text(place.folder / name / "checkpoints" / "step-20" / "model.safetensors");
  };
  const std::string whole = weights("whole", {20});
  CHECK_FALSE(whole.empty());
  CHECK(whole == weights("stopped", {3, 11, 20}));
}

TEST_CASE("of a table only the output is learnt") {
  const Workplace place;
  write_text(place.folder / "task.tsv", "12+3\t15\n1+1\t2\n");
  LanguageSetup setup = place.setup();
  setup.train = whole_files({place.folder / "task.tsv"});
  setup.valid = setup.train;
  setup.columns = TaskColumns{.input = "0", .output = "1"};
  const auto model = setup.model;
  LanguageObjective objective(std::move(setup));
  const auto batch = objective.next();
  CHECK(batch->num_targets == std::vector<std::int64_t>{9});  // " 15\n" and the end, " 2\n" and the end
  CHECK(batch->num_tokens == 20);                             // what is only predicted is not read
  // The loss is that of the outputs given their inputs, by hand.
  model->eval();
  double nats = 0;
  for (const auto& [query, answer] : {std::pair{"12+3 ->", " 15\n"}, std::pair{"1+1 ->", " 2\n"}}) {
    std::vector<std::int64_t> ids;
    for (const auto& part : {place.tokenizer->encode(query), place.tokenizer->encode(answer)})
      ids.insert(ids.end(), part.begin(), part.end());
    const auto length = static_cast<std::int64_t>(ids.size());
    const auto log_p_NV = torch::log_softmax(model->logits({ids, {length}}), 1);
    ids.push_back(*place.tokenizer->end_of_text_id());
    for (std::size_t i = place.tokenizer->encode(query).size(); i < ids.size(); ++i)
      nats -= log_p_NV[static_cast<std::int64_t>(i) - 1][ids[i]].item<double>();
  }
  CHECK(value(objective.evaluate({}).value(), "loss") == Approx(nats / 9).epsilon(1e-4));
}

TEST_CASE("a classifier stands on a pretrained GPT, for texts and pairs") {
  const Workplace place;
  const auto gpt = place.folder / "gpt";
  std::filesystem::create_directory(gpt);
  make_gpt(tiny_gpt_config(*place.tokenizer), 1, torch::kCPU)->save(gpt);
  place.tokenizer->save(gpt);
  std::string table = "text\tother\tlabel\n";
  for (int i = 0; i < 8; ++i) table += "the cat sleeps\tthe dog\tcat\nthe dog sleeps\tthe cat\tdog\n";
  write_text(place.folder / "train.tsv", table);
  for (const std::string pair : {"", "other"}) {
    const LabelledSource source{.file = place.folder / "train.tsv", .columns = {.text = "text", .text_pair = pair, .label = "label"}};
    ClassificationSetup setup;
    setup.model = load_sequence_classifier(gpt, {}, NewHead{.labels = {.names = collect_labels(source).names()}});
    setup.encoder = load_input_encoder(gpt);
    setup.train = source;
    setup.valid = source.file;
    setup.batch_size = 4;
    setup.options.max_length = 32;
    ClassificationObjective objective(std::move(setup));
    const auto run = place.folder / ("run" + pair);
    REQUIRE(Trainer(objective, {.output = run, .options = training_options(40)}).run() == ExitCode::kDone);
    objective.model().eval();
    CHECK(value(objective.evaluate({}).value(), "accuracy") == 1);
    CHECK(read_json_file(run / "config.json")["pad_token_id"] == *place.tokenizer->end_of_text_id());
    CHECK(load_sequence_classifier(run)->labels().names == std::vector<std::string>{"cat", "dog"});
    CHECK(ByteBpeTokenizer::present_in(run));
  }
}

TEST_CASE("what a language model cannot be trained on is refused") {
  const Workplace place;
  CHECK_THAT(place.refusal(place.setup({.max_length = 33})), Catch::Contains("32 positions") && Catch::Contains("max_positions=33"));
  CHECK_THAT(place.refusal(place.setup({.max_length = -1})), Catch::Contains("--max-length"));
  CHECK_THAT(place.refusal(place.setup({.eval_tokens = -1})), Catch::Contains("--eval-tokens"));
  CHECK_THAT(place.refusal(place.setup({.documents = Documents::kPacked, .fill_in_the_middle = 0.5})),
             Catch::Contains("--documents packed"));
  LanguageSetup setup = place.setup();
  setup.tokenizer = write_tiny_byte_tokenizer(rhyme(3) + "ABCDEFGHIJKLMNOPQRSTUVWXYZ/()&%$!?", place.folder / "large");
  CHECK_THAT(place.refusal(setup), Catch::Contains("ids, the model"));
  setup.model = make_gpt(tiny_gpt_config(*setup.tokenizer), 1, torch::kCPU);
  setup.options = {.documents = Documents::kSeparate, .fill_in_the_middle = 0.5};
  CHECK_THAT(place.refusal(setup), Catch::Contains("<|fim_prefix|>"));
  setup = place.setup({.documents = Documents::kSeparate});
  setup.columns = TaskColumns{.input = "0", .output = "1"};
  CHECK_THAT(place.refusal(setup), Catch::Contains("--documents"));
  write_text(place.folder / "train.txt", "the cat");
  CHECK_THAT(place.refusal(place.setup()), Catch::Contains("8 tokens") && Catch::Contains("--max-length 7"));
}

}  // namespace attend
