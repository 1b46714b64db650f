#include "apps/commands/demo_part.h"

#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "apps/commands/evaluate.h"
#include "apps/commands/pretrain_transformer.h"
#include "core/json.h"
#include "data/demo/corpus.h"
#include "inference/translator.h"
#include "metrics/score.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShown = 12;  // translations printed

constexpr DemoPlan kPlan{.steps = 1600, .idle_seconds = 75};
// Enough for the grammar.
const std::vector<std::string> kSizes{"encoder_layers=2", "decoder_layers=2"};
constexpr double kDropout = 0.1, kLearningRate = 3e-3;
constexpr std::int64_t kVocabSize = 1200, kWarmupSteps = 250, kEvalEvery = 250, kBatchTokens = 1500;
constexpr std::int64_t kLongest = 60;  // tokens of a translation: a model that has hardly trained does not know where to end

PretrainSeq2SeqOptions training_of(const DemoPart& part) {
  const fs::path& folder = part.folder;
  PretrainSeq2SeqOptions pretrain;
  pretrain.run.common = part.common;
  pretrain.run.common.json = false;
  pretrain.data.files = {.train_source = folder / "train.en",
                         .train_target = folder / "train.de",
                         .valid_source = folder / "valid.en",
                         .valid_target = folder / "valid.de"};
  pretrain.run.output = folder / "translator";
  pretrain.run.training.steps = part.steps.value_or(kPlan.steps);
  pretrain.run.training.batch_tokens = kBatchTokens;
  pretrain.run.training.learning_rate = kLearningRate;
  pretrain.run.training.schedule = ScheduleKind::kCosine;
  pretrain.run.training.warmup_steps = kWarmupSteps;
  pretrain.run.training.eval_every = pretrain.run.training.save_every = kEvalEvery;
  pretrain.model.preset = "tiny";
  pretrain.model.settings = kSizes;
  pretrain.model.dropout = kDropout;
  pretrain.model.vocab_size = kVocabSize;
  return pretrain;
}

/// The first test sentences, their translations and the references, one below the other.
void show_translations(const DemoPart& part, const demo::Corpus& corpus, std::ostream& out) {
  const fs::path model_folder = part.folder / "translator";
  const auto tokenizer = std::make_shared<const MarianTokenizer>(model_folder);
  const auto model = load_seq2seq(model_folder, {.device = parse_device(part.common.device)});
  model->eval();
  Translator translator(model, tokenizer, read_generation_config(model_folder, model->token_roles()));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kShown; ++i) lines.push_back(corpus.test[i].english);
  const auto translated = translator.translate(lines, TranslateOptions{.max_length = kLongest});
  for (std::size_t i = 0; i < kShown; ++i) {
    const std::string& text = translated[i].translations.front().text;
    const std::string& reference = corpus.test[i].german;
    out << "  " << lines[i] << "\n  -> " << text << "\n  " << (text == reference ? "   the same as the reference" : "## " + reference)
        << "\n\n";
  }
}

Json evaluate(const DemoPart& part) {
  const fs::path& folder = part.folder;
  EvaluateTranslateOptions evaluation;
  evaluation.common = part.common;
  evaluation.common.json = true;
  evaluation.model = folder / "translator";
  evaluation.source = folder / "test.en";
  evaluation.references = {folder / "test.de"};
  evaluation.translate.max_length = kLongest;
  std::istringstream nothing;
  std::ostringstream result;
  run_evaluate_translate(evaluation, nothing, result);
  return parse_json(result.str(), "evaluation");
}

void print_commands(const DemoPart& part, std::ostream& out) {
  const std::string text = part.folder.string(), model = (part.folder / "translator").string();
  std::ostringstream numbers;
  numbers << "--dropout " << kDropout << " --vocab-size " << kVocabSize << " --learning-rate " << kLearningRate
          << " --schedule cosine --warmup-steps " << kWarmupSteps << " \\\n      --batch-tokens " << kBatchTokens << " --eval-every "
          << kEvalEvery << " --save-every " << kEvalEvery << " " << run_flags(part, kPlan);
  std::string sizes;
  for (const std::string& size : kSizes) sizes += " --set " + size;
  out << "The same as commands; put your own files in their place, a sentence a line:\n\n"
      << "  attend pretrain transformer --train-source " << text << "/train.en --train-target " << text << "/train.de \\\n"
      << "      --valid-source " << text << "/valid.en --valid-target " << text << "/valid.de --preset tiny" << sizes << " \\\n      "
      << numbers.str() << " \\\n      --output my-model\n"
      << "  attend translate --model " << model << " < " << text << "/test.en\n"
      << "  attend evaluate translate --model " << model << " --source " << text << "/test.en --reference " << text
      << "/test.de --max-length " << kLongest << "\n"
      << "  attend inspect " << model << "\n";
}

}  // namespace

DemoOutcome demo_translate(const DemoPart& part, std::int64_t pairs, std::ostream& out) {
  const demo::Corpus corpus = demo::make_corpus({.train = static_cast<std::size_t>(pairs)}, part.common.seed);
  demo::write_corpus(corpus, part.folder);
  if (!part.common.json) {
    out << "1. A Transformer (Vaswani et al. 2017) learns English to German from " << corpus.train.size()
        << " sentence pairs that a grammar made, such as\n\n";
    for (std::size_t i = 0; i < 3; ++i) out << "  " << corpus.train[i].english << "\n  " << corpus.train[i].german << "\n\n";
    out << announcement(part, kPlan) << "\n\n" << std::flush;
  }
  std::istringstream nothing;
  std::ostringstream ignored;  // its last words, which the list of commands below repeats
  if (const int code = run_pretrain_transformer(training_of(part), nothing, ignored); code != static_cast<int>(ExitCode::kDone))
    return {.code = static_cast<ExitCode>(code)};

  const Json scores = evaluate(part);
  if (!part.common.json) {
    out << "\nSentences it has never seen (-> its translation, ## what the grammar says where that differs):\n\n";
    show_translations(part, corpus, out);
    out << "BLEU " << fixed_decimals(scores["bleu"].get<double>(), 1) << " on " << scores["examples"].get<std::int64_t>()
        << " sentences, none of which it was trained on\n\n";
    print_commands(part, out);
  }
  return {.scores = {
              {"bleu", scores["bleu"]}, {"chrf", scores["chrf"]}, {"perplexity", scores["perplexity"]}, {"examples", scores["examples"]}}};
}

}  // namespace attend
