#include <cmath>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/log.h"
#include "core/random.h"
#include "core/stop_signal.h"
#include "core/text.h"
#include "models/lstm/model.h"
#include "models/transformer/model.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/temp_folder.h"
#include "tests/training/objective_checks.h"
#include "tokenizers/sentencepiece_trainer.h"
#include "training/objectives/translation.h"
#include "training/trainer.h"

using namespace attend;

namespace {

constexpr std::array kWords{std::pair{"hund", "dog"},  std::pair{"katze", "cat"},  std::pair{"vogel", "bird"}, std::pair{"haus", "house"},
                            std::pair{"baum", "tree"}, std::pair{"kind", "child"}, std::pair{"buch", "book"},  std::pair{"stein", "stone"}};

/// Sentences of one to six words, translated word by word.
void write_pairs(const TempFolder& folder, const std::string& name, std::uint64_t count) {
  RandomStream random(1, name);
  std::string source, target;
  for (std::uint64_t line = 0; line < count; ++line) {
    const std::uint64_t words = 1 + random.below(6);
    for (std::uint64_t i = 0; i < words; ++i) {
      const auto& [german, english] = kWords[random.below(kWords.size())];
      source += (i == 0 ? "" : " ") + std::string(german);
      target += (i == 0 ? "" : " ") + std::string(english);
    }
    source += "\n";
    target += "\n";
  }
  write_text(folder / (name + ".de"), source);
  write_text(folder / (name + ".en"), target);
}

/// Texts, a tokenizer and a model of 32 wide in a folder that goes away.
struct Workplace {
  Workplace() {
    set_log_level(LogLevel::kQuiet);
    write_pairs(folder, "train", 400);
    write_pairs(folder, "valid", 20);
    train_marian_tokenizer({.source_files = {folder / "train.de"},
                            .target_files = {folder / "train.en"},
                            .sides = Sides::kJoint,
                            .vocabulary = {.vocab_size = 60},
                            .source_language = "de",
                            .target_language = "en"},
                           folder / "tokenizer");
    tokenizer = std::make_shared<const MarianTokenizer>(folder / "tokenizer");
  }

  TranslationSetup setup() const {
    TransformerConfig config = transformer_preset("tiny");
    config.hidden_size = 32;
    config.encoder_layers = config.decoder_layers = 1;
    config.encoder_heads = config.decoder_heads = 2;
    config.encoder_ffn_size = config.decoder_ffn_size = 64;
    config.dropout = 0;  // it has little enough to learn with
    config.vocab_size = tokenizer->vocab_size();
    config.pad_id = config.decoder_start_id = tokenizer->pad_id();
    config.eos_id = tokenizer->eos_id();
    return setup_of(make_transformer(config, /*seed=*/3, torch::kCPU));
  }

  /// The same for an LSTM that draws where it looks.
  TranslationSetup lstm_setup() const {
    LstmConfig config = lstm_preset("tiny");
    config.hidden_size = 32;
    config.attention = SourceAttention::kHard;
    config.vocab_size = tokenizer->vocab_size();
    config.pad_id = config.decoder_start_id = tokenizer->pad_id();
    config.eos_id = tokenizer->eos_id();
    return setup_of(make_lstm(config, /*seed=*/3, torch::kCPU));
  }

  TranslationSetup setup_of(std::shared_ptr<Seq2SeqModel> model) const {
    TranslationSetup setup;
    setup.model = std::move(model);
    setup.tokenizer = tokenizer;
    setup.tokenizer_folder = folder / "tokenizer";
    setup.files = {folder / "train.de", folder / "train.en", folder / "valid.de", folder / "valid.en"};
    setup.cache = folder / "data";
    setup.batches = {.budget = {.tokens = 300}, .seed = 1};
    setup.generation = seq2seq_generation_config(setup.model->token_roles(), 40);
    return setup;
  }

  TempFolder folder;
  std::shared_ptr<const MarianTokenizer> tokenizer;
};

}  // namespace

TEST_CASE("A data position gives the same batches in another objective") {
  const Workplace place;
  TranslationObjective one(place.setup()), two(place.setup());
  // Over the end of an epoch, and some batches into the next.
  const std::int64_t batches = one.micro_batches_per_epoch() + 3;
  for (std::int64_t i = 0; i < batches; ++i) loss_of_next(one);
  CHECK(one.epoch() == 1);
  two.seek(one.position());
  CHECK(two.epoch() == 1);
  for (int i = 0; i < 5; ++i) CHECK(loss_of_next(one) == loss_of_next(two));
}

TEST_CASE("The batches of an epoch are counted as they come") {
  const Workplace place;
  TranslationObjective objective(place.setup());
  const std::int64_t expected = objective.micro_batches_per_epoch();
  std::int64_t batches = 0, targets = 0;
  while (objective.epoch() == 0) {
    targets += objective.next()->num_targets.front();
    ++batches;
  }
  CHECK(batches == expected);
  std::int64_t in_text = 0;
  for (const std::string& line : read_lines(place.folder / "train.en"))
    in_text += static_cast<std::int64_t>(place.tokenizer->target().encode(line).size()) + 1;
  CHECK(targets == in_text);
}

TEST_CASE("An epoch is as long whichever process counts it, also where its length is estimated") {
  const Workplace place;
  write_pairs(place.folder, "long", 2500);
  const auto length = [&](const char* train, int rank, int world) {
    TranslationSetup setup = place.setup();
    setup.files.train_source = place.folder / (std::string(train) + ".de");
    setup.files.train_target = place.folder / (std::string(train) + ".en");
    setup.batches.budget = {.sequences = 1, .tokens = 0};
    setup.batches.rank = rank;
    setup.batches.world = world;
    return TranslationObjective(setup).micro_batches_per_epoch();
  };
  const std::int64_t pairs = static_cast<std::int64_t>(read_lines(place.folder / "train.en").size());
  CHECK(length("train", 0, 1) == pairs);
  CHECK(length("long", 0, 1) == 2500);  // 2,000 batches are counted, the rest follows from their pairs
  for (int rank = 0; rank < 4; ++rank) {
    CHECK(length("train", rank, 4) == pairs);
    CHECK(length("long", rank, 4) == 2500);
  }
}

TEST_CASE("The name of validation data is that of their content") {
  const Workplace place;
  TranslationSetup setup = place.setup();
  const std::string before = TranslationObjective(setup).validation();
  std::filesystem::copy_file(place.folder / "valid.en", place.folder / "copy.en");
  setup.files.valid_target = place.folder / "copy.en";
  CHECK(TranslationObjective(setup).validation() == before);
  std::string text = read_text(place.folder / "copy.en");
  text[0] = text[0] == 'd' ? 'c' : 'd';
  write_text(place.folder / "copy.en", text);
  CHECK(TranslationObjective(setup).validation() != before);
  setup.files.valid_source.clear();
  setup.files.valid_target.clear();
  CHECK(TranslationObjective(setup).validation().empty());
}

TEST_CASE("Validation loss is the mean of -log p over every target token, whatever the batches") {
  const Workplace place;
  const TranslationSetup setup = place.setup();
  const auto model = setup.model;
  TranslationObjective objective(setup);
  model->eval();
  const torch::NoGradGuard no_grad;
  double sum = 0;
  std::int64_t targets = 0;
  const auto sources = read_lines(place.folder / "valid.de"), references = read_lines(place.folder / "valid.en");
  for (std::size_t line = 0; line < sources.size(); ++line) {
    PairBatch pair;
    for (auto [text, tokenizer, side] : {std::tuple{&sources[line], &place.tokenizer->source(), &pair.source},
                                         std::tuple{&references[line], &place.tokenizer->target(), &pair.target}}) {
      for (const std::int32_t id : tokenizer->encode(*text)) side->ids.push_back(id);
      side->ids.push_back(place.tokenizer->eos_id());
      side->lengths.push_back(static_cast<std::int64_t>(side->ids.size()));
    }
    const torch::Tensor log_probabilities_TV = torch::log_softmax(model->logits(pair).to(torch::kFloat64), -1);
    for (std::size_t t = 0; t < pair.target.ids.size(); ++t)
      sum -= log_probabilities_TV[static_cast<std::int64_t>(t)][pair.target.ids[t]].item<double>();
    targets += static_cast<std::int64_t>(pair.target.ids.size());
  }
  const std::optional<Metrics> metrics = objective.evaluate({});
  REQUIRE(metrics.has_value());
  CHECK(value(*metrics, "loss") == Approx(sum / static_cast<double>(targets)).epsilon(1e-5));
  CHECK(value(*metrics, "perplexity") == Approx(std::exp(sum / static_cast<double>(targets))).epsilon(1e-4));
  CHECK(value(*metrics, "bleu") >= 0);
  const std::vector<Sample> samples = objective.samples();
  REQUIRE_FALSE(samples.empty());
  CHECK(samples[0].input == sources[0]);
  CHECK(samples[0].expected == references[0]);
}

TEST_CASE("A stop during an evaluation ends it without an answer") {
  const Workplace place;
  TranslationObjective objective(place.setup());
  objective.model().eval();
  request_stop();
  CHECK_FALSE(objective.evaluate({.stop = stop_requested}).has_value());
  reset_stop();
  CHECK(objective.evaluate({.stop = stop_requested}).has_value());
}

TEST_CASE("Validation sentences that are cut are told, once a run") {
  const Workplace place;
  std::string endless;
  for (int i = 0; i < 3000; ++i) endless += "hund ";
  write_text(place.folder / "valid.de", read_text(place.folder / "valid.de") + endless + "\n");
  write_text(place.folder / "valid.en", read_text(place.folder / "valid.en") + "dog\n");
  TranslationObjective objective(place.setup());
  objective.model().eval();
  set_log_level(LogLevel::kNormal);
  const std::string first = captured_stderr([&] { objective.evaluate({}); }), second = captured_stderr([&] { objective.evaluate({}); });
  set_log_level(LogLevel::kQuiet);
  CHECK_THAT(first,
             Catch::Contains("1 of the 21 validation sentences are not translated whole") && Catch::Contains("was cut to the model's"));
  CHECK(second.empty());
}

TEST_CASE("What is saved is a complete folder, and loads to the bit") {
  const Workplace place;
  TranslationSetup setup = place.setup();
  TranslationObjective objective(setup);
  std::filesystem::create_directories(place.folder / "saved");
  objective.save(place.folder / "saved");
  for (const char* file : {"config.json", "generation_config.json", "model.safetensors", "source.spm", "target.spm", "vocab.json"})
    CHECK(std::filesystem::exists(place.folder / "saved" / file));
  CHECK(MarianTokenizer(place.folder / "saved").vocab_size() == place.tokenizer->vocab_size());
  std::vector<torch::Tensor> before;
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : setup.model->parameters()) {
      before.push_back(parameter.clone());
      parameter.add_(1);
    }
  }
  objective.load(place.folder / "saved");
  const auto after = setup.model->parameters();
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(torch::equal(before[i], after[i]));
}

TEST_CASE("Other data, one-sided validation and options out of range are refused") {
  const Workplace place;
  TranslationObjective objective(place.setup());
  const Json position = objective.position();
  write_pairs(place.folder, "other", 400);
  TranslationSetup other = place.setup();
  other.files.train_source = place.folder / "other.de";
  other.files.train_target = place.folder / "other.en";
  TranslationObjective on_other(other);
  CHECK_THROWS_WITH(on_other.seek(position), Catch::Contains("not those of the checkpoint"));
  TranslationSetup one_sided = place.setup();
  one_sided.files.valid_target.clear();
  CHECK_THROWS_WITH(TranslationObjective(one_sided), Catch::Contains("only one side of the validation data"));
  TranslationSetup smoothed = place.setup();
  smoothed.options.label_smoothing = 1;
  CHECK_THROWS_AS(TranslationObjective(smoothed), UserError);
}

TEST_CASE("The trainer teaches a tiny Transformer to translate word by word") {
  const Workplace place;
  TranslationSetup setup = place.setup();
  setup.options.best_by = BestBy::kBleu;
  TranslationObjective objective(setup);
  TrainingOptions options;
  options.steps = 500;
  options.learning_rate = 1e-2;
  options.warmup_steps = 50;
  options.eval_every = 250;
  options.save_every = 250;
  options.average = 2;
  Trainer trainer(objective, {.output = place.folder / "run", .options = options, .command = "attend pretrain transformer"});
  REQUIRE(trainer.run() == ExitCode::kDone);
  const Json best = trainer.state().best_metrics;
  CHECK(best["bleu"].get<double>() > 60);
  CHECK(best["perplexity"].get<double>() < 1.6);  // 39 before training
  CHECK(std::filesystem::exists(place.folder / "run" / "checkpoints" / "average" / "vocab.json"));
}

TEST_CASE("An LSTM with hard attention learns the same, stopped and resumed to the same bits") {
  const Workplace place;
  TrainingOptions options;
  options.steps = 400;
  options.learning_rate = 1e-2;
  options.warmup_steps = 20;
  options.eval_every = options.save_every = 200;
  const auto train = [&](const std::string& name, Start start) {
    TranslationObjective objective(place.lstm_setup());
    Trainer trainer(objective, {.output = place.folder / name, .options = options, .start = start, .command = "attend pretrain lstm"});
    REQUIRE(trainer.run() == ExitCode::kDone);
    return trainer.state().best_metrics;
  };
  CHECK(train("whole", Start::kFresh)["perplexity"].get<double>() < 6);  // 4.2; 39 before training

  // What a stop at step 200 leaves: the second checkpoint is not there yet.
  std::filesystem::copy(place.folder / "whole", place.folder / "stopped",
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  std::filesystem::remove_all(place.folder / "stopped" / "checkpoints" / "step-400");
  train("stopped", Start::kResume);
  const std::string weights = read_text(place.folder / "whole" / "checkpoints" / "step-400" / "model.safetensors");
  CHECK(weights.size() > 10'000);
  CHECK(read_text(place.folder / "stopped" / "checkpoints" / "step-400" / "model.safetensors") == weights);
}
