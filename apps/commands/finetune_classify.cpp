#include "apps/commands/finetune_classify.h"

#include <memory>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/error.h"
#include "inference/folders.h"

namespace attend {
namespace {

using Problem = TaskLabels::Problem;

void add_flags(CLI::App& command, FinetuneClassifyOptions& options) {
  command.add_option("--model", options.model, "model folder to start from: BERT's or GPT's, with or without a head")->required();
  command.add_option("--train", options.train, "tab-separated training examples")->required();
  command.add_option("--valid", options.valid,
                     "validation examples of the same columns; without them the last model is kept, not the best");
  add_table_columns(command, options.columns, options.form);
  add_config_flags(command, options.classification, {.group = "Classification", .aliases = {{"max_length", "--max-seq-length"}}});
  add_finetune_flags(command, options.run);
}

TrainingOutcome train_one(const FinetuneClassifyOptions& options, Problem problem, TrainingRun& run, std::ostream& out) {
  require_validation_for("--best-by", options.classification.best_by, options.valid);
  require_trained_layers(options.run, options.classification.freeze_layers);
  const torch::Device device = begin_training(run, validation_of(options.valid), {{"--train", options.train}, {"--valid", options.valid}});
  require_other_folder(options.model, run.output);
  const LabelledSource source{.file = options.train, .columns = options.columns, .form = options.form};
  NewHead head = new_head(options.run, {.problem = problem, .names = {"LABEL_0"}}, run.training.seed);
  if (problem == Problem::kClasses) head.labels.names = collect_labels(source).names();
  if (problem == Problem::kClasses && head.labels.names.size() < 2)
    throw UserError(options.train.string() + ": every label is '" + head.labels.names.front() + "'; expected two classes or more");
  ClassificationSetup setup;
  setup.encoder = load_encoder(options.model);
  setup.model = load_sequence_classifier(options.model, {.device = device}, head);
  require_vocabulary(setup.model->vocab_size(), setup.encoder->vocab_size());
  require_segments(*setup.model, *setup.encoder, options.columns);
  setup.train = source;
  setup.valid = options.valid;
  setup.batch_size = batch_budget(run.training).sequences;
  setup.seed = run.training.seed;
  setup.process = run.ranks->process();
  setup.options = options.classification;
  setup.settings = finetune_settings(options.run, options.model);
  setup.settings["header"] = std::string(enum_name(options.form.header));
  if (options.form.bad_rows == BadRows::kSkip) setup.settings["bad_rows"] = std::string(enum_name(options.form.bad_rows));
  ClassificationObjective objective(std::move(setup));
  each_epoch(run, objective);
  return train(run, objective, problem == Problem::kClasses ? "attend finetune classify" : "attend finetune regress", out);
}

int run_finetune(const FinetuneClassifyOptions& options, Problem problem, std::ostream& out) {
  return train_seeds(options.run, options.run.seeds, out,
                     [&](TrainingRun& run, std::ostream& usage) { return train_one(options, problem, run, usage); });
}

void add_one(CLI::App& finetune, const char* name, const char* help, const char* examples,
             int (*run)(const FinetuneClassifyOptions&, std::istream&, std::ostream&)) {
  auto options = std::make_shared<FinetuneClassifyOptions>();
  CLI::App* command = finetune.add_subcommand(name, help);
  add_flags(*command, *options);
  command->footer(std::string("Without --eval-every and --save-every the model is evaluated and saved after each epoch.\nExamples:\n") +
                  examples);
  set_run(*command, options, run);
}

}  // namespace

FinetuneRun::FinetuneRun() {
  training.default_epochs = 3;
  training.default_batch = {.sequences = 32};
  training.learning_rate = 5e-5;
  training.default_schedule = ScheduleKind::kLinear;
  training.warmup_steps = 0;
  training.optimizer = OptimizerKind::kAdamW;
  training.beta2 = 0.999;
  training.epsilon = 1e-8;
  training.default_every = std::nullopt;
}

void add_finetune_flags(CLI::App& command, FinetuneRun& run) {
  add_training_run(command, run, BatchesBy::kSequences);
  add_seeds(command, run.seeds);
  command.add_flag("--from-scratch", run.from_scratch, "take sizes and tokenizer from --model, and draw the weights at random");
  add_field_flag(command, "--dropout", run.dropout,
                 "dropout of the whole model, attention included, and in front of its head [as its config.json says]");
}

void require_trained_layers(const FinetuneRun& run, std::int64_t freeze_layers) {
  if (run.from_scratch && freeze_layers > 0)
    throw UserError("--freeze-layers would keep layers that --from-scratch draws at random", "leave one of the two out");
}

NewHead new_head(const FinetuneRun& run, TaskLabels labels, std::uint64_t seed) {
  return {.labels = std::move(labels),
          .seed = seed,
          .dropout = run.dropout,
          .body = run.from_scratch ? NewHead::Body::kFresh : NewHead::Body::kPretrained};
}

Json finetune_settings(const FinetuneRun& run, const std::filesystem::path& model) {
  Json settings{{"device", run.common.device}, {"model", model.string()}};
  if (run.dropout) settings["dropout"] = *run.dropout;
  if (run.from_scratch) settings["from_scratch"] = true;
  return settings;
}

void each_epoch(TrainingRun& run, Objective& objective) {
  const std::int64_t a_step = run.training.accumulate * run.ranks->process().world;
  set_to_epochs(run.training, std::max<std::int64_t>(1, objective.micro_batches_per_epoch() / a_step));
}

void add_finetune_classify(CLI::App& finetune) {
  add_one(finetune, "classify", "A text classifier, for single texts or pairs",
          "  attend finetune classify --model runs/bert --train train.tsv --valid dev.tsv --text 0 --label 1 --output runs/sentiment\n"
          "  attend finetune classify --model runs/bert --train MRPC/train.tsv --valid MRPC/dev.tsv --text '#1 String' --text-pair '#2 "
          "String' \\\n"
          "      --label Quality --seeds 1,2,3 --output runs/mrpc",
          run_finetune_classify);
  add_one(finetune, "regress", "A number for a text or a pair, by squared error",
          "  attend finetune regress --model runs/bert --train train.tsv --valid dev.tsv --text sentence1 --text-pair sentence2 --label "
          "score \\\n"
          "      --output runs/similarity",
          run_finetune_regress);
}

int run_finetune_classify(const FinetuneClassifyOptions& options, std::istream&, std::ostream& out) {
  return run_finetune(options, Problem::kClasses, out);
}

int run_finetune_regress(const FinetuneClassifyOptions& options, std::istream&, std::ostream& out) {
  return run_finetune(options, Problem::kRegression, out);
}

}  // namespace attend
