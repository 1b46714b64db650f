// attend pretrain gpt: a model that goes on with text, from plain text or from a table of inputs and outputs.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands/language_data.h"
#include "apps/commands/pretrain_model.h"
#include "tokenizers/byte_bpe_trainer.h"

namespace attend {

struct PretrainGptOptions {
  PretrainGptOptions();  ///< GPT-3's optimizer, and a rate and warm-up for small models

  TrainingRun run;
  std::optional<double> min_learning_rate;  ///< a tenth of the learning rate where the schedule ends or has a floor
  LanguageData data;
  PretrainModel model{.preset = "tiny"};
  std::optional<BytePieces> tokenizer_model;  ///< likewise
};

int run_pretrain_gpt(const PretrainGptOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
