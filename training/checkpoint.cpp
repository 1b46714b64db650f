#include "training/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "core/atomic_file.h"
#include "core/field_io.h"
#include "core/log.h"
#include "core/system_call.h"

namespace attend {
namespace {

constexpr std::int64_t kFormat = 1;

std::optional<std::int64_t> step_of(const std::string& name) {
  const std::string_view prefix = "step-";
  if (!name.starts_with(prefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, step);
  if (error != std::errc{} || stop != end || step < 0) return std::nullopt;
  return step;
}

}  // namespace

std::vector<std::int64_t> Checkpoints::steps() const {
  std::vector<std::int64_t> found;
  if (!std::filesystem::is_directory(folder_)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    if (const auto step = step_of(entry.path().filename().string()); step && entry.is_directory()) found.push_back(*step);
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<std::int64_t> Checkpoints::newest_complete() const {
  std::vector<std::int64_t> found = steps();
  for (; !found.empty(); found.pop_back()) {
    const auto faults = manifest_faults(path(found.back()), CheckHashes::kYes);
    if (faults.empty()) return found.back();
    log_warning(path(found.back()).string() + " is not complete: " + faults.front() + "; looking for an older one");
  }
  return std::nullopt;
}

void Checkpoints::save(const TrainerState& state, const Objective& objective, const Optimizer& optimizer) const {
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) throw StorageError(folder_.string() + ": " + failed.message());
  write_folder_atomically(path(state.step), [&](const std::filesystem::path& folder) {
    objective.save(folder);
    optimizer.save(folder / "optimizer.safetensors");
    Json json = to_json(state);
    json["format"] = kFormat;
    json["position"] = state.position;
    json["trend"] = to_json(state.trend);
    json["best_metrics"] = state.best_metrics;
    json["settings"] = state.settings;
    write_json_file(folder / "trainer_state.json", json);
  });
  replace_link(folder_ / "last", path(state.step).filename());
}

TrainerState Checkpoints::state(std::int64_t step) const {
  const auto file = path(step) / "trainer_state.json";
  const Json json = read_json_file(file);
  for (const char* key : {"format", "position", "best_metrics", "settings"})
    if (!json.is_object() || !json.contains(key)) throw UserError(file.string() + ": no \"" + key + "\"");
  if (const auto format = json_integer(json["format"], file.string(), "format"); format != kFormat)
    throw UserError(file.string() + ": format " + std::to_string(format) + "; this version reads format " + std::to_string(kFormat));
  TrainerState state;
  from_json(state, json, file.string());
  if (json.contains("trend")) from_json(state.trend, json["trend"], file.string());
  state.position = json["position"];
  state.best_metrics = json["best_metrics"];
  state.settings = json["settings"];
  return state;
}

void Checkpoints::load(const TrainerState& state, Objective& objective, Optimizer& optimizer) const {
  objective.load(path(state.step));
  optimizer.load(path(state.step) / "optimizer.safetensors");
  objective.seek(state.position);
}

void Checkpoints::prune(const Keep& keep) const {
  const std::vector<std::int64_t> found = steps();
  std::int64_t regular = 0;
  for (auto step = found.rbegin(); step != found.rend(); ++step) {
    const bool is_newest = step == found.rbegin();
    const bool is_regular = keep.save_every > 0 && *step % keep.save_every == 0;
    if (is_regular) ++regular;
    if (is_newest || *step == keep.best_step || (is_regular && regular <= keep.keep)) continue;
    // Renamed first: killed in the middle, it is a leftover and no checkpoint without its weights.
    const std::filesystem::path leaving = temporary_beside(path(*step));
    std::error_code failed;  // one too many does no harm
    std::filesystem::rename(path(*step), leaving, failed);
    if (!failed) std::filesystem::remove_all(leaving, failed);
  }
}

std::vector<std::int64_t> Checkpoints::steps_to_average(std::int64_t count, std::int64_t save_every) const {
  std::vector<std::int64_t> chosen = steps();
  std::erase_if(chosen, [&](std::int64_t step) {
    const bool is_complete = folder_is_complete(path(step), CheckHashes::kNo);
    if (!is_complete) log_warning(path(step).string() + " is not complete, and takes no part in the mean");
    return !is_complete;
  });
  if (chosen.empty()) return chosen;
  const std::int64_t newest = chosen.back();
  std::erase_if(chosen, [&](std::int64_t step) { return step != newest && (save_every == 0 || step % save_every != 0); });
  if (static_cast<std::int64_t>(chosen.size()) > count) chosen.erase(chosen.begin(), chosen.end() - count);
  return chosen;
}

// In the output folder and its data too, where a model or token files may have been half written.
void Checkpoints::remove_leftovers() const {
  std::vector<std::filesystem::path> leftovers;  // by their whole form: the output folder may hold what is not ours
  for (const auto& folder : {folder_, folder_.parent_path(), folder_.parent_path() / "data"}) {
    if (!std::filesystem::is_directory(folder)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (is_temporary_name(entry.path().filename().string())) leftovers.push_back(entry.path());
  }
  for (const auto& path : leftovers) {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
}

}  // namespace attend
