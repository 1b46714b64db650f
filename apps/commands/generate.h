// attend generate: what a language model writes after a prompt, or between two texts.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include "apps/command.h"
#include "apps/common.h"
#include "inference/text_generator.h"

namespace attend {

struct GenerateCommandOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";  ///< prompts, a line each, where `prompt` is not given
  std::optional<std::string> prompt;
  bool echo = false;               ///< the prompt again in front of its continuation
  bool fill = false;               ///< complete at the <fill> mark
  bool escapes = false;            ///< \n, \t and \\ in a prompt are a line break, a TAB and a backslash
  bool json_input = false;         ///< a line is {"prompt": TEXT}
  bool log_probabilities = false;  ///< of each token, in JSON
  GenerateOptions generate;
};

void add_generate(CLI::App& app);

/// The continuation of `prompt`, as it comes; or of each line of `text` (or `in`), a line each, an empty one for an empty one (with --json
/// an object that says so).
/// Throws UserError where the folder is not a language model with its tokenizer, flags contradict one another, or a prompt cannot be
/// continued.
int run_generate(const GenerateCommandOptions& options, std::istream& in, std::ostream& out);

/// Warns of flags that temperature 0 leaves without effect.
void warn_of_no_effect(const GenerateOptions& options);

/// The flags of GenerateOptions, --stop with them.
void add_generate_flags(CLI::App& command, GenerateOptions& options, const std::vector<std::string>& without = {});

}  // namespace attend
