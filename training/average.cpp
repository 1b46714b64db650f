#include "training/average.h"

#include <cstring>
#include <map>
#include <memory>
#include <set>

#include <torch/torch.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/safetensors.h"
#include "models/tensor_io.h"

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
  const torch::Tensor first = tensor_over(view, name);
  torch::Tensor sum = first.to(torch::kFloat64, /*non_blocking=*/false, /*copy=*/true);
  for (std::size_t i = 1; i < readers.size(); ++i) sum += tensor_over(readers[i].tensors().at(name), name);
  return (sum / static_cast<double>(readers.size())).to(first.scalar_type()).contiguous();
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

void average_folders(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& output) {
  if (folders.empty()) throw UserError("there is no checkpoint to average", "name at least one folder");
  const std::vector<SafetensorsReader> readers = open_all(folders);
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
