// README.md of a model folder: what it is, what it was trained on, how well it does, how to use it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/json.h"
#include "training/objective.h"

namespace attend {

struct ModelCard {
  CardFacts facts;
  std::string command;  ///< "attend pretrain transformer"
  Json settings;        ///< of run_settings()
  Json metrics;         ///< of the model written; empty where it was not evaluated
  std::int64_t steps = 0;
  std::int64_t tokens = 0;
  std::int64_t averaged = 0;  ///< so many checkpoints; 0: a single one
};

/// Holds no time and no host, so that equal runs write equal cards. Throws StorageError.
void write_model_card(const std::filesystem::path& folder, const ModelCard& card);

}  // namespace attend
