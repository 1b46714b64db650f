#include "training/run_settings.h"

#include <algorithm>
#include <array>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"

namespace attend {
namespace {

// The order of the data depends on them, so "batch 17 of epoch 2" would be another batch.
constexpr std::array kDecideTheOrder{"seed",          "batch_tokens",      "batch_size", "max_train_length",  "max_length",
                                     "next_sentence", "short_probability", "documents",  "fill_in_the_middle"};
// Weights, and what a checkpoint holds, depend on them.
constexpr std::array kDecideTheModel{"vocab_size",     "tokenizer", "tokenizer_model", "cased",     "limit_alphabet",
                                     "language_codes", "preset",    "freeze_layers",   "attention", "score"};
// What stands in the files counts, and is compared with the best model that was chosen by it (trainer.cpp).
constexpr std::array kNameValidation{"valid", "valid_source", "valid_target"};
// They say how long a run is and what it writes on the way. Schedules that end with the run are checked apart.
constexpr std::array kHarmless{"steps",    "epochs",           "max_minutes", "keep",      "log_every",      "on_nan",
                               "on_spike", "spike_deviations", "tensorboard", "recompute", "shard_optimizer"};

template <class Names>
bool holds(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string shown(const Json& settings, const std::string& name) { return settings.contains(name) ? settings[name].dump() : "not given"; }

/// A setting as its flag is typed.
std::string flag_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

/// Names of top-level settings that differ, those that only one side has included; "set.dropout" inside a table.
std::vector<std::string> differences(const Json& before, const Json& now) {
  std::vector<std::string> names;
  for (const auto& [name, value] : now.items())
    if (!before.contains(name) || before[name] != value) names.push_back(name);
  for (const auto& [name, value] : before.items())
    if (!now.contains(name)) names.push_back(name);
  return names;
}

/// --set without rates of dropout: what weights depend on, and how they are read.
Json model_fields(const Json& settings) {
  Json fields = Json::array();
  for (const Json& field : settings.value("set", Json::array()))
    if (field.get_ref<const std::string&>().find("dropout=") == std::string::npos) fields.push_back(field);
  return fields;
}

}  // namespace

Json run_settings(const TrainingOptions& options, const Objective& objective) {
  Json settings = objective.settings();
  const Json all = to_json(options);
  for (const auto& [name, value] : all.items())
    if (!value.is_null()) settings[name] = value;
  settings["schedule"] = std::string(enum_name(schedule_of(options)));
  settings["seed"] = options.seed;
  settings["precision"] = std::string(enum_name(options.precision));
  settings["threads"] = options.threads;
  return settings;
}

void write_run_file(const RunFile& file, const Json& settings) {
  Json document;
  document["output"] = file.output.string();
  document.update(settings);
  const std::string first_line = "# " + file.command + " --config " + (file.output / "run.toml").string() + "\n";
  write_file_atomically(file.output / "run.toml", first_line + json_to_toml(document));
}

void check_resumed_settings(const Json& before, const Json& now) {
  const std::string schedule = now.value("schedule", "");
  const bool ends_with_the_run = schedule == "linear" || schedule == "cosine";
  for (const std::string& name : differences(before, now)) {
    const std::string change = flag_of(name) + " was " + shown(before, name) + ", now " + shown(now, name);
    if (holds(kDecideTheOrder, name))
      throw UserError("the run cannot go on with another order of the data: " + change,
                      "resume with the settings it was started with (they are in run.toml), or start in another --output folder");
    if (holds(kDecideTheModel, name) || (name == "set" && model_fields(before) != model_fields(now)))
      throw UserError("the run cannot go on with another model or vocabulary: " + change,
                      "resume with the settings it was started with (they are in run.toml), or start in another --output folder");
    if (name == "best_by")
      throw UserError("the best model so far was chosen by another metric: " + change,
                      "resume with the settings it was started with (they are in run.toml), or start in another --output folder");
    if (holds(kNameValidation, name) && before.contains(name) && now.contains(name)) continue;
    if (holds(kHarmless, name) && !(ends_with_the_run && (name == "steps" || name == "epochs"))) continue;
    log_warning("resuming with another setting: " + change + "; from here on the run differs from one that was never stopped");
  }
}

}  // namespace attend
