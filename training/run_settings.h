// Every setting of a run as one table: run.toml, and what a resumed run is compared with.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"
#include "training/objective.h"
#include "training/training_options.h"

namespace attend {

/// TrainingOptions and the objective's settings under the names of their flags; settings that are not given are left out.
Json run_settings(const TrainingOptions& options, const Objective& objective);

/// run.toml: the settings and the output folder, with the command that takes it in its first line. Throws StorageError.
struct RunFile {
  std::filesystem::path output;
  std::string command;  ///< "attend pretrain transformer"
};
void write_run_file(const RunFile& file, const Json& settings);

/// Before a run goes on with other settings than it was started with. Throws UserError for those that give the data
/// position another meaning; warns about those that change the bits of what follows; lengths and intervals pass, and names of validation
/// files, whose content is compared apart.
void check_resumed_settings(const Json& before, const Json& now);

}  // namespace attend
