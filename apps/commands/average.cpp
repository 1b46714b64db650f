// attend average: the mean of several checkpoints as a model folder.
#include "apps/commands.h"

#include <filesystem>
#include <memory>
#include <ostream>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/command.h"
#include "apps/common.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "training/average.h"

namespace attend {
namespace {

struct AverageOptions {
  CommonOptions common;
  std::vector<std::filesystem::path> checkpoints;
  std::filesystem::path output;
};

int run_average(const AverageOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  for (const auto& folder : options.checkpoints) {
    if (!std::filesystem::is_directory(folder)) throw UserError(folder.string() + ": there is no such folder");
    std::error_code ignored;
    if (std::filesystem::equivalent(folder, options.output, ignored))
      throw UserError("--output " + options.output.string() + " is one of the checkpoints", "choose another folder");
  }
  // A folder is replaced as a whole, so only by what was written as a whole before.
  std::error_code absent;
  const bool has_files = std::filesystem::exists(options.output) && !std::filesystem::is_empty(options.output, absent);
  if (has_files && !std::filesystem::exists(options.output / "manifest.json"))
    throw UserError("--output " + options.output.string() + " is not empty, and not a folder that average wrote", "choose another folder");
  const std::vector<std::filesystem::path> checkpoints = each_once(options.checkpoints);
  if (checkpoints.size() == 1) log_warning("the mean of one checkpoint is that checkpoint");
  average_folders(checkpoints, options.output);
  if (options.common.json)
    out << one_line(Json{{"model", options.output.string()}, {"averaged", checkpoints.size()}}) << "\n";
  else
    out << "wrote the mean of " << checkpoints.size() << " checkpoints to " << options.output.string() << "\n";
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_average(CLI::App& app) {
  auto options = std::make_shared<AverageOptions>();
  CLI::App* command = app.add_subcommand("average", "Write the mean of several checkpoints of one run");
  command->add_option("CHECKPOINT", options->checkpoints, "model folders, such as runs/de-en/checkpoints/step-*")->required();
  command->add_option("--output,--output-dir", options->output, "folder to write")->required();
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend average --output runs/de-en-mean runs/de-en/checkpoints/step-*\n"
      "  attend translate --model runs/de-en-mean < text");
  set_run(*command, options, run_average);
}

}  // namespace attend
