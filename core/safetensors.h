// safetensors: read memory-mapped, written atomically, by the rules of docs/file-formats.md (stricter than the reference
// reader where it is lax). Knows bytes, dtypes and shapes, not LibTorch: models/tensor_io.h makes tensors of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapped_file.h"

namespace attend {

/// In the order of the reference's own list, which decides where a tensor lies in a file.
enum class DType { kBool, kU8, kI8, kF8E5M2, kF8E4M3, kI16, kU16, kF16, kBF16, kI32, kU32, kF32, kF64, kI64, kU64 };

std::string_view dtype_name(DType dtype);  // as the format spells it: "F32"
std::size_t dtype_size(DType dtype);       // bytes

/// One tensor of a file: its bytes lie in the mapping, little-endian, row-major. Files of 2022 have headers of odd length, so
/// the bytes need not be aligned in memory: copy them out.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// The parsed header alone, from bytes; this is what the fuzzer calls. Throws UserError opening with `name`.
struct SafetensorsHeader {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;
};
SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& name);

/// One file, or the shards an index names, as one set of tensors. The mapping lives as long as this object.
class SafetensorsReader {
 public:
  /// `path` is a .safetensors file or a model.safetensors.index.json. Throws UserError.
  explicit SafetensorsReader(const std::filesystem::path& path);

  /// model.safetensors, or else model.safetensors.index.json, of a model folder. Throws UserError that lists what was
  /// looked for, and for a folder with only pytorch_model.bin how to convert it.
  static SafetensorsReader open_folder(const std::filesystem::path& folder);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::vector<MappedFile> files_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes tensors in the reference's order (larger alignment first, then by name), header padded with spaces to 8 bytes.
/// The bytes depend on nothing but the arguments. Throws StorageError.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace attend
