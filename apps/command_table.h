#pragma once

#include <CLI/CLI.hpp>

namespace attend {

/// Adds every subcommand to the root, in the order `attend --help` lists them.
void add_commands(CLI::App& app);

}  // namespace attend
