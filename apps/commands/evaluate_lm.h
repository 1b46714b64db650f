// attend evaluate lm: perplexity per token, word and byte of a text.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/common.h"
#include "data/window_plan.h"

namespace attend {

struct EvaluateLmOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  std::optional<std::int64_t> stride;      ///< tokens that each window scores; else all that it reads
  std::optional<std::int64_t> max_length;  ///< tokens that a window reads; else the model's positions
  Documents documents = Documents::kPacked;
};

void add_evaluate_lm(CLI::App& evaluate);
int run_evaluate_lm(const EvaluateLmOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
