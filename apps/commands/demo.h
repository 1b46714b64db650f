// attend demo: a Transformer learns to translate English to German, in a few minutes, from nothing but this program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>

#include <CLI/CLI.hpp>

#include "apps/common.h"

namespace attend {

struct DemoOptions {
  CommonOptions common;
  double minutes = 2;
  std::int64_t pairs = 60'000;
  std::filesystem::path output;  ///< "": a new folder among the temporary files
  std::filesystem::path write;   ///< not "": only the sentences, into this folder
};

void add_demo(CLI::App& app);

/// Draws sentence pairs, trains as `attend pretrain transformer` does, translates and scores sentences that were not among
/// them, and prints the commands that do the same with one's own text. Throws UserError, StorageError.
int run_demo(const DemoOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
