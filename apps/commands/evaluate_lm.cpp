// attend evaluate lm: perplexity per token, word and byte of a text.
#include "apps/commands.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/command.h"
#include "apps/commands/scratch_folder.h"
#include "apps/commands/text_flags.h"
#include "apps/common.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "data/window_plan.h"
#include "inference/folders.h"
#include "inference/search.h"
#include "inference/text_examples.h"
#include "metrics/score.h"
#include "training/objectives/language_modelling.h"

namespace attend {
namespace {

struct EvaluateLmOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  std::optional<std::int64_t> stride;      ///< tokens that each window scores; else all that it reads
  std::optional<std::int64_t> max_length;  ///< tokens that a window reads; else the model's positions
  Documents documents = Documents::kPacked;
};

WindowOptions window_options(const EvaluateLmOptions& options, const CausalLanguageModel& model) {
  const std::int64_t block = options.max_length.value_or(model.max_positions());
  if (block < 1 || block > model.max_positions())
    throw UserError("--max-length is " + std::to_string(block) + "; expected 1 to the model's " + std::to_string(model.max_positions()) +
                    " positions");
  if (options.stride && (*options.stride < 1 || *options.stride > block))
    throw UserError("--stride is " + std::to_string(*options.stride) + "; expected 1 to " + std::to_string(block) +
                    ", the tokens that a window reads");
  return {.block = block, .documents = options.documents, .stride = options.stride.value_or(0)};
}

/// What the loss is divided by: the text's own sizes do not depend on a tokenizer.
Json text_metrics(const LanguageLoss& loss, const TextCounts& text) {
  const double nats = loss.loss * static_cast<double>(loss.num_targets), words = static_cast<double>(text.words),
               bytes = static_cast<double>(text.bytes);
  Json metrics{{"loss", loss.loss}, {"perplexity", std::exp(loss.loss)}};
  if (text.words > 0) metrics["word_perplexity"] = std::exp(nats / words);
  metrics["byte_perplexity"] = std::exp(nats / bytes);
  metrics["bits_per_byte"] = nats / bytes / std::log(2.0);
  metrics.update({{"tokens", loss.num_targets}, {"words", text.words}, {"bytes", text.bytes}});
  return metrics;
}

void print_text_metrics(const Json& metrics, bool as_json, std::ostream& out) {
  if (as_json) {
    out << one_line(metrics) << "\n";
    return;
  }
  for (const auto& [name, value] : metrics.items())
    out << name << " = " << (value.is_number_float() ? fixed_decimals(value.get<double>(), 4) : value.dump()) << "\n";
}

int run_evaluate_lm(const EvaluateLmOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const auto model = load_causal_language_model(options.model, loading);
  const ByteBpeTokenizer tokenizer(options.model);
  require_vocabulary(model->vocab_size(), tokenizer.vocab_size());
  const WindowOptions windows = window_options(options, *model);
  const ScratchFolder scratch;
  // Read twice: to count its words and bytes, and to tokenise it.
  const std::vector<std::filesystem::path> files = with_standard_input(options.data, in, scratch);
  const auto text = prepare_text({.slices = whole_files(files), .end_of_file = TextPieceReader::EndOfFile::kGoesOn},
                                 text_tokenizer(tokenizer), scratch.path());
  TextCounts counts;
  for (const auto& file : files) {
    const TextCounts of_file = count_text(file);
    counts.words += of_file.words;
    counts.bytes += of_file.bytes;
  }
  const auto epoch = evaluation_windows(text, windows, {.tokens = kAnswerTokens});
  const LanguageLoss loss = evaluate_language(*model, *epoch, 0).value();
  require_finite(loss.loss);
  Json metrics = text_metrics(loss, counts);
  metrics["examples"] = text->size();  // documents
  print_text_metrics(metrics, options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_evaluate_lm(CLI::App& evaluate) {
  auto options = std::make_shared<EvaluateLmOptions>();
  CLI::App* command = evaluate.add_subcommand("lm", "Perplexity of a text, per token, word and byte");
  command->add_option("--model", options->model, "model folder: GPT's")->required();
  command->add_option("--data", options->data, "text; several files are one text; - is standard input")->required();
  add_field_flag(*command, "--stride", options->stride,
                 "tokens that each window scores, behind what it reads as context [all that it reads]");
  add_field_flag(*command, "--max-length,--block-size", options->max_length, "tokens that a window reads [the model's positions]");
  add_field_flag(*command, "--documents", options->documents, "packed: one text; separate: no window crosses the end of a document");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Every token is scored once, but for the first, which nothing stands before. A word is what stands between white space; words and "
      "bytes\n"
      "are those of the files. --stride N gives each token but the first ones at least --max-length less N tokens of context, and takes as "
      "many\n"
      "times longer as N goes into --max-length.\n"
      "Examples:\n"
      "  attend evaluate lm --model runs/gpt --data test.txt\n"
      "  attend evaluate lm --model gpt2 --data wiki.test.txt --stride 512 --json");
  set_run(*command, options, run_evaluate_lm);
}

}  // namespace attend
