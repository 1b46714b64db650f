// attend finetune translate: go on from a model folder with new sentence pairs.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/commands/translation_data.h"

namespace attend {

struct FinetuneTranslateOptions {
  FinetuneTranslateOptions();  ///< a lower learning rate and a shorter warm-up than training from the start

  TrainingRun run;
  TranslationData data;
  std::filesystem::path model;
  std::vector<std::int64_t> seeds;  ///< several: one run each, in folders of their own
};

void add_finetune_translate(CLI::App& finetune);
int run_finetune_translate(const FinetuneTranslateOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
