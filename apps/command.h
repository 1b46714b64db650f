// How a subcommand is written. apps/commands.h declares
//
//   void add_translate(CLI::App& app);                                                    // adds the subcommand to its parent
//
// and apps/commands/<name>.cpp says
//
//   struct TranslateOptions { CommonOptions common; std::filesystem::path model; ... };   // everything the flags set
//
//   int run_translate(const TranslateOptions&, std::istream& in, std::ostream& out) {     // the exit code
//     ...
//   }
//
//   void add_translate(CLI::App& app) {
//     auto options = std::make_shared<TranslateOptions>();
//     CLI::App* command = app.add_subcommand("translate", "Translate a line a line");
//     add_common(*command, options->common);                                              // apps/common.h
//     command->add_option("--model", options->model, "model folder")->required();
//     command->footer("Examples:\n  attend translate --model runs/de-en < source.txt > target.txt");
//     set_run(*command, options, run_translate);
//   }
//
// The options and run_x are the file's own; where a test or another command calls them, they stand in apps/commands/<name>.h.
// A subcommand with subcommands of its own (`metric bleu`) calls `require_subcommand(1)` and set_run on the inner ones.
// run_x calls apply_common (apps/common.h) first, throws UserError and StorageError, and returns ExitCode as an int.
// Flags have hyphens; main turns `--hidden_size` into `--hidden-size`. `--config FILE.toml` is read before run_x is called.
#pragma once

#include <functional>
#include <iosfwd>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "core/error.h"

namespace attend {

/// What the chosen command returned; main exits with it.
inline int& command_exit_code() {
  static int code = static_cast<int>(ExitCode::kDone);
  return code;
}

/// Calls `run` with standard input and output once the flags are parsed, and keeps its exit code for main.
template <class Options>
void set_run(CLI::App& command, std::shared_ptr<Options> options, int (*run)(const Options&, std::istream&, std::ostream&)) {
  command.callback([options, run] { command_exit_code() = run(*options, std::cin, std::cout); });
}

}  // namespace attend
