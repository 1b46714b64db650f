#include "models/task_labels.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include <torch/torch.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/random.h"

namespace attend {

namespace {

constexpr auto kMostLabels = static_cast<std::int64_t>(limits::kClassLabels);

/// {"0": "first", "1": "second", ...} in whatever order its entries stand.
std::vector<std::string> names_of(const Json& id2label, const std::string& name) {
  if (!id2label.is_object() || id2label.empty()) throw UserError(name + ": id2label is no object with entries");
  if (id2label.size() > limits::kClassLabels)
    throw UserError(name + ": id2label has " + std::to_string(id2label.size()) + " entries; at most " + std::to_string(kMostLabels) +
                    " are read");
  std::unordered_map<std::string_view, const Json*> entries;  // a look-up in the object itself walks along it
  for (auto entry = id2label.begin(); entry != id2label.end(); ++entry) entries.emplace(entry.key(), &*entry);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < id2label.size(); ++i) {
    const auto entry = entries.find(std::to_string(i));
    if (entry == entries.end()) throw UserError(name + ": id2label has no entry \"" + std::to_string(i) + "\"");
    names.push_back(json_string(*entry->second, name, "id2label"));
  }
  return names;
}

}  // namespace

void add_labels(Json& config, const TaskLabels& labels) {
  Json names = Json::object(), ids = Json::object();
  for (std::size_t i = 0; i < labels.names.size(); ++i) {
    names[std::to_string(i)] = labels.names[i];
    ids[labels.names[i]] = i;
  }
  config["id2label"] = names;
  config["label2id"] = ids;
}

TaskLabels read_labels(const Json& config, const std::string& name) {
  TaskLabels labels;
  const auto problem = config.find("problem_type");
  if (problem != config.end() && *problem == "multi_label_classification")
    throw UserError(name + ": problem_type is \"multi_label_classification\"; expected one label for each text");
  const auto found = config.find("id2label");
  if (found == config.end() || found->is_null()) {
    const auto count = config.find("num_labels");
    const std::int64_t outputs = count == config.end() ? 2 : json_integer(*count, name, "num_labels");  // 2: what transformers assumes
    if (outputs < 1 || outputs > kMostLabels)
      throw UserError(name + ": num_labels is " + std::to_string(outputs) + "; expected 1 to " + std::to_string(kMostLabels));
    for (std::int64_t i = 0; i < outputs; ++i) labels.names.push_back("LABEL_" + std::to_string(i));
  } else {
    labels.names = names_of(*found, name);
  }
  const bool says_regression = problem != config.end() && *problem == "regression";
  if (says_regression && labels.names.size() != 1)
    throw UserError(name + ": problem_type is \"regression\" with " + std::to_string(labels.names.size()) + " outputs; expected one");
  if (labels.names.size() == 1) labels.problem = TaskLabels::Problem::kRegression;
  return labels;
}

namespace {

/// The folder's labels where they are the wanted ones, in whatever order. Those that cannot be used at all (several a text) are not.
std::optional<TaskLabels> same_labels(const Json& config, const std::string& name, const TaskLabels& wanted) {
  try {
    TaskLabels labels = read_labels(config, name);
    const bool same = labels.problem == wanted.problem &&
                      std::is_permutation(labels.names.begin(), labels.names.end(), wanted.names.begin(), wanted.names.end());
    return same ? std::optional(std::move(labels)) : std::nullopt;
  } catch (const UserError&) {
    return std::nullopt;
  }
}

}  // namespace

void report_import(const ImportReport& report, const std::string& file) {
  if (!report.left_out.empty()) log_info(file + ": not used for this task: " + list_names(report.left_out));
  if (!report.fresh.empty()) log_warning(file + ": not there, so drawn at random and to be trained: " + list_names(report.fresh));
}

HeadPlan plan_head(const ModelFolder& folder, const SafetensorsReader& file, const std::string& head,
                   const std::optional<NewHead>& wanted) {
  if (wanted && wanted->dropout && !(*wanted->dropout >= 0 && *wanted->dropout < 1))
    throw UserError("--dropout is " + std::to_string(*wanted->dropout) + "; expected 0 or more, below 1");
  const bool is_there = file.tensors().contains(head + ".weight");
  const std::string config_name = (folder.path / "config.json").string();
  if (!wanted && !is_there)
    throw UserError(file.name() + " has no head for this task: no " + head + ".weight",
                    "train one with `attend finetune`, or name the folder of a model that has it");
  if (!wanted) return {.labels = read_labels(folder.config, config_name)};
  torch::manual_seed(mix_seed(wanted->seed, "head"));
  const std::optional<TaskLabels> kept = is_there ? same_labels(folder.config, config_name, wanted->labels) : std::nullopt;
  HeadPlan plan{.labels = kept.value_or(wanted->labels), .body = wanted->body, .presence = NameRule::Presence::kHead};
  if (is_there && !kept && plan.body == NewHead::Body::kPretrained) {
    log_warning(file.name() + ": its head answers with other labels; a new one is drawn at random");
    plan.head = HeadPlan::Source::kFresh;
  }
  return plan;
}

}  // namespace attend
