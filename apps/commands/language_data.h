// What `pretrain gpt` and `finetune lm` have in common: the text or table to learn from, and how it is read.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/commands/training_run.h"
#include "training/objectives/language_modelling.h"

namespace attend {

struct LanguageData {
  std::vector<std::filesystem::path> train, valid;
  std::optional<double> valid_fraction;  ///< the last part of the training text, instead of `valid`
  std::string input, output;             ///< columns; "": the files are text
  Header header = Header::kAuto;
  BadRows bad_rows = BadRows::kRefuse;
  std::filesystem::path prompt_template;  ///< "": PromptTemplate's default
  LanguageOptions language;
};

/// --train, --valid, --valid-fraction, the columns of tables, and the flags of LanguageOptions.
void add_language_data(CLI::App& command, LanguageData& data);

/// The columns of the tables, or nothing where the files are text. Throws UserError for a template that is none.
std::optional<TaskColumns> task_columns(const LanguageData& data);

/// begin_training() with the data's files; checks which flags go together. Returns where the model lives.
torch::Device begin_language_training(TrainingRun& run, const LanguageData& data);

/// The setup but for the model and the tokenizer. Throws UserError.
LanguageSetup language_setup(const TrainingRun& run, const LanguageData& data);

}  // namespace attend
