// What `pretrain` and `finetune` have in common: the flags of a run, and how it starts and ends.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "apps/common.h"
#include "core/atomic_file.h"
#include "training/objective.h"
#include "training/objectives/translation.h"
#include "training/training_options.h"

namespace attend {

struct TrainingRun {
  CommonOptions common;
  TrainingOptions training;
  TranslationOptions translation;
  TranslationFiles files;
  std::filesystem::path output;
  bool resume = false;
  std::shared_ptr<FolderLock> lock = {};  ///< of the output folder, held from begin_training() on
};

/// --output, --resume, the flags of TrainingOptions with their aliases, and the common ones.
void add_training_run(CLI::App& command, TrainingRun& run);
/// --train-source and so on, and the flags of TranslationOptions.
void add_translation_data(CLI::App& command, TrainingRun& run);

/// Applies the common options, checks all others, catches signals, opens and locks the output folder. Returns where the model lives. Throws UserError.
torch::Device begin_training(TrainingRun& run);

/// The part of a TranslationSetup that the flags of a run decide; model, tokenizer and generation are the caller's.
TranslationSetup translation_setup(const TrainingRun& run);

/// Trains, and at the end says on `out` how to use the model. `command` is "attend pretrain transformer".
int train(const TrainingRun& run, Objective& objective, const std::string& command, std::ostream& out);

}  // namespace attend
