// attend demo: what the three families learn in a few minutes, from nothing but this program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "apps/common.h"

namespace attend {

enum class DemoTopic { kTranslate, kBert, kPrompt };
template <>
struct EnumNames<DemoTopic> {
  static constexpr std::array values{std::pair{DemoTopic::kTranslate, "translate"}, std::pair{DemoTopic::kBert, "bert"},
                                     std::pair{DemoTopic::kPrompt, "prompt"}};
};

struct DemoOptions {
  CommonOptions common;
  std::optional<std::int64_t> steps;  ///< of each part's pretraining; nothing: as many as the part needs
  std::int64_t pairs = 60'000;
  std::optional<DemoTopic> only;
  std::filesystem::path output;  ///< "": a new folder among the temporary files
  std::filesystem::path write;   ///< not "": only the sentences, into this folder
};

/// Trains as the `pretrain` and `finetune` commands do, shows and measures what was learnt on sentences that were not among those trained
/// on, and prints the commands that do the same with one's own text. Throws UserError, StorageError.
int run_demo(const DemoOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
