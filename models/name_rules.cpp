#include "models/name_rules.h"

#include <algorithm>
#include <cstring>

#include <torch/torch.h>

#include "core/error.h"
#include "core/mapped_file.h"

namespace attend {
namespace {

std::string replace_index(std::string text, std::int64_t index) {
  if (const auto place = text.find("{i}"); place != std::string::npos) text.replace(place, 3, std::to_string(index));
  return text;
}

std::map<std::string, torch::Tensor> tensors_of(const torch::nn::Module& module) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : module.named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) tensors[item.key()] = item.value();
  return tensors;
}

torch::Tensor tensor_of(const std::map<std::string, torch::Tensor>& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  TORCH_CHECK(found != tensors.end(), "a name rule speaks of ", name, ", which the module does not have");
  return found->second;
}

std::string shape_text(c10::IntArrayRef shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// The parts of a parameter that are tensors of their own in the file, as they lie there.
std::vector<torch::Tensor> pieces_of(const torch::Tensor& tensor, const NameRule& rule) {
  auto pieces = tensor.chunk(static_cast<std::int64_t>(rule.theirs.size()));
  if (rule.layout == NameRule::Layout::kTransposed)
    for (auto& piece : pieces) piece = piece.t();
  return pieces;
}

// A part of a parameter, and the file's tensor that goes there.
struct Assignment {
  torch::Tensor into;
  const TensorView* from;
  std::string name;
};

bool starts_with_any(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) { return name.starts_with(prefix); });
}

std::string without_legacy(const NameRules& rules, const std::string& name) {
  for (const auto& [old_ending, ending] : rules.legacy_endings)
    if (name.ends_with(old_ending)) return name.substr(0, name.size() - old_ending.size()) + ending;
  return name;
}

using TensorsByName = std::map<std::string, const TensorView*>;

// The tensors of a file under the names the rules use: the base prefix added where the whole file lacks it (what stands outside of the
// base, a head, has none in any file), old endings replaced.
TensorsByName by_rule_names(const NameRules& rules, const SafetensorsReader& file) {
  const bool has_prefix = rules.base_prefix.empty() || std::any_of(file.tensors().begin(), file.tensors().end(), [&](const auto& item) {
                            return item.first.starts_with(rules.base_prefix);
                          });
  std::set<std::string> outside;
  const auto keep_if_outside = [&](const std::string& name) {
    if (!name.starts_with(rules.base_prefix)) outside.insert(name);
  };
  for (const NameRule& rule : rules.rules)
    for (const std::string& name : rule.theirs) keep_if_outside(name);
  for (const auto& [copy, original] : rules.copies) keep_if_outside(copy);
  TensorsByName tensors;
  for (const auto& [name, view] : file.tensors()) {
    const bool is_whole = has_prefix || outside.contains(name) || starts_with_any(name, rules.other_heads);
    const std::string rule_name = without_legacy(rules, is_whole ? name : rules.base_prefix + name);
    if (!tensors.emplace(rule_name, &view).second)
      throw UserError(file.name() + ": " + rule_name + " is there twice, under an old and a new name");
  }
  return tensors;
}

bool are_equal(const TensorView& left, const TensorView& right, const std::string& name) {
  if (left.shape != right.shape) return false;
  if (left.dtype == right.dtype) return std::memcmp(left.bytes.data(), right.bytes.data(), left.bytes.size()) == 0;
  return torch::equal(tensor_over(left, name).to(torch::kFloat64), tensor_over(right, name).to(torch::kFloat64));
}

// Takes copies out, and puts them in the places of originals that are not there. Throws UserError where both are there and differ. A copy
// of another head stays, and is not looked at.
void settle_copies(const NameRules& rules, TensorsByName& tensors, const SafetensorsReader& file) {
  for (const auto& [copy, original] : rules.copies) {
    const auto found = tensors.find(copy);
    if (found == tensors.end()) continue;
    const auto [place, is_missing] = tensors.emplace(original, found->second);
    if (!is_missing) {
      if (starts_with_any(copy, rules.other_heads)) continue;
      if (!are_equal(*found->second, *place->second, file.name() + ": " + copy))
        throw UserError(file.name() + ": " + copy + " differs from " + original + "; expected a copy, since here the two are one tensor",
                        "the model was trained with both, which cannot be followed; remove " + copy + " from the file if it is a leftover");
      release_pages(found->second->bytes);
    }
    tensors.erase(found);
  }
}

void check_shape(const Assignment& assignment, const SafetensorsReader& file) {
  if (assignment.into.sizes() == c10::IntArrayRef(assignment.from->shape)) return;
  throw UserError(file.name() + ": " + assignment.name + " has shape " + shape_text(assignment.from->shape) + "; config.json asks for " +
                      shape_text(assignment.into.sizes()),
                  "the two files do not belong together, or one was edited");
}

}  // namespace

std::string list_names(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

void add_weight_and_bias(std::vector<NameRule>& rules, const std::string& ours, const std::vector<std::string>& theirs,
                         NameRule::Presence presence) {
  for (const char* suffix : {".weight", ".bias"}) {
    NameRule rule{.ours = ours + suffix, .theirs = {}, .presence = presence};
    for (const std::string& name : theirs) rule.theirs.push_back(name + suffix);
    rules.push_back(std::move(rule));
  }
}

void add_transposed_weight_and_bias(std::vector<NameRule>& rules, const std::string& ours, const std::string& theirs) {
  rules.push_back({.ours = ours + ".weight", .theirs = {theirs + ".weight"}, .layout = NameRule::Layout::kTransposed});
  rules.push_back({.ours = ours + ".bias", .theirs = {theirs + ".bias"}});
}

std::vector<NameRule> for_each_layer(std::int64_t count, const std::vector<NameRule>& rules) {
  std::vector<NameRule> expanded;
  for (std::int64_t i = 0; i < count; ++i) {
    for (NameRule rule : rules) {
      rule.ours = replace_index(rule.ours, i);
      for (auto& name : rule.theirs) name = replace_index(name, i);
      expanded.push_back(std::move(rule));
    }
  }
  return expanded;
}

NamedTensors export_tensors(const torch::nn::Module& module, const NameRules& rules) {
  const auto tensors = tensors_of(module);
  NamedTensors exported;
  for (const NameRule& rule : rules.rules) {
    const auto pieces = pieces_of(tensor_of(tensors, rule.ours).detach(), rule);
    for (std::size_t i = 0; i < pieces.size(); ++i) exported[rule.theirs[i]] = pieces[i];
  }
  return exported;
}

void require_parameters(const SafetensorsReader& file, std::int64_t num_parameters, const std::string& config_name) {
  std::uint64_t held = 0;
  for (const auto& [name, view] : file.tensors()) held += view.bytes.size() / dtype_size(view.dtype);
  if (static_cast<std::uint64_t>(num_parameters) > held)
    throw UserError(config_name + " describes a model of " + std::to_string(num_parameters) + " parameters or more; " + file.name() +
                        " holds " + std::to_string(held),
                    "the two files do not belong together, or one was edited");
}

ImportReport import_tensors(torch::nn::Module& module, const NameRules& rules, const SafetensorsReader& file) {
  const torch::NoGradGuard no_gradient;
  const auto ours = tensors_of(module);
  TensorsByName theirs = by_rule_names(rules, file);
  settle_copies(rules, theirs, file);
  std::vector<Assignment> assignments;
  std::vector<std::string> missing, unexpected;
  ImportReport report;
  std::set<std::string> known = rules.buffers;
  for (const NameRule& rule : rules.rules) {
    const auto pieces = pieces_of(tensor_of(ours, rule.ours), rule);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      known.insert(rule.theirs[i]);
      const auto found = theirs.find(rule.theirs[i]);
      if (found != theirs.end())
        assignments.push_back({pieces[i], found->second, rule.theirs[i]});
      else if (rule.presence != NameRule::Presence::kOptional)
        (rule.presence == NameRule::Presence::kRequired ? missing : report.fresh).push_back(rule.theirs[i]);
    }
  }
  for (const auto& [name, view] : theirs)
    if (!known.contains(name)) (starts_with_any(name, rules.other_heads) ? report.left_out : unexpected).push_back(name);
  if (!missing.empty()) throw UserError(file.name() + ": missing " + list_names(missing), "is this the family that config.json names?");
  if (!unexpected.empty())
    throw UserError(file.name() + ": unexpected " + list_names(unexpected), "is this the family that config.json names?");
  for (const Assignment& assignment : assignments) check_shape(assignment, file);
  for (Assignment& assignment : assignments) copy_from_file(*assignment.from, file.name() + ": " + assignment.name, assignment.into);
  return report;
}

}  // namespace attend
