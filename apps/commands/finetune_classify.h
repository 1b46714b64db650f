// attend finetune classify|regress: a head on a pretrained model, from a table of texts (or pairs) and labels.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands/text_flags.h"
#include "apps/commands/training_run.h"
#include "training/objectives/classification.h"

namespace attend {

/// The defaults of fine-tuning: 3 epochs, batches of 32, AdamW at 5e-5 falling to 0, an evaluation and a checkpoint an epoch.
struct FinetuneRun : TrainingRun {
  FinetuneRun();
  std::vector<std::int64_t> seeds;  ///< several: one run each, in folders of their own
  bool from_scratch = false;        ///< the folder gives sizes and tokenizer only
  std::optional<double> dropout;    ///< of the model and in front of its head; else config.json's
};

/// The flags of add_training_run, --seeds, --from-scratch and --dropout.
void add_finetune_flags(CLI::App& command, FinetuneRun& run);

/// Throws UserError for layers that are kept and drawn at random.
void require_trained_layers(const FinetuneRun& run, std::int64_t freeze_layers);
/// The head to load a model with, for the run of one seed.
NewHead new_head(const FinetuneRun& run, TaskLabels labels, std::uint64_t seed);
/// The settings of a run beside its training's: what a resumed run must have in common with its checkpoint.
Json finetune_settings(const FinetuneRun& run, const std::filesystem::path& model);

/// Evaluations and checkpoints after each epoch where no number of steps is given.
void each_epoch(TrainingRun& run, Objective& objective);

struct FinetuneClassifyOptions {
  FinetuneRun run;
  std::filesystem::path model, train, valid;
  TextColumns columns;
  TableForm form;
  ClassificationOptions classification;
};

int run_finetune_classify(const FinetuneClassifyOptions& options, std::istream& in, std::ostream& out);
int run_finetune_regress(const FinetuneClassifyOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
