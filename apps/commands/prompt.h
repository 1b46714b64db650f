// attend prompt: a language model shown examples of a task answers queries as they do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>

#include "apps/command.h"
#include "apps/common.h"
#include "inference/text_generator.h"

namespace attend {

struct PromptOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path examples;
  std::filesystem::path text = "-";
  std::int64_t shots = 8;
  std::string instruction;
  std::filesystem::path form;  ///< the template; empty: PromptTemplate::kDefault
  GenerateOptions generate;
};

void add_prompt(CLI::App& app);

/// The answer to each query of `text` (or `in`), a line each, an empty one for an empty one. On a terminal a session (PromptSession).
/// Throws UserError for files that are malformed, more shots than examples, and a prompt that does not fit the model's positions.
int run_prompt(const PromptOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
