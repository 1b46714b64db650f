// attend evaluate tag|answer: a model that labels tokens on data with answers.
#include "apps/commands.h"

#include <filesystem>
#include <memory>
#include <optional>

#include "apps/command.h"
#include "apps/commands/answer.h"
#include "apps/commands/finetune_tag.h"
#include "apps/commands/print_metrics.h"
#include "apps/commands/text_flags.h"
#include "apps/common.h"
#include "apps/flags.h"
#include "core/log.h"
#include "data/conll.h"
#include "inference/answerer.h"
#include "inference/folders.h"
#include "inference/tagger.h"

namespace attend {
namespace {

struct EvaluateTagOptions {
  CommonOptions common;
  std::filesystem::path model, data;
  ConllColumns columns;
  bool per_class = false;                  ///< precision, recall and F1 of each type of entity
  std::optional<std::int64_t> max_length;  ///< the model's positions where not given
};

struct EvaluateAnswerOptions {
  CommonOptions common;
  std::filesystem::path model, data;
  SpanFlags spans;
};

int run_evaluate_tag(const EvaluateTagOptions& options, std::istream&, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const auto model = load_token_classifier(options.model, loading, TokenTask::kTags);
  const auto tokenizer = load_wordpiece(options.model);
  require_vocabulary(model->vocab_size(), tokenizer->vocab_size());
  const LabelSet labels(model->labels().names, options.model.string());
  const TaggedText text = read_tagged_text({.file = options.data, .columns = options.columns}, *tokenizer,
                                           length_to_read(options.max_length, *model, tokenizer->max_length()), labels);
  if (const auto why = why_no_entities(model->labels())) log_info(options.model.string() + ": " + *why);
  const TagScores scores = score_tags(*model, text).value();
  MetricDetails details;
  if (options.per_class && scores.has_entities)
    for (const auto& [type, counts] : scores.entities.types()) details.classes.push_back({type, counts});
  print_metrics(metrics_of(scores), static_cast<std::int64_t>(text.lengths.size()), options.common.json, out, details);
  return static_cast<int>(ExitCode::kDone);
}

int run_evaluate_answer(const EvaluateAnswerOptions& options, std::istream&, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const auto model = load_token_classifier(options.model, loading, TokenTask::kAnswers);
  const auto tokenizer = load_wordpiece(options.model);
  require_vocabulary(model->vocab_size(), tokenizer->vocab_size());
  const SpanOptions spans = span_options(options.spans, options.model, *model);
  QuestionSet questions{.data = read_squad(options.data), .windows = {}};
  questions.windows = window_questions(questions.data, *tokenizer, spans);
  for (const std::string& warning : questions.windows.warnings) log_warning(warning);
  print_metrics(evaluate_answers(*model, questions, spans).value(), static_cast<std::int64_t>(questions.data.questions.size()),
                options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_evaluate_tag(CLI::App& evaluate) {
  auto options = std::make_shared<EvaluateTagOptions>();
  CLI::App* command = evaluate.add_subcommand("tag", "Accuracy of tags, and F1, precision and recall of entities");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("--data", options->data, "a word and its tag a line, a blank line between sentences")->required();
  add_conll_columns(*command, options->columns);
  command->add_flag("--per-class", options->per_class, "precision, recall and F1 of each type of entity, too");
  add_field_flag(*command, "--max-length,--max-seq-length", options->max_length, kMaxLengthHelp);
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Every word counts, in sentences of any length; one of which the tokenizer leaves nothing is tagged O. A tag that training never\n"
      "had counts as a miss. Entities are counted as seqeval's default mode counts them; tags may be IOB1, IOB2, IO, BIOES or BILOU.\n"
      "Examples:\n"
      "  attend evaluate tag --model runs/names --data test.conll\n"
      "  attend evaluate tag --model runs/pos --data test.conll --tag-column 1 --json");
  set_run(*command, options, run_evaluate_tag);
}

void add_evaluate_answer(CLI::App& evaluate) {
  auto options = std::make_shared<EvaluateAnswerOptions>();
  CLI::App* command = evaluate.add_subcommand("answer", "Exact match and F1 of answers, in percent, as SQuAD's script counts them");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("--data", options->data, "SQuAD's JSON, version 1.1 or 2.0")->required();
  add_config_flags(
      *command, options->spans,
      {.group = "Answering", .aliases = {{"max_length", "--max-seq-length"}, {"stride", "--doc-stride"}, {"n_best", "--n-best-size"}}});
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Examples:\n"
      "  attend evaluate answer --model runs/squad --data dev-v1.1.json\n"
      "  attend evaluate answer --model runs/squad2 --data dev-v2.0.json --json");
  set_run(*command, options, run_evaluate_answer);
}

}  // namespace attend
