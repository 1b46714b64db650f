#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/atomic_file.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/safetensors.h"
#include "core/text.h"

namespace attend {
namespace {

using Entry = std::pair<const std::string, TensorView>;

/// What we are asked to write is ours: a mistake here is a defect, not the user's.
void check(const std::string& name, const TensorView& tensor) {
  std::uint64_t bytes = dtype_size(tensor.dtype);
  bool fits = name.size() <= limits::kSafetensorsNameBytes && name.find('\0') == std::string::npos && name != "__metadata__" &&
              is_valid_utf8(name) && tensor.shape.size() <= limits::kSafetensorsRank;
  for (const std::int64_t size : tensor.shape)
    fits = fits && size >= 0 && !__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes);
  if (!fits || bytes != tensor.bytes.size()) throw std::logic_error("write_safetensors: tensor '" + name + "' does not fit the format");
}

/// The text is put together by hand: keys of an ordered_json are searched one by one, and 100,000 of them take a minute.
std::string header_text(const std::vector<const Entry*>& entries, const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  if (!metadata.empty()) text += "\"__metadata__\":" + nlohmann::json(metadata).dump();
  std::uint64_t begin = 0;
  for (const Entry* entry : entries) {
    const auto& [name, tensor] = *entry;
    const std::uint64_t end = begin + tensor.bytes.size();
    if (text.size() > 1) text += ",";
    text += Json(name).dump() + ":{\"dtype\":\"" + std::string(dtype_name(tensor.dtype)) + "\",\"shape\":" + Json(tensor.shape).dump() +
            ",\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
    begin = end;
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > limits::kSafetensorsHeaderBytes) throw std::logic_error("write_safetensors: the header is too large");
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  if (tensors.size() > limits::kSafetensorsTensors) throw std::logic_error("write_safetensors: too many tensors");
  std::vector<const Entry*> entries;
  for (const Entry& entry : tensors) {
    check(entry.first, entry.second);
    entries.push_back(&entry);
  }
  // By dtype from the last of the list to the first, which puts the larger alignments first; then by name, as the map has them.
  std::stable_sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->second.dtype > b->second.dtype; });
  const std::string header = header_text(entries, metadata);
  const std::uint64_t length = header.size();
  char length_bytes[sizeof length];
  std::memcpy(length_bytes, &length, sizeof length);

  AtomicFile file(path);
  file.write(std::string_view(length_bytes, sizeof length_bytes));
  file.write(header);
  for (const Entry* entry : entries) file.write(entry->second.bytes);
  file.commit();
}

}  // namespace attend
