// attend finetune answer: answers that stand in a text, from SQuAD's JSON.
#include "apps/commands.h"

#include <filesystem>
#include <memory>

#include "apps/command.h"
#include "apps/commands/finetune_classify.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "inference/folders.h"
#include "training/objectives/answering.h"

namespace attend {
namespace {

struct FinetuneAnswerOptions {
  FinetuneRun run;
  std::filesystem::path model, train, valid;
  AnsweringOptions answering;
  AskedSpans spans;  ///< take the place of the two of `answering`
};

TrainingOutcome train_one(const FinetuneAnswerOptions& options, TrainingRun& run, std::ostream& out) {
  require_validation_for("--best-by", options.answering.best_by, options.valid);
  const torch::Device device = begin_training(run, validation_of(options.valid), {{"--train", options.train}, {"--valid", options.valid}});
  require_other_folder(options.model, run.output);
  AnsweringSetup setup;
  setup.tokenizer = load_wordpiece(options.model);
  setup.model = load_token_classifier(options.model, {.device = device}, TokenTask::kAnswers,
                                      new_head(options.run, answer_labels(), run.training.seed));
  require_vocabulary(setup.model->vocab_size(), setup.tokenizer->vocab_size());
  setup.train = options.train;
  setup.valid = options.valid;
  setup.batch_size = batch_budget(run.training).sequences;
  setup.seed = run.training.seed;
  setup.process = run.ranks->process();
  setup.options = options.answering;
  fit_spans(setup.options.spans, options.spans, setup.model->max_positions());
  setup.settings = finetune_settings(options.run, options.model);
  AnsweringObjective objective(std::move(setup));
  each_epoch(run, objective);
  return train(run, objective, "attend finetune answer", out);
}

int run_finetune_answer(const FinetuneAnswerOptions& options, std::istream&, std::ostream& out) {
  return train_seeds(options.run, options.run.seeds, out,
                     [&](TrainingRun& run, std::ostream& usage) { return train_one(options, run, usage); });
}

}  // namespace

void add_finetune_answer(CLI::App& finetune) {
  auto options = std::make_shared<FinetuneAnswerOptions>();
  CLI::App* command = finetune.add_subcommand("answer", "Answers to questions, as they stand in a text");
  command->add_option("--model", options->model, "model folder to start from: BERT's, with or without a head")->required();
  command->add_option("--train", options->train, "training questions: SQuAD's JSON, version 1.1 or 2.0")->required();
  command->add_option("--valid", options->valid, "validation questions; without them the last model is kept, not the best");
  add_field_flag(*command, "--max-length,--max-seq-length", options->spans.max_length,
                 "most tokens of a question and a part of its context, special ones counted [384, or the model's positions]");
  add_field_flag(*command, "--stride,--doc-stride", options->spans.stride,
                 "tokens that two neighbouring parts of a context have in common [128, or a third of a part]");
  add_config_flags(*command, options->answering,
                   {.group = "Answering", .aliases = {{"n_best", "--n-best-size"}}, .without = {"max_length", "stride"}});
  add_finetune_flags(*command, options->run);
  command->footer(
      "A context that is too long is read in parts. Without --eval-every and --save-every the model is evaluated and saved after each "
      "epoch.\n"
      "Examples:\n"
      "  attend finetune answer --model runs/bert --train train-v1.1.json --valid dev-v1.1.json --epochs 2 --learning-rate 3e-5 --output "
      "runs/squad\n"
      "  attend finetune answer --model runs/bert --train train-v2.0.json --valid dev-v2.0.json --best-by exact --output runs/squad2");
  set_run(*command, options, run_finetune_answer);
}

}  // namespace attend
