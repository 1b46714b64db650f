// attend embed: a vector for each line.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>

#include "apps/command.h"
#include "apps/common.h"

namespace attend {

enum class Pooling { kMean, kCls };
template <>
struct EnumNames<Pooling> {
  static constexpr std::array values{std::pair{Pooling::kMean, "mean"}, std::pair{Pooling::kCls, "cls"}};
};

struct EmbedOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
  std::optional<Pooling> pooling;  ///< as the folder's modules.json says; mean where there is none
};

void add_embed(CLI::App& app);

/// One JSON array of numbers a line.
int run_embed(const EmbedOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
