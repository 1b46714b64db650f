// attend average: the mean of several checkpoints as a model folder.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/common.h"

namespace attend {

struct AverageOptions {
  CommonOptions common;
  std::vector<std::filesystem::path> checkpoints;
  std::filesystem::path output;
};

void add_average(CLI::App& app);
int run_average(const AverageOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
