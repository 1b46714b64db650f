// attend pretrain transformer: a translation model of one's own from sentence pairs.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/commands/pretrain_model.h"
#include "apps/commands/translation_data.h"

namespace attend {

struct PretrainTransformerOptions {
  TrainingRun run;
  TranslationData data;
  PretrainModel model{.preset = "small"};
  std::string tokenizer_model;              ///< unigram, bpe, char, word; "": unigram
  std::vector<std::string> language_codes;  ///< of a learnt tokenizer; none: found in the text
};

int run_pretrain_transformer(const PretrainTransformerOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
