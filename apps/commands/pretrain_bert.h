// attend pretrain bert: a masked language model with next-sentence prediction from plain text.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/commands/training_run.h"
#include "training/objectives/masked_language.h"

namespace attend {

struct PretrainBertOptions {
  PretrainBertOptions();  ///< the paper's optimizer, and a rate and warm-up for small models

  TrainingRun run;
  MaskedLanguageOptions masked;
  std::vector<std::filesystem::path> train, valid;
  std::string preset = "mini";
  std::vector<std::string> settings;  ///< --set field=value
  std::optional<double> dropout;
  std::filesystem::path tokenizer;         ///< "": learnt from the training text
  std::optional<std::int64_t> vocab_size;  ///< of a learnt tokenizer
  bool cased = false;                      ///< likewise
};

void add_pretrain_bert(CLI::App& pretrain);
int run_pretrain_bert(const PretrainBertOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
