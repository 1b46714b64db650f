// From argv to what CLI11 parses, and from its errors to sentences.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/error.h"

namespace attend {

/// argv without the program's name, `--hidden_size=8` as `--hidden-size=8`; nothing is changed after a lone `--`.
std::vector<std::string> normalise_arguments(int argc, const char* const* argv);

/// The FILE of `--config FILE` or `--config=FILE`, or "".
std::string config_argument(const std::vector<std::string>& arguments);

/// The subcommand chosen on the command line ("pretrain transformer"), or `app` itself.
CLI::App* chosen_command(CLI::App& app);

/// Whether a word beside --help or --version stands where a command is expected, and is none.
bool has_unknown_word(CLI::App& app);

/// What was wrong, with the nearest flag or command where a word is mistyped.
UserError explain_parse_error(CLI::App& app, const CLI::ParseError& error);

}  // namespace attend
