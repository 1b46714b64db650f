// What every `attend pretrain` command is told about its model: the sizes, and the vocabulary.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/commands/training_run.h"
#include "apps/flags.h"
#include "core/json.h"

namespace attend {

constexpr std::int64_t kLearntVocabSize = 8000;  ///< where no --vocab-size is given

struct PretrainModel {
  std::string preset;
  std::vector<std::string> settings;  ///< --set field=value
  std::optional<double> dropout;
  std::filesystem::path tokenizer;         ///< "": learnt from the training text
  std::optional<std::int64_t> vocab_size;  ///< of a learnt tokenizer, at most
};

struct PretrainModelHelp {
  std::vector<std::string> presets;
  std::string sizes;      ///< of --preset
  std::string tokenizer;  ///< what --tokenizer names: "a WordPiece tokenizer"
};

/// --preset, --set, --dropout, --tokenizer, --vocab-size.
void add_pretrain_model(CLI::App& command, PretrainModel& model, const PretrainModelHelp& help);

/// Throws UserError for a --set of a field that the tokenizer decides, and for dropout given twice.
void check_settings(const PretrainModel& model, std::initializer_list<const char*> decided_by_tokenizer);

/// The preset's configuration with --set and --dropout.
template <class Config>
Config configured(Config config, const PretrainModel& model, std::initializer_list<const char*> decided_by_tokenizer) {
  check_settings(model, decided_by_tokenizer);
  apply_settings(config, model.settings);
  if (model.dropout) config.dropout = *model.dropout;
  return config;
}

/// Validates what configured() returned before a vocabulary is learnt, with the ids that one would have. Throws UserError.
template <class Config>
void check_before_learning(Config config) {
  config.vocab_size = kLearntVocabSize;
  config.validate();
}

struct TokenizerSource {
  std::string learning_flag;  ///< the command's own flag that describes a learnt tokenizer
  bool learning_flag_given = false;
  std::function<void(const std::filesystem::path&)> copy, learn;  ///< write the tokenizer's files into a folder that exists
};

/// The folder inside the output that holds the run's tokenizer, complete or absent: made on the first start, from --tokenizer or by
/// learning, and found again on resuming. Throws UserError where flags of both are given.
std::filesystem::path prepare_tokenizer(const TrainingRun& run, const PretrainModel& model, const TokenizerSource& source);

/// What run.toml repeats of it.
void record_settings(const PretrainModel& model, Json& settings);

}  // namespace attend
