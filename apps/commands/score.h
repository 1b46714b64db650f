// attend score: how probable a language model finds each line.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/command.h"
#include "apps/common.h"

namespace attend {

struct ScoreOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
  bool log_probabilities = false;  ///< of each token, in JSON
};

void add_score(CLI::App& app);

/// log-probability<TAB>tokens<TAB>perplexity for each line of `text` (or `in`).
int run_score(const ScoreOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
