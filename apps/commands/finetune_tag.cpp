#include "apps/commands/finetune_tag.h"

#include <algorithm>
#include <memory>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/error.h"
#include "inference/folders.h"

namespace attend {
namespace {

struct FinetuneTagOptions {
  FinetuneRun run;
  std::filesystem::path model, train, valid;
  ConllColumns columns;
  TaggingOptions tagging;
};

TrainingOutcome train_one(const FinetuneTagOptions& options, TrainingRun& run, std::ostream& out) {
  require_validation_for("--best-by", options.tagging.best_by, options.valid);
  require_trained_layers(options.run, options.tagging.freeze_layers);
  const torch::Device device = begin_training(run, validation_of(options.valid), {{"--train", options.train}, {"--valid", options.valid}});
  require_other_folder(options.model, run.output);
  TaggingSetup setup;
  setup.train = {.file = options.train, .columns = options.columns};
  const NewHead head = new_head(options.run, {.names = collect_tags(setup.train).names()}, run.training.seed);
  if (head.labels.names.size() < 2)
    throw UserError(options.train.string() + ": every tag is '" + head.labels.names.front() + "'; expected two tags or more",
                    "check that --tag-column is the right one");
  setup.tokenizer = load_wordpiece(options.model);
  setup.model = load_token_classifier(options.model, {.device = device}, TokenTask::kTags, head);
  require_vocabulary(setup.model->vocab_size(), setup.tokenizer->vocab_size());
  setup.valid = options.valid;
  setup.batch_size = batch_budget(run.training).sequences;
  setup.seed = run.training.seed;
  setup.process = run.ranks->process();
  setup.options = options.tagging;
  setup.settings = finetune_settings(options.run, options.model);
  TaggingObjective objective(std::move(setup));
  each_epoch(run, objective);
  return train(run, objective, "attend finetune tag", out);
}

int run_finetune_tag(const FinetuneTagOptions& options, std::istream&, std::ostream& out) {
  return train_seeds(options.run, options.run.seeds, out,
                     [&](TrainingRun& run, std::ostream& usage) { return train_one(options, run, usage); });
}

}  // namespace

void add_conll_columns(CLI::App& command, ConllColumns& columns) {
  add_field_flag(command, "--token-column", columns.token, "column of the words, from 0; -1 is the last");
  add_field_flag(command, "--tag-column", columns.tag, "column of the tags, from 0; -1 is the last");
  add_field_flag(command, "--comment", columns.comment,
                 "lines that begin with this text are passed over; '' is none [# before a sentence, where the file shows that it opens "
                 "comments]");
}

void add_finetune_tag(CLI::App& finetune) {
  auto options = std::make_shared<FinetuneTagOptions>();
  CLI::App* command = finetune.add_subcommand("tag", "A tag for each word: names, parts of speech, ...");
  command->add_option("--model", options->model, "model folder to start from: BERT's, with or without a head")->required();
  command->add_option("--train", options->train, "training sentences: a word and its tag a line, a blank line between sentences")
      ->required();
  command->add_option("--valid", options->valid,
                      "validation sentences of the same columns; without them the last model is kept, not the best");
  add_conll_columns(*command, options->columns);
  add_config_flags(*command, options->tagging, {.group = "Tagging", .aliases = {{"max_length", "--max-seq-length"}}});
  add_finetune_flags(*command, options->run);
  command->footer(
      "The tag of a word stands on its first piece. Without --eval-every and --save-every the model is evaluated and saved after each "
      "epoch.\n"
      "Examples:\n"
      "  attend finetune tag --model runs/bert --train train.conll --valid dev.conll --output runs/names\n"
      "  attend finetune tag --model runs/bert --train train.conll --valid dev.conll --tag-column 1 --seeds 1,2,3 --output runs/pos");
  set_run(*command, options, run_finetune_tag);
}

}  // namespace attend
