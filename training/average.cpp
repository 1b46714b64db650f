#include "training/average.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>

#include <torch/torch.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "core/safetensors.h"
#include "models/tensor_io.h"
#include "training/same_model.h"

namespace attend {
namespace {

bool is_floating(DType dtype) { return dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF32 || dtype == DType::kF64; }

std::string describe(const TensorView& view) {
  std::string text(dtype_name(view.dtype));
  text += " [";
  for (std::size_t i = 0; i < view.shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(view.shape[i]);
  return text + "]";
}

void check_same_tensors(const SafetensorsReader& first, const SafetensorsReader& other) {
  for (const auto& [name, view] : first.tensors()) {
    const auto found = other.tensors().find(name);
    if (found == other.tensors().end()) throw UserError(other.name() + ": no tensor '" + name + "', which " + first.name() + " has");
    if (found->second.dtype != view.dtype || found->second.shape != view.shape)
      throw UserError(other.name() + ": tensor '" + name + "' is " + describe(found->second) + "; in " + first.name() + " it is " +
                      describe(view));
  }
  for (const auto& [name, view] : other.tensors())
    if (!first.tensors().contains(name))
      throw UserError(other.name() + ": tensor '" + name + "', which " + first.name() + " does not have");
}

std::vector<SafetensorsReader> open_all(const std::vector<std::filesystem::path>& folders) {
  std::vector<SafetensorsReader> readers;
  for (const auto& folder : folders) {
    readers.push_back(SafetensorsReader::open_folder(folder));
    check_same_tensors(readers.front(), readers.back());
  }
  return readers;
}

torch::Tensor mean(const std::vector<SafetensorsReader>& readers, const std::string& name) {
  const TensorView& view = readers.front().tensors().at(name);
  torch::Tensor sum;
  for (const SafetensorsReader& reader : readers) {
    const torch::Tensor part = tensor_over(reader.tensors().at(name), name);
    if (!torch::isfinite(part).all().item<bool>())
      throw UserError(reader.name() + ": tensor '" + name + "' holds NaN or infinity", "leave this checkpoint out");
    sum = sum.defined() ? sum.add_(part) : part.to(torch::kFloat64, /*non_blocking=*/false, /*copy=*/true);
  }
  return (sum / static_cast<double>(readers.size())).to(tensor_over(view, name).scalar_type()).contiguous();
}

void check_equal_bytes(const std::vector<SafetensorsReader>& readers, const std::string& name) {
  const auto first = readers.front().tensors().at(name).bytes;
  for (const auto& reader : readers)
    if (std::memcmp(first.data(), reader.tensors().at(name).bytes.data(), first.size()) != 0)
      throw UserError(reader.name() + ": tensor '" + name + "' differs, and is not of a kind that has a mean");
}

void copy_other_files(const std::filesystem::path& from, const std::filesystem::path& to) {
  // A run's output folder averages too: what describes the run is not the average's.
  static const std::set<std::string> left_behind{
      "optimizer.safetensors", "trainer_state.json", "manifest.json", "metrics.jsonl", "run.toml", "README.md", ".lock"};
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || left_behind.contains(name) || name.starts_with("model.safetensors") || name.starts_with("model-0"))
      continue;
    std::error_code failed;
    std::filesystem::copy_file(entry.path(), to / name, failed);
    if (failed) throw StorageError((to / name).string() + ": " + failed.message());
  }
}

}  // namespace

std::vector<std::filesystem::path> each_once(const std::vector<std::filesystem::path>& folders) {
  std::map<std::filesystem::path, std::filesystem::path> given;  // canonical -> as it was named
  std::vector<std::filesystem::path> kept;
  for (const auto& folder : folders) {
    const auto [found, is_new] = given.emplace(std::filesystem::canonical(folder), folder);
    if (is_new)
      kept.push_back(folder);
    else
      log_warning(folder.string() + " is " + found->second.string() + " once more: it is counted once");
  }
  const auto is_checkpoint = [](const auto& folder) { return std::filesystem::exists(folder / "trainer_state.json"); };
  if (std::any_of(kept.begin(), kept.end(), is_checkpoint))
    for (const auto& folder : kept)
      if (!is_checkpoint(folder))
        log_warning(folder.string() + " is no checkpoint, the others are (a mean of them?): it is counted like them");
  return kept;
}

void average_folders(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& output) {
  if (folders.empty()) throw UserError("there is no checkpoint to average", "name at least one folder");
  const std::vector<SafetensorsReader> readers = open_all(folders);
  for (std::size_t i = 1; i < folders.size(); ++i) require_same_model(folders.front(), folders[i]);
  std::vector<torch::Tensor> means;  // live until they are written
  std::map<std::string, TensorView> tensors;
  for (const auto& [name, view] : readers.front().tensors()) {
    tensors[name] = view;
    if (view.bytes.empty()) continue;
    if (!is_floating(view.dtype)) {
      check_equal_bytes(readers, name);
      continue;
    }
    means.push_back(mean(readers, name));
    tensors[name] = view_of(means.back());
  }
  write_folder_atomically(output, [&](const std::filesystem::path& folder) {
    copy_other_files(folders.front(), folder);
    write_safetensors(folder / "model.safetensors", tensors);
  });
}

}  // namespace attend
