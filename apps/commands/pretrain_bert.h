// attend pretrain bert: a masked language model with next-sentence prediction from plain text.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands/pretrain_model.h"
#include "apps/flags.h"
#include "training/objectives/masked_language.h"

namespace attend {

struct PretrainBertOptions {
  PretrainBertOptions();  ///< the paper's optimizer, and a rate and warm-up for small models

  TrainingRun run;
  MaskedLanguageOptions masked;
  std::vector<std::filesystem::path> train, valid;
  std::filesystem::path start;  ///< a BERT folder to go on from; "": from weights drawn at random, as `model` says
  PretrainModel model{.preset = "mini"};
  bool cased = false;                          ///< likewise
  std::optional<std::int64_t> limit_alphabet;  ///< likewise
};

/// How the flags of MaskedLanguageOptions are called.
FlagSet masked_language_flags();

int run_pretrain_bert(const PretrainBertOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
