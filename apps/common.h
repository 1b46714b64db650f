// The flags every command has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <c10/core/Device.h>
#include <CLI/CLI.hpp>

#include "core/fields.h"
#include "core/precision.h"
#include "models/model.h"

namespace attend {

struct CommonOptions {
  std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
  std::int64_t threads = 0;     ///< 0: as many as there are cores
  Precision precision = Precision::kFloat32;
  std::uint64_t seed = 1;
  std::filesystem::path config;  ///< already read by main when a command runs
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

inline constexpr const char* kTrainingPrecisions = "float32|bfloat16";
inline constexpr const char* kAnsweringPrecisions = "float32|bfloat16|int8|auto";

/// Adds the common flags to a command, in a group of their own below the command's. `precisions` are those that it computes in.
void add_common(CLI::App& command, CommonOptions& options, const std::string& precisions = "float32");

/// Sets the log level, LibTorch's threads and its seed; says where the model lives.
/// Throws UserError where the device is misspelt or absent.
c10::Device apply_common(const CommonOptions& options);

/// The same for a command whose model answers: where and in what it computes. `auto` is bfloat16 where the CPU has instructions for it,
/// else float32; where another precision is asked for that this CPU has none for, that is said. Throws UserError for one that the device
/// cannot.
LoadOptions apply_common_answering(const CommonOptions& options);

/// The same for a command that computes in float32 only. Throws UserError where another precision is asked for.
c10::Device apply_common_float32(const CommonOptions& options);

/// "auto", "cpu", "cuda" or "cuda:N" as a device that exists. Throws UserError.
c10::Device parse_device(const std::string& name);

}  // namespace attend
