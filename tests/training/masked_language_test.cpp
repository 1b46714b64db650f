// BERT's pretraining as the trainer sees it.
#include "training/objectives/masked_language.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/log.h"
#include "models/bert/heads.h"
#include "tests/support/temp_folder.h"
#include "tests/training/objective_checks.h"
#include "tests/training/tiny_bert.h"
#include "training/trainer.h"

namespace attend {
namespace {

/// Documents of one subject each: whether the second sentence follows can be told by its words.
std::string documents(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string subject = i % 2 == 0 ? "cat" : "dog", place = i % 2 == 0 ? "house" : "garden";
    for (int sentence = 0; sentence < 4; ++sentence) text += "the " + subject + " sleeps in the " + place + " .\n";
    text += "\n";
  }
  return text;
}

struct Workplace {
  Workplace() {
    set_log_level(LogLevel::kQuiet);
    write_text(folder / "train.txt", documents(40));
    write_text(folder / "valid.txt", documents(10));
    tokenizer = write_tiny_tokenizer(kFewWords, folder / "tokenizer");
  }
  MaskedLanguageSetup setup(MaskedLanguageOptions options = {.max_length = 24, .eval_examples = 0}) const {
    const auto next = options.next_sentence ? BertMaskedLanguageModel::NextSentence::kYes : BertMaskedLanguageModel::NextSentence::kNo;
    return {.model = make_bert(tiny_bert_config({.pieces = kFewWords}, *tokenizer), next, /*seed=*/1, torch::kCPU),
            .tokenizer = tokenizer,
            .train = {folder / "train.txt"},
            .valid = {folder / "valid.txt"},
            .cache = folder / "cache",
            .budget = {.sequences = 8},
            .seed = 3,
            .options = options};
  }

  TempFolder folder;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
};

TrainingOptions training_options() {
  TrainingOptions options;
  options.steps = 700;
  options.learning_rate = 5e-3;
  options.schedule = ScheduleKind::kConstant;
  options.warmup_steps = 10;
  options.eval_every = options.save_every = 0;
  return options;
}

}  // namespace

TEST_CASE("masked words and next sentences are learnt, and the folder written answers the same") {
  const Workplace place;
  MaskedLanguageObjective objective(place.setup());
  objective.model().eval();
  const Metrics before = objective.evaluate({}).value();
  CHECK(value(before, "perplexity") > 10);
  REQUIRE(Trainer(objective, {.output = place.folder / "run", .options = training_options()}).run() == ExitCode::kDone);
  objective.model().eval();
  const Metrics after = objective.evaluate({}).value();
  CHECK(value(after, "mlm_accuracy") > 0.8);
  CHECK(value(after, "nsp_accuracy") > value(before, "nsp_accuracy"));
  CHECK(value(after, "total_loss") == Approx(value(after, "loss") + value(after, "nsp_loss")));

  const auto saved = load_masked_language_model(place.folder / "run");
  CHECK(WordPieceTokenizer(place.folder / "run").encode("The cats, asleep") == place.tokenizer->encode("The cats, asleep"));
  const EvaluationExamples examples = evaluation_examples({.files = {place.folder / "valid.txt"},
                                                           .tokenizer = *place.tokenizer,
                                                           .cache = place.folder / "cache",
                                                           .budget = {.sequences = 8},
                                                           .options = {.max_length = 24}});
  CHECK(evaluate_masked(*saved, examples, 0)->metrics == after);
}

TEST_CASE("a data position gives the same masked batches in another objective") {
  const Workplace place;
  MaskedLanguageObjective one(place.setup()), two(place.setup());
  const auto loss_of_next = [](MaskedLanguageObjective& objective) {
    const torch::NoGradGuard no_grad;
    objective.model().eval();
    const auto batch = objective.next();
    const auto terms = objective.loss(*batch);
    REQUIRE(terms.size() == 2);
    CHECK(terms[0].num_targets == batch->num_targets[0]);
    CHECK(terms[1].num_targets == batch->num_targets[1]);
    return terms[0].loss.item<double>() + terms[1].loss.item<double>();
  };
  const std::int64_t batches = one.micro_batches_per_epoch() + 2;  // into the second epoch
  for (std::int64_t i = 0; i < batches; ++i) loss_of_next(one);
  CHECK(one.epoch() == 1);
  two.seek(one.position());
  CHECK(one.micro_batches_per_epoch() + 2 == batches);  // of the first epoch, wherever it stands
  CHECK(two.micro_batches_per_epoch() + 2 == batches);
  for (int i = 0; i < 4; ++i) CHECK(loss_of_next(one) == loss_of_next(two));
  Json other = one.position();
  other["data"] = "another";
  CHECK_THROWS_AS(two.seek(other), UserError);
}

TEST_CASE("a batch of unknown words counts as one without targets, and all processes stand at one position") {
  const Workplace place;
  // One example a batch: most documents have nothing that could be masked.
  std::string text = documents(2);
  for (int i = 0; i < 20; ++i) text += "\n" + std::string("xyzzy plugh\nfrob qux\n");
  write_text(place.folder / "train.txt", text);
  const auto make = [&](ProcessRank process) {
    MaskedLanguageSetup setup = place.setup();
    setup.budget.sequences = 1;
    setup.process = process;
    return std::make_unique<MaskedLanguageObjective>(std::move(setup));
  };
  const auto alone = make({}), first = make({.rank = 0, .world = 2}), second = make({.rank = 1, .world = 2});
  std::int64_t empty = 0;
  for (int round = 0; round < 30; ++round) {
    CHECK(first->position() == alone->position());
    CHECK(second->position() == alone->position());
    for (const auto& rank : {&first, &second}) {
      const auto expected = alone->next(), batch = (*rank)->next();
      CHECK(batch->num_targets == expected->num_targets);
      CHECK(batch->num_tokens == expected->num_tokens);
      empty += batch->num_targets.front() == 0 ? 1 : 0;
      // Its loss of words is 0, and so is the gradient it gives.
      (*rank)->model().zero_grad();
      const auto terms = (*rank)->loss(*batch);
      CHECK(terms.front().num_targets == batch->num_targets.front());
      terms.front().loss.backward();
      if (batch->num_targets.front() == 0) CHECK(terms.front().loss.item<double>() == 0);
    }
  }
  CHECK(empty > 10);
  // The trainer passes such a batch over.
  const auto objective = make({});
  TrainingOptions options = training_options();
  options.steps = 3;
  Trainer trainer(*objective, {.output = place.folder / "run", .options = options});
  CHECK(trainer.run() == ExitCode::kDone);
  CHECK(trainer.state().step == 3);
}

TEST_CASE("two micro-batches are one step of both losses: each divided by its own targets") {
  const Workplace place;
  // The gradient of the step is that of mean(words) + mean(next sentences), over both batches.
  const auto step_loss = [&](std::int64_t accumulate) {
    MaskedLanguageSetup setup = place.setup();
    setup.budget.sequences = 8 / accumulate;
    MaskedLanguageObjective objective(std::move(setup));
    std::vector<double> sums(2, 0);
    std::vector<std::int64_t> targets(2, 0);
    objective.model().eval();
    for (std::int64_t i = 0; i < accumulate; ++i) {
      const auto batch = objective.next();
      const auto terms = objective.loss(*batch);
      for (std::size_t term = 0; term < 2; ++term) {
        sums[term] += terms[term].loss.item<double>();
        targets[term] += terms[term].num_targets;
      }
    }
    return sums[0] / static_cast<double>(targets[0]) + sums[1] / static_cast<double>(targets[1]);
  };
  CHECK(step_loss(2) == Approx(step_loss(1)).epsilon(1e-6));
}

TEST_CASE("pretraining without next sentences has one loss and no pooler") {
  const Workplace place;
  MaskedLanguageObjective objective(place.setup({.max_length = 24, .next_sentence = false, .eval_examples = 0}));
  const auto batch = objective.next();
  CHECK(batch->num_targets.size() == 1);
  CHECK(objective.loss(*batch).size() == 1);
  const Metrics metrics = objective.evaluate({}).value();
  CHECK(std::none_of(metrics.begin(), metrics.end(), [](const auto& metric) { return metric.first == "nsp_loss"; }));
  CHECK(objective.best_metric().name == "loss");
}

TEST_CASE("what cannot be pretrained on is refused") {
  const Workplace place;
  CHECK_THROWS_AS(MaskedLanguageObjective(place.setup({.max_length = 1000})), UserError);  // more than the model's positions
  write_text(place.folder / "train.txt", "the cat sleeps .\nthe cat sleeps .\n");
  CHECK_THROWS_AS(MaskedLanguageObjective(place.setup()), UserError);  // one document: nothing that does not follow
  write_text(place.folder / "train.txt", "\n\n");
  CHECK_THROWS_AS(MaskedLanguageObjective(place.setup()), UserError);
}

}  // namespace attend
