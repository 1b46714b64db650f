// How our parameters are called and cut up in Hugging Face's files: one table a family, read in both directions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "core/safetensors.h"
#include "models/tensor_io.h"

namespace attend {

/// One of our parameters or buffers, and the tensors whose rows it holds one below the other (a fused projection holds
/// three; most hold one).
struct NameRule {
  std::string ours;
  std::vector<std::string> theirs;
  enum class Presence { kRequired, kOptional } presence = Presence::kRequired;  ///< optional: keeps its value where absent
};

struct NameRules {
  std::vector<NameRule> rules;
  std::set<std::string> redundant;  ///< names that may be there and say nothing new (tied copies, buffers)
  std::string base_prefix;          ///< "model.": a file saved from the bare model lacks it
};

/// {"encoder.layers.{i}.x", ...} for i in [0, count).
std::vector<NameRule> for_each_layer(std::int64_t count, const std::vector<NameRule>& rules);

/// Our tensors under their names.
NamedTensors export_tensors(const torch::nn::Module& module, const NameRules& rules);

/// Fills the module from a file, converting to its dtype and device. Strict: every required tensor there, no unknown one,
/// every shape right, all checked before the first is copied. Throws UserError that names what does not fit.
void import_tensors(torch::nn::Module& module, const NameRules& rules, const SafetensorsReader& file);

}  // namespace attend
