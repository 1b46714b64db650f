// attend pretrain transformer: a model of one's own from text.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/commands/training_run.h"

namespace attend {

struct PretrainTransformerOptions {
  TrainingRun run;
  std::string preset = "small";
  std::vector<std::string> settings;         ///< --set field=value
  std::optional<double> dropout;
  std::filesystem::path tokenizer;           ///< "": learnt from the training text
  std::optional<std::int64_t> vocab_size;    ///< of a learnt tokenizer
  std::string tokenizer_model;               ///< unigram, bpe, char, word; "": unigram
};

void add_pretrain(CLI::App& app);
int run_pretrain_transformer(const PretrainTransformerOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
