// attend verify: whether model folders and checkpoints are whole.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/common.h"
#include "core/error.h"
#include "core/json.h"
#include "inference/folder_checks.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

struct VerifyOptions {
  CommonOptions common;
  std::vector<fs::path> folders;
};

/// "step-40", and no staging folder of it that a killed process left.
bool is_step_name(const std::string& name) {
  return name.starts_with("step-") && name.size() > 5 &&
         std::all_of(name.begin() + 5, name.end(), [](unsigned char c) { return std::isdigit(c); });
}

/// The folder where it holds a model, and its checkpoints, oldest first. Throws UserError where it holds neither.
std::vector<fs::path> folders_within(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw UserError(folder.string() + ": there is no such folder", "give a model's folder, a checkpoint, or a run's --output");
  std::vector<fs::path> found, checkpoints;
  if (fs::exists(folder / "config.json") || fs::exists(folder / "manifest.json")) found.push_back(folder);
  if (fs::is_directory(folder / "checkpoints"))
    for (const auto& entry : fs::directory_iterator(folder / "checkpoints"))
      if (entry.is_directory() && !entry.is_symlink() && is_step_name(entry.path().filename().string()))
        checkpoints.push_back(entry.path());
  std::sort(checkpoints.begin(), checkpoints.end(), [](const fs::path& a, const fs::path& b) {  // step-20 before step-100
    const std::string one = a.filename().string(), other = b.filename().string();
    return std::pair(one.size(), one) < std::pair(other.size(), other);
  });
  found.insert(found.end(), checkpoints.begin(), checkpoints.end());
  if (found.empty())
    throw UserError(folder.string() + " holds no config.json and no checkpoints",
                    "give a model's folder, a checkpoint, or a run's --output");
  return found;
}

void print_text(const fs::path& folder, const std::vector<FolderCheck>& checks, std::ostream& out) {
  out << folder.string() << "\n";
  for (const FolderCheck& check : checks) {
    const std::string title = "  " + check.name + std::string(11 - check.name.size(), ' ');
    if (!check.found.empty()) out << title << check.found << "\n";
    for (const std::string& fault : check.faults) out << title << "FAULT: " << fault << "\n";
  }
  out << std::flush;
}

Json to_json(const fs::path& folder, const std::vector<FolderCheck>& checks, std::size_t faults) {
  Json json{{"folder", folder.string()}, {"whole", faults == 0}, {"checks", Json::array()}};
  for (const FolderCheck& check : checks)
    json["checks"].push_back({{"name", check.name}, {"found", check.found}, {"faults", check.faults}});
  return json;
}

/// Prints what was found of each folder, or one JSON object a folder. Exit code 2 where anything is at fault.
int run_verify(const VerifyOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  std::vector<fs::path> folders;
  for (const fs::path& given : options.folders)
    for (fs::path& folder : folders_within(given)) folders.push_back(std::move(folder));
  std::size_t faults = 0, at_fault = 0;
  for (const fs::path& folder : folders) {
    const std::vector<FolderCheck> checks = check_folder(folder);
    std::size_t here = 0;
    for (const FolderCheck& check : checks) here += check.faults.size();
    if (options.common.json)
      out << one_line(to_json(folder, checks, here)) << "\n" << std::flush;
    else
      print_text(folder, checks, out);
    faults += here;
    at_fault += here > 0 ? 1 : 0;
  }
  if (faults > 0)
    throw UserError(std::to_string(faults) + (faults == 1 ? " fault" : " faults") + " in " + std::to_string(at_fault) + " of " +
                    std::to_string(folders.size()) + (folders.size() == 1 ? " folder" : " folders"));
  if (!options.common.json) out << "whole\n";
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_verify(CLI::App& app) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", "Whether model folders and checkpoints are whole");
  add_common(*command, options->common);
  command->add_option("DIR", options->folders, "model folders, checkpoints, or runs with their checkpoints")->required();
  command->footer(
      "Sizes and SHA-256 where the folder has a manifest, NaN and infinities in the weights, every tensor's shape, the tokenizer's ids\n"
      "against the model's. Exit code 2 where anything is at fault.\n\n"
      "Examples:\n  attend verify runs/de-en\n  attend verify runs/de-en/checkpoints/step-2000 --json");
  set_run(*command, options, run_verify);
}

}  // namespace attend
