// What `pretrain` and `finetune` have in common: the flags of a run, and how it starts and ends.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/common.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "training/objective.h"
#include "training/ranks.h"
#include "training/training_options.h"

namespace attend {

struct TrainingRun {
  CommonOptions common;
  TrainingOptions training;
  std::filesystem::path output;
  bool resume = false;
  int nproc = 1;                           ///< processes to start on this machine, where no launcher has
  std::int64_t peer_timeout = 120;         ///< seconds
  std::shared_ptr<Ranks> ranks = alone();  ///< of this run, from begin_training() on
  int local_world = 1;                     ///< processes of it on this machine, likewise
  std::shared_ptr<FolderLock> lock = {};   ///< of the output folder, held from begin_training() on
};

enum class BatchesBy { kEither, kSequences };  ///< tokens or sequences as asked, or sequences alone

/// --output, --resume, the flags of TrainingOptions with their aliases, and the common ones.
void add_training_run(CLI::App& command, TrainingRun& run, BatchesBy batches_by = BatchesBy::kEither);

/// `valid`: the flag's file, or "".
Validation validation_of(const std::filesystem::path& valid);
/// Throws UserError where a flag whose value is not "" chooses by validation data that are not there.
void require_validation_for(const std::string& flag, const std::string& value, const std::filesystem::path& valid);

/// A file that a flag names; none where the path is empty.
struct InputFile {
  const char* flag;
  std::filesystem::path path;
};

/// Applies the common options, checks all others and that the files are there, catches signals, opens and locks the output folder.
/// Starts or joins the other processes, where there are any: all but the first wait here until that one has made vocabulary and data.
/// Returns where the model lives. Throws UserError.
torch::Device begin_training(TrainingRun& run, Validation validation, const std::vector<InputFile>& files);

/// Throws UserError where a model would be written over the one it starts from.
void require_other_folder(const std::filesystem::path& model, const std::filesystem::path& output);

/// How a run ended, and what its best (or averaged) model reached.
struct TrainingOutcome {
  ExitCode code = ExitCode::kDone;
  Json metrics = Json::object();
};

/// Trains, and at the end says on `out` how to use the model. `command` is "attend pretrain transformer".
TrainingOutcome train(const TrainingRun& run, Objective& objective, const std::string& command, std::ostream& out);

/// --seeds, for commands that train with train_seeds().
void add_seeds(CLI::App& command, std::vector<std::int64_t>& seeds);

/// One run with `seeds` empty; else one for each seed in output/seed-N, and at the end the mean and the standard deviation (of a
/// sample, over n - 1) of each metric. `train_one` is given the run of one seed.
int train_seeds(const TrainingRun& run, const std::vector<std::int64_t>& seeds, std::ostream& out,
                const std::function<TrainingOutcome(TrainingRun& run, std::ostream& out)>& train_one);

}  // namespace attend
