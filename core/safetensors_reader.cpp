#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/safetensors.h"
#include "core/text.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

/// A shard's name must lead into the index's own folder and nowhere else.
bool is_plain_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

/// tensor name -> shard, from an index file.
std::map<std::string, std::string> read_weight_map(const fs::path& path) {
  const std::string name = path.string();
  const Json index = read_json_file(path);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    throw UserError(name + ": no weight_map; expected {\"metadata\": {...}, \"weight_map\": {tensor: file, ...}}");
  }
  const Json& entries = index["weight_map"];
  if (entries.empty()) throw UserError(name + ": weight_map is empty");
  if (entries.size() > limits::kSafetensorsTensors)
    throw UserError(name + ": more than " + std::to_string(limits::kSafetensorsTensors) + " tensors");
  std::map<std::string, std::string> weight_map;
  for (const auto& [tensor, value] : entries.items()) {
    const std::string shard = json_string(value, name, "weight_map of '" + excerpt(tensor) + "'");
    if (!is_plain_file_name(shard) || !shard.ends_with(".safetensors")) {
      throw UserError(name + ": weight_map names the file '" + excerpt(shard) + "'; expected a plain file name ending in .safetensors");
    }
    weight_map.emplace(tensor, shard);
  }
  return weight_map;
}

const std::string kCompiled = "_orig_mod.", kModule = "module.";

/// "module.x", and "_orig_mod.module.x" of a compiled one.
bool is_of_module(std::string_view name) {
  while (name.starts_with(kCompiled)) name.remove_prefix(kCompiled.size());
  return name.starts_with(kModule);
}

/// torch.compile leaves its mark wherever a compiled part stands, DataParallel at the beginning of every name.
std::string without_wrappers(std::string name, bool are_modules) {
  for (std::size_t at = 0; (at = name.find(kCompiled, at)) != std::string::npos;)
    if (at == 0 || name[at - 1] == '.')
      name.erase(at, kCompiled.size());
    else
      at += kCompiled.size();
  return are_modules && name.starts_with(kModule) ? name.substr(kModule.size()) : name;
}

/// The tensors under the names of the model itself, with a word where that is another one.
std::map<std::string, TensorView> unwrapped(std::map<std::string, TensorView> tensors, const std::string& file) {
  const bool are_modules = std::ranges::all_of(tensors, [](const auto& item) { return is_of_module(item.first); });
  std::map<std::string, TensorView> plain;
  std::string first;  // of the names that had something to take off
  for (const auto& [name, view] : tensors) {
    const std::string unwrapped = without_wrappers(name, are_modules);
    if (unwrapped != name && first.empty()) first = name;
    if (!plain.emplace(unwrapped, view).second)
      throw UserError(file + ": " + excerpt(unwrapped) + " is there twice, with and without the " + kCompiled + " of torch.compile");
  }
  if (!first.empty())
    log_info(file + ": names without what torch.compile and DataParallel put there: " + excerpt(first) + " is read as " +
             excerpt(without_wrappers(first, are_modules)));
  return plain;
}

std::string quoted_for_shell(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// One line that works for one .bin and for several, knows no model class, and executes nothing from the file.
std::string conversion_line(const fs::path& folder) {
  return "convert it once with Python: python3 -c \"import sys,glob,torch; from safetensors.torch import save_file; d={}; "
         "[d.update(torch.load(f,map_location='cpu',weights_only=True)) for f in sorted(glob.glob(sys.argv[1]+'/pytorch_model*.bin'))]; "
         "save_file({k:v.clone().contiguous() for k,v in d.items()},sys.argv[1]+'/model.safetensors',{'format':'pt'})\" " +
         quoted_for_shell(folder.string());
}

}  // namespace

SafetensorsReader::SafetensorsReader(const fs::path& path) : name_(path.string()) {
  if (path.extension() != ".json") {
    files_.emplace_back(path);
    SafetensorsHeader header = parse_safetensors(files_.back().bytes(), name_);
    tensors_ = std::move(header.tensors);
    metadata_ = std::move(header.metadata);
    return;
  }
  const auto weight_map = read_weight_map(path);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : weight_map) shards.insert(shard);
  for (const std::string& shard : shards) {
    const fs::path shard_path = path.parent_path() / shard;
    if (!fs::exists(shard_path))
      throw UserError(name_ + ": the file " + shard + " it names is missing", "download all files of the model again");
    files_.emplace_back(shard_path);
    SafetensorsHeader header = parse_safetensors(files_.back().bytes(), shard_path.string());
    for (auto& [tensor, view] : header.tensors) {
      const auto stated = weight_map.find(tensor);
      if (stated == weight_map.end())
        throw UserError(shard_path.string() + ": tensor '" + excerpt(tensor) + "' is not in " + path.filename().string());
      if (stated->second != shard) {
        throw UserError(shard_path.string() + ": tensor '" + excerpt(tensor) + "' should lie in " + stated->second + " as " +
                        path.filename().string() + " says");
      }
      tensors_.emplace(tensor, std::move(view));
    }
    metadata_.merge(header.metadata);
  }
  for (const auto& [tensor, shard] : weight_map) {
    if (!tensors_.contains(tensor)) throw UserError(name_ + ": tensor '" + excerpt(tensor) + "' is not in " + shard + " as stated");
  }
}

SafetensorsReader SafetensorsReader::open_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw UserError(folder.string() + (fs::exists(folder, ignored) ? " is a file; expected a model folder" : ": no such folder"));
  }
  for (const char* file : {kSingleFile, kIndexFile}) {
    if (!fs::exists(folder / file, ignored)) continue;
    SafetensorsReader reader(folder / file);
    reader.tensors_ = unwrapped(std::move(reader.tensors_), reader.name_);
    return reader;
  }
  if (fs::exists(folder / "pytorch_model.bin", ignored) || fs::exists(folder / "pytorch_model.bin.index.json", ignored)) {
    throw UserError(
        folder.string() + " has its weights only as pytorch_model.bin, which may run code when it is opened; expected " + kSingleFile,
        conversion_line(folder));
  }
  throw UserError(folder.string() + " has no weights; looked for " + kSingleFile + " and " + kIndexFile,
                  "name the folder that a model was saved to or downloaded to");
}

}  // namespace attend
