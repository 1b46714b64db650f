// What objectives share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "models/interfaces.h"
#include "training/objective.h"

namespace attend {

/// Sets the parameters and buffers of `to` to those of `from`, by name. Throws UserError, with `folder`, where one is missing or has
/// another shape.
void copy_parameters(const torch::nn::Module& from, torch::nn::Module& to, const std::filesystem::path& folder);

/// A hash of the content of all files, in their order; empty paths are none, and of none it is "".
std::string hash_files(const std::vector<std::filesystem::path>& files);

/// "bert, 4393986 parameters".
std::string model_summary(const torch::nn::Module& model, const Json& hf_config);

/// The metric called `name`, or the first known one where it is "". Losses and errors are better lower. Throws UserError that lists
/// `known`.
BestMetric choose_best_metric(const std::string& name, const std::vector<std::string>& known);

}  // namespace attend
