// attend inspect: what a model folder holds.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/command.h"
#include "apps/common.h"

namespace attend {

struct InspectOptions {
  CommonOptions common;
  std::filesystem::path folder;
};

void add_inspect(CLI::App& app);

/// Prints family, sizes, parameters, tokenizer and training history, as text or as one JSON object. Reads config.json and
/// the headers of the weights only. Throws UserError where the folder is not a model's.
int run_inspect(const InspectOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
