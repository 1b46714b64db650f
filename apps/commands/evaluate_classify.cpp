#include "apps/commands/evaluate_classify.h"

#include <memory>
#include <tuple>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/pretrain_bert.h"
#include "apps/commands/print_metrics.h"
#include "apps/commands/scratch_folder.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "inference/classifier.h"
#include "inference/folders.h"
#include "inference/text_examples.h"

namespace attend {
namespace {

constexpr bool is_regression(TaskLabels::Problem problem) { return problem == TaskLabels::Problem::kRegression; }

void add_table(CLI::App& evaluate, TaskLabels::Problem problem, const char* help, const char* example) {
  auto options = std::make_shared<EvaluateClassifyOptions>();
  options->problem = problem;
  CLI::App* command = evaluate.add_subcommand(is_regression(problem) ? "regress" : "classify", help);
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("--data", options->data, "tab-separated examples")->required();
  add_table_columns(*command, options->columns, options->form);
  if (!is_regression(problem)) {
    command->add_option("--positive", options->positive, "class whose F1 is told [the second of two; of more classes the mean over all]");
    command->add_flag("--per-class", options->per_class, "precision, recall and F1 of each class, too");
  }
  add_field_flag(*command, "--max-length,--max-seq-length", options->max_length, kMaxLengthHelp);
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(std::string("Examples:\n") + example);
  set_run(*command, options, run_evaluate_classify);
}

// One task's share of the metrics of both, under the names every evaluation has.
Metrics metrics_of(MaskedTask task, const Metrics& both) {
  Metrics metrics;
  const auto take = [&](const std::string& name, const std::string& as) {
    for (const auto& [key, value] : both)
      if (key == name) metrics.emplace_back(as, value);
  };
  if (task == MaskedTask::kNextSentence) {
    take("nsp_loss", "loss");
    take("nsp_accuracy", "accuracy");
  } else {
    take("loss", "loss");
    take("perplexity", "perplexity");
    take("mlm_accuracy", "accuracy");
  }
  return metrics;
}

}  // namespace

void add_evaluate_classify(CLI::App& evaluate) {
  add_table(
      evaluate, TaskLabels::Problem::kClasses, "Accuracy, F1 and Matthews correlation of a classifier",
      "  attend evaluate classify --model runs/sentiment --data dev.tsv --text 0 --label 1\n"
      "  attend evaluate classify --model runs/hate --data dev.tsv --text text --label label --positive hate --per-class\n"
      "  attend evaluate classify --model runs/mrpc --data MRPC/dev.tsv --text '#1 String' --text-pair '#2 String' --label Quality --json");
  add_table(evaluate, TaskLabels::Problem::kRegression, "Pearson's and Spearman's correlation and squared error of a regression model",
            "  attend evaluate regress --model runs/similarity --data dev.tsv --text sentence1 --text-pair sentence2 --label score");
}

void add_evaluate_masked(CLI::App& evaluate) {
  for (const auto& [name, task, help] :
       {std::tuple{"mlm", MaskedTask::kWords, "Accuracy, loss and perplexity of masked words"},
        std::tuple{"next-sentence", MaskedTask::kNextSentence, "Accuracy and loss of telling whether a sentence follows another"}}) {
    auto options = std::make_shared<EvaluateMaskedOptions>();
    options->task = task;
    options->masked.eval_examples = 0;
    CLI::App* command = evaluate.add_subcommand(name, help);
    command->add_option("--model", options->model, "model folder")->required();
    command->add_option("--data", options->data, "text, a sentence a line, a blank line between documents")->required();
    add_config_flags(*command, options->masked, masked_language_flags());
    add_common(*command, options->common, kAnsweringPrecisions);
    command->footer(
        std::string("What is masked, and which sentences follow, is drawn the same way each time.\nExamples:\n  attend evaluate ") + name +
        " --model runs/bert --data valid.txt");
    set_run(*command, options, run_evaluate_masked);
  }
}

int run_evaluate_classify(const EvaluateClassifyOptions& options, std::istream&, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const auto encoder = load_encoder(options.model);
  const auto model = load_sequence_classifier(options.model, loading);
  require_vocabulary(model->vocab_size(), encoder->vocab_size());
  if (is_regression(model->labels().problem) != is_regression(options.problem))
    throw UserError(options.model.string() + (is_regression(options.problem) ? " answers with classes" : " answers with a number"),
                    std::string("use `attend evaluate ") + (is_regression(options.problem) ? "classify`" : "regress`"));
  require_segments(*model, *encoder, options.columns);
  const Pairs trained = read_pairs(options.model), given = options.columns.text_pair.empty() ? Pairs::kNo : Pairs::kYes;
  if (trained != Pairs::kAuto && trained != given)
    log_warning(options.model.string() + " was trained on " +
                (given == Pairs::kYes ? "single texts, and --text-pair is given" : "pairs of texts, and there is no --text-pair"));
  std::optional<LabelSet> labels;
  if (model->labels().problem == TaskLabels::Problem::kClasses) labels.emplace(model->labels().names, options.model.string());
  const std::optional<std::int64_t> positive = labels ? positive_class(*labels, options.positive) : std::nullopt;
  const LabelledExamples examples = read_examples({.file = options.data, .columns = options.columns, .form = options.form}, *encoder,
                                                  length_to_read(options.max_length, *model, encoder->max_length()), labels);
  for (const std::string& warning : examples.warnings) log_warning(warning);
  const auto logits_BL = classify_all(*model, examples.examples).value();
  MetricDetails details;
  if (labels) {
    details.positive = positive ? labels->name(*positive) : "";
    details.f1_is = positive ? "of '" + *details.positive + "'" : "the mean over the classes";
  }
  if (options.per_class) {
    const ClassificationScores scores = score_classes(logits_BL, examples);
    for (std::size_t i = 0; i < labels->size(); ++i) {
      const auto found = scores.classes().find(static_cast<std::int64_t>(i));
      details.classes.push_back({labels->names()[i], found == scores.classes().end() ? MatchCounts{} : found->second});
    }
  }
  print_metrics(classification_metrics(logits_BL, examples, model->labels().problem, positive), logits_BL.size(0), options.common.json, out,
                details);
  return static_cast<int>(ExitCode::kDone);
}

int run_evaluate_masked(const EvaluateMaskedOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const auto model = load_masked_language_model(options.model, loading);
  const auto tokenizer = load_wordpiece(options.model);
  require_vocabulary(model->vocab_size(), tokenizer->vocab_size());
  MaskedLanguageOptions masked = options.masked;
  if (options.task == MaskedTask::kNextSentence && !(masked.next_sentence && model->has_next_sentence()))
    throw UserError(options.model.string() + ": the model was trained without next sentences, or --no-next-sentence is given",
                    "evaluate it with `attend evaluate mlm`");
  masked.next_sentence = masked.next_sentence && model->has_next_sentence();
  validate(masked, {.positions = model->max_positions(), .segments = model->num_segments()});
  const ScratchFolder scratch;
  const EvaluationExamples examples = evaluation_examples({.files = with_standard_input(options.data, in, scratch),
                                                           .tokenizer = *tokenizer,
                                                           .cache = scratch.path(),
                                                           .budget = {.tokens = kAnswerTokens},
                                                           .options = masked});
  const MaskedScores scores = evaluate_masked(*model, examples, masked.eval_examples).value();
  print_metrics(metrics_of(options.task, scores.metrics), scores.examples, options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
