// attend data make: writes tasks as tables to prompt with, or as episodes to pretrain on.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "apps/command.h"
#include "apps/common.h"
#include "data/tasks/task_writer.h"

namespace attend {

struct DataMakeOptions {
  CommonOptions common;
  std::string tasks;                  ///< "addition", "cipher,affix", "mixture"
  bool list = false;                  ///< only says which tasks there are
  std::optional<std::int64_t> count;  ///< lines of each rule; with `episodes` the number of those
  std::optional<std::int64_t> rules;  ///< blocks of a table
  bool episodes = false;
  std::optional<std::string> shots;    ///< examples an episode: "8-16", "9"
  std::optional<std::string> lengths;  ///< "500-2000", "50"
  RuleSplit split = RuleSplit::kAll;
  std::optional<double> hold_out;
  TaskSettings settings;
};

/// Throws UserError for a task that is not there and for settings that make no sense, have no effect or are out of range.
int run_data_make(const DataMakeOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
