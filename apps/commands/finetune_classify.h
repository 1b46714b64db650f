// attend finetune classify|regress: a head on a pretrained model, from a table of texts (or pairs) and labels.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands/text_folder.h"
#include "apps/commands/training_run.h"
#include "training/objectives/classification.h"

namespace attend {

/// The defaults of fine-tuning: 3 epochs, batches of 32, AdamW at 5e-5 falling to 0, an evaluation and a checkpoint an epoch.
struct FinetuneRun : TrainingRun {
  FinetuneRun();
  std::vector<std::int64_t> seeds;  ///< several: one run each, in folders of their own
  bool from_scratch = false;        ///< the folder gives sizes and tokenizer only
};

/// The flags of add_training_run, --seeds and --from-scratch.
void add_finetune_flags(CLI::App& command, FinetuneRun& run);

/// Evaluations and checkpoints after each epoch where no number of steps is given.
void each_epoch(TrainingOptions& training, Objective& objective);

struct FinetuneClassifyOptions {
  FinetuneRun run;
  std::filesystem::path model, train, valid;
  TextColumns columns;
  Header header = Header::kAuto;
  std::optional<double> dropout;
  ClassificationOptions classification;
};

void add_finetune_classify(CLI::App& finetune);
int run_finetune_classify(const FinetuneClassifyOptions& options, std::istream& in, std::ostream& out);
int run_finetune_regress(const FinetuneClassifyOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
