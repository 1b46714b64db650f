// attend finetune lm: go on training a GPT, on more text or on a table of inputs and outputs.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/commands/finetune_classify.h"
#include "apps/commands/language_data.h"

namespace attend {

struct FinetuneLmOptions {
  FinetuneLmOptions();  ///< batches of 16 sequences, and GPT's weight decay

  FinetuneRun run;
  LanguageData data;
  std::filesystem::path model;
};

void add_finetune_lm(CLI::App& finetune);
int run_finetune_lm(const FinetuneLmOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
