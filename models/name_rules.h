// How our parameters are called and cut up in Hugging Face's files: one table a family, read in both directions.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
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
  enum class Presence {
    kRequired,
    kOptional,  ///< keeps its value where absent
    kHead,      ///< likewise, and is named in the report
  } presence = Presence::kRequired;
  enum class Layout { kSame, kTransposed } layout = Layout::kSame;  ///< transposed: theirs is [inputs, outputs]
};

struct NameRules {
  std::vector<NameRule> rules;
  /// Tied tensors that files may hold besides: each name with the rule's name that it is a copy of. The copy must equal it to the bit, and
  /// stands for it where the file lacks it.
  std::map<std::string, std::string> copies = {};
  std::set<std::string> buffers = {};         ///< names that may be there and are computed here
  std::string base_prefix = {};               ///< "model.": a file saved from the bare model lacks it
  std::vector<std::string> other_heads = {};  ///< prefixes of tensors of other tasks, left out, copies among them
  std::vector<std::pair<std::string, std::string>> legacy_endings = {};  ///< {".gamma", ".weight"}: how old files spell it
};

/// What an import did not use and did not find, for messages.
struct ImportReport {
  std::vector<std::string> left_out;  ///< tensors of other heads
  std::vector<std::string> fresh;     ///< tensors of this head that the file lacks
};

/// Appends the rules of `ours`.weight and `ours`.bias.
void add_weight_and_bias(std::vector<NameRule>& rules, const std::string& ours, const std::vector<std::string>& theirs,
                         NameRule::Presence presence = NameRule::Presence::kRequired);
/// The same for GPT-2's "Conv1D", a linear layer whose weight lies transposed in the file.
void add_transposed_weight_and_bias(std::vector<NameRule>& rules, const std::string& ours, const std::string& theirs);

/// {"encoder.layers.{i}.x", ...} for i in [0, count).
std::vector<NameRule> for_each_layer(std::int64_t count, const std::vector<NameRule>& rules);

/// Our tensors under their names.
NamedTensors export_tensors(const torch::nn::Module& module, const NameRules& rules);

/// Fills the module from a file, converting to its dtype and device. Strict: every required tensor there, no unknown one,
/// every shape right, all checked before the first is copied. Throws UserError that names what does not fit.
ImportReport import_tensors(torch::nn::Module& module, const NameRules& rules, const SafetensorsReader& file);

/// Throws UserError where config.json describes a model of more parameters than the file has numbers: found out before a model of that
/// size is allocated.
void require_parameters(const SafetensorsReader& file, std::int64_t num_parameters, const std::string& config_name);

/// "a, b, c and 2 more".
std::string list_names(const std::vector<std::string>& names);

}  // namespace attend
