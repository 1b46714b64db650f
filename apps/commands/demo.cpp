#include "apps/commands/demo.h"

#include <cstdlib>
#include <iomanip>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/commands/evaluate.h"
#include "apps/commands/pretrain_transformer.h"
#include "apps/demo/corpus.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "generation/translator.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShown = 12;  // translations printed

// Enough for the grammar, and trained in two minutes on two cores.
const std::vector<std::string> kSizes{"encoder_layers=2", "decoder_layers=2"};
constexpr double kDropout = 0.1, kLearningRate = 3e-3;
constexpr std::int64_t kVocabSize = 1200, kWarmupSteps = 250, kEvalEvery = 250, kBatchTokens = 1500;
constexpr std::int64_t kLongest = 60;  // tokens of a translation: a model that has hardly trained does not know where to end

fs::path choose_folder(const fs::path& asked_for) {
  if (!asked_for.empty()) {
    std::error_code failed;
    fs::create_directories(asked_for, failed);
    if (failed) throw UserError(asked_for.string() + ": cannot make this folder: " + failed.message(), "choose another --output");
    return asked_for;
  }
  std::string name = (fs::temp_directory_path() / "attend-demo-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw StorageError(name + ": cannot make a folder; give one with --output");
  return name;
}

demo::Corpus draw_corpus(const DemoOptions& options) {
  if (options.pairs < 1000 || options.pairs > 2'000'000)
    throw UserError("--pairs " + std::to_string(options.pairs) + " is not between 1000 and 2000000");
  return demo::make_corpus({.train = static_cast<std::size_t>(options.pairs)}, options.common.seed);
}

PretrainTransformerOptions training_of(const DemoOptions& options, const fs::path& folder) {
  PretrainTransformerOptions pretrain;
  pretrain.run.common = options.common;
  pretrain.run.common.json = false;
  pretrain.data.files = {.train_source = folder / "train.en",
                        .train_target = folder / "train.de",
                        .valid_source = folder / "valid.en",
                        .valid_target = folder / "valid.de"};
  pretrain.run.output = folder / "model";
  pretrain.run.training.max_minutes = options.minutes;
  pretrain.run.training.batch_tokens = kBatchTokens;
  pretrain.run.training.learning_rate = kLearningRate;
  pretrain.run.training.warmup_steps = kWarmupSteps;
  pretrain.run.training.eval_every = pretrain.run.training.save_every = kEvalEvery;
  pretrain.preset = "tiny";
  pretrain.settings = kSizes;
  pretrain.dropout = kDropout;
  pretrain.vocab_size = kVocabSize;
  return pretrain;
}

/// The first test sentences, their translations and the references, one below the other.
void show_translations(const DemoOptions& options, const fs::path& model_folder, const demo::Corpus& corpus, std::ostream& out) {
  const auto tokenizer = std::make_shared<const MarianTokenizer>(model_folder);
  const auto model = load_seq2seq(model_folder, parse_device(options.common.device));
  model->eval();
  Translator translator(model, tokenizer, read_generation_config(model_folder, model->token_roles()));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kShown; ++i) lines.push_back(corpus.test[i].english);
  const auto translations = translator.translate(lines, TranslateOptions{.max_length = kLongest});
  for (std::size_t i = 0; i < kShown; ++i) {
    const std::string& text = translations[i].front().text;
    const std::string& reference = corpus.test[i].german;
    out << "  " << lines[i] << "\n  -> " << text << "\n  " << (text == reference ? "   the same as the reference" : "## " + reference)
        << "\n\n";
  }
}

Json evaluate(const DemoOptions& options, const fs::path& folder) {
  EvaluateTranslateOptions evaluation;
  evaluation.common = options.common;
  evaluation.common.json = true;
  evaluation.model = folder / "model";
  evaluation.source = folder / "test.en";
  evaluation.references = {folder / "test.de"};
  evaluation.translate.max_length = kLongest;
  std::istringstream nothing;
  std::ostringstream result;
  run_evaluate_translate(evaluation, nothing, result);
  return parse_json(result.str(), "evaluation");
}

void print_commands(const DemoOptions& options, const fs::path& folder, std::ostream& out) {
  const std::string text = folder.string(), model = (folder / "model").string();
  std::ostringstream numbers;
  numbers << "--dropout " << kDropout << " --vocab-size " << kVocabSize << " --learning-rate " << kLearningRate << " --warmup-steps "
          << kWarmupSteps << " \\\n      --batch-tokens " << kBatchTokens << " --eval-every " << kEvalEvery << " --save-every "
          << kEvalEvery << " --max-minutes " << options.minutes << " --seed " << options.common.seed;
  std::string sizes;
  for (const std::string& size : kSizes) sizes += " --set " + size;
  out << "What ran here, as commands; put your own files in their place, a sentence a line:\n\n"
      << "  attend pretrain transformer --train-source " << text << "/train.en --train-target " << text << "/train.de \\\n"
      << "      --valid-source " << text << "/valid.en --valid-target " << text << "/valid.de --preset tiny" << sizes << " \\\n      "
      << numbers.str() << " \\\n      --output my-model\n"
      << "  attend translate --model " << model << " < " << text << "/test.en\n"
      << "  attend evaluate translate --model " << model << " --source " << text << "/test.en --reference " << text
      << "/test.de --max-length " << kLongest << "\n"
      << "  attend inspect " << model << "\n";
}

}  // namespace

void add_demo(CLI::App& app) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "Train a small translator here and now, and show what it learnt");
  add_field_flag(*command, "--minutes", options->minutes, "how long to train");
  add_field_flag(*command, "--pairs", options->pairs, "sentence pairs to train on, drawn from a grammar");
  command->add_option("--output", options->output, "folder for text and model; without it one among the temporary files");
  command->add_option("--write", options->write, "only write the sentences: {train,valid,test}.{en,de} in this folder");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n  attend demo\n  attend demo --minutes 5 --output runs/demo\n  attend demo --write text --pairs 20000 --seed 7");
  set_run(*command, options, run_demo);
}

int run_demo(const DemoOptions& options, std::istream& in, std::ostream& out) {
  apply_common(options.common);
  if (!(options.minutes > 0 && options.minutes <= 1440)) throw UserError("--minutes is not above 0 and at most 1440");
  const demo::Corpus corpus = draw_corpus(options);
  const fs::path folder = choose_folder(options.write.empty() ? options.output : options.write);
  demo::write_corpus(corpus, folder);
  if (!options.write.empty()) return static_cast<int>(ExitCode::kDone);

  if (!options.common.json) {
    out << "A Transformer learns English to German from " << corpus.train.size() << " sentence pairs that a grammar made, such as\n\n";
    for (std::size_t i = 0; i < 3; ++i) out << "  " << corpus.train[i].english << "\n  " << corpus.train[i].german << "\n\n";
    out << "It trains for " << options.minutes << " minutes; everything is kept in " << folder.string() << "\n\n" << std::flush;
  }
  std::ostringstream ignored;  // its last words, which the list of commands below repeats
  if (const int code = run_pretrain_transformer(training_of(options, folder), in, ignored); code != static_cast<int>(ExitCode::kDone))
    return code;

  const Json scores = evaluate(options, folder);
  if (options.common.json) {
    out << Json{{"model", (folder / "model").string()},
                {"bleu", scores["bleu"]},
                {"chrf", scores["chrf"]},
                {"perplexity", scores["perplexity"]},
                {"examples", scores["examples"]}}
               .dump()
        << "\n";
    return static_cast<int>(ExitCode::kDone);
  }
  out << "\nSentences it has never seen (-> its translation, ## what the grammar says where that differs):\n\n";
  show_translations(options, folder / "model", corpus, out);
  out << std::fixed << std::setprecision(1) << "BLEU " << scores["bleu"].get<double>() << " on " << scores["examples"].get<std::int64_t>()
      << " sentences, none of which it was trained on\n\n"
      << std::defaultfloat;
  print_commands(options, folder, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
