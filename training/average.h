// The mean of several checkpoints' weights.
#pragma once

#include <filesystem>
#include <vector>

namespace attend {

/// Writes to `output` a copy of the first folder with each floating-point tensor of model.safetensors replaced by its
/// mean over all folders, summed in float64 and rounded once; other tensors must be equal everywhere. What belongs to
/// training alone (optimizer and trainer state) is left behind. `output` is complete or absent, or as it was before.
/// Throws UserError where names, shapes or types differ, where a number is not finite, where require_same_model() does
/// (training/same_model.h), or nothing is given; StorageError.
void average_folders(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& output);

/// The folders without those that are one given before, by another name or through a link (checkpoints/last): each weighs once, and a
/// warning names it. A folder that is no checkpoint among some that are, such as checkpoints/average, is warned of too.
std::vector<std::filesystem::path> each_once(const std::vector<std::filesystem::path>& folders);

}  // namespace attend
