// What `pretrain transformer` and `finetune translate` have in common: sentence pairs.
#pragma once

#include "apps/commands/training_run.h"
#include "training/objectives/translation.h"

namespace attend {

struct TranslationData {
  TranslationFiles files;
  TranslationOptions options;
};

/// --train-source and so on, and the flags of TranslationOptions.
void add_translation_data(CLI::App& command, TranslationData& data);

/// begin_training(), and the checks of these flags. Throws UserError.
torch::Device begin_translation_training(TrainingRun& run, const TranslationData& data);

/// The part of a TranslationSetup that the flags decide; model, tokenizer and generation are the caller's.
TranslationSetup translation_setup(const TrainingRun& run, const TranslationData& data);

}  // namespace attend
