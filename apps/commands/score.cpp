// attend score: how probable a language model finds each line.
#include "apps/commands.h"

#include <filesystem>
#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "apps/common.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "inference/folders.h"
#include "inference/text_scorer.h"
#include "metrics/score.h"

namespace attend {
namespace {

struct ScoreOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
  bool log_probabilities = false;  ///< of each token, in JSON
};

std::string answer_text(const TextScore& score, const ScoreOptions& options) {
  const auto perplexity = score.perplexity();
  if (!options.common.json)
    return fixed_decimals(score.log_probability, 6) + "\t" + std::to_string(score.num_tokens) + "\t" +
           (perplexity ? fixed_decimals(*perplexity, 6) : "nan");
  Json json{{"log_probability", score.log_probability},
            {"tokens", score.num_tokens},
            {"perplexity", perplexity ? Json(*perplexity) : Json(nullptr)}};
  if (options.log_probabilities) json["log_probabilities"] = score.token_log_probabilities;
  return one_line(json);
}

/// log-probability<TAB>tokens<TAB>perplexity for each line of `text` (or `in`).
int run_score(const ScoreOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  if (options.log_probabilities && !options.common.json) throw UserError("--log-probabilities are printed as JSON only", "add --json");
  CausalFolder folder = open_causal_folder(options.model, loading);
  const TextScorer scorer(folder.model, folder.tokenizer);
  log_info(scorer.counts_first_token()
               ? "The first token of a line is counted: it is predicted from the end-of-text token."
               : "The first token of a line is not counted: the tokenizer has no end-of-text token to predict it from.");
  TextInput input(options.text, in, "Type a text to score it; Ctrl-D ends.");
  LineHandling how;
  if (options.common.json) how.empty_answer = [&](const InputLine&) { return answer_text(TextScore(), options); };
  const AnswerLines answer = [&](const std::vector<InputLine>& lines) {
    std::vector<std::string> answers;
    for (const TextScore& score : scorer.score(texts_of(lines))) {
      LineWarnings().tell(lines[answers.size()].number, score.warnings);
      answers.push_back(answer_text(score, options));
    }
    return answers;
  };
  answer_lines(input, out, answer, how);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_score(CLI::App& app) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* command = app.add_subcommand("score", "Log-probability, tokens and perplexity of a text, a line a line");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("FILE", options->text, "text to score; - is standard input")->capture_default_str();
  command->add_flag("--log-probabilities", options->log_probabilities, "with --json, of every token");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Prints log-probability<TAB>tokens<TAB>perplexity: natural logarithm, summed, and e to its mean over the tokens. The first token is\n"
      "predicted from the end-of-text token; where the tokenizer has none it is not counted.\n"
      "Examples:\n"
      "  echo 'To be, or not to be' | attend score --model runs/shakespeare\n"
      "  attend score --model gpt2 --json --log-probabilities < sentences.txt");
  set_run(*command, options, run_score);
}

}  // namespace attend
