// The header of a safetensors file, checked rule by rule before a byte of a tensor is looked at.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/lfs_pointer.h"
#include "core/limits.h"
#include "core/safetensors.h"
#include "core/text.h"

namespace attend {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are used as they lie in the file, which is little-endian");

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  std::size_t size;
};

constexpr std::array kDTypes{
    DTypeInfo{DType::kBool, "BOOL", 1},      DTypeInfo{DType::kU8, "U8", 1},          DTypeInfo{DType::kI8, "I8", 1},
    DTypeInfo{DType::kF8E5M2, "F8_E5M2", 1}, DTypeInfo{DType::kF8E4M3, "F8_E4M3", 1}, DTypeInfo{DType::kI16, "I16", 2},
    DTypeInfo{DType::kU16, "U16", 2},        DTypeInfo{DType::kF16, "F16", 2},        DTypeInfo{DType::kBF16, "BF16", 2},
    DTypeInfo{DType::kI32, "I32", 4},        DTypeInfo{DType::kU32, "U32", 4},        DTypeInfo{DType::kF32, "F32", 4},
    DTypeInfo{DType::kF64, "F64", 8},        DTypeInfo{DType::kI64, "I64", 8},        DTypeInfo{DType::kU64, "U64", 8},
};

const DTypeInfo& info(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)]; }

/// Parses what stands between the 8 bytes of length and the tensors' bytes (`data`).
class HeaderParser {
 public:
  HeaderParser(std::span<const std::byte> data, const std::string& name) : data_(data), name_(name) {}

  SafetensorsHeader parse(std::string_view text) {
    if (text.empty() || text.front() != '{') fail("the header does not begin with '{'");
    const Json root = parse_json(text, name_ + " (header)", limits::kSafetensorsHeaderValues);
    SafetensorsHeader header;
    for (const auto& [key, value] : root.items()) {
      if (key == "__metadata__")
        read_metadata(header.metadata, value);
      else
        read_tensor(header.tensors, key, value);
    }
    check_layout();
    return header;
  }

 private:
  struct Place {
    std::uint64_t begin, end;
    std::string tensor;
  };

  [[noreturn]] void fail(const std::string& what) const { throw UserError(name_ + ": not a valid safetensors file: " + what); }
  [[noreturn]] void fail(const std::string& tensor, const std::string& what) const {
    fail("tensor '" + excerpt(tensor, 200) + "': " + what);
  }

  void read_metadata(std::map<std::string, std::string>& metadata, const Json& value) const {
    if (!value.is_object()) fail("__metadata__ is not an object of texts");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail("__metadata__ '" + excerpt(key) + "' is not a text");
      metadata.emplace(key, text.get<std::string>());
    }
  }

  void read_tensor(std::map<std::string, TensorView>& tensors, const std::string& key, const Json& entry) {
    if (tensors.size() >= limits::kSafetensorsTensors) fail("more than " + std::to_string(limits::kSafetensorsTensors) + " tensors");
    if (key.size() > limits::kSafetensorsNameBytes)
      fail(key, "the name is longer than " + std::to_string(limits::kSafetensorsNameBytes) + " bytes");
    if (key.find('\0') != std::string::npos) fail(key, "the name contains a NUL");
    if (!entry.is_object()) fail(key, "expected an object with dtype, shape and data_offsets");
    const Json *dtype = nullptr, *shape = nullptr, *offsets = nullptr;
    for (const auto& [field, value] : entry.items()) {
      if (field == "dtype")
        dtype = &value;
      else if (field == "shape")
        shape = &value;
      else if (field == "data_offsets")
        offsets = &value;
      else
        fail(key, "unknown field '" + excerpt(field) + "'; expected dtype, shape and data_offsets");
    }
    if (dtype == nullptr || shape == nullptr || offsets == nullptr) fail(key, "dtype, shape or data_offsets is missing");
    TensorView view{.dtype = read_dtype(key, *dtype), .shape = read_shape(key, *shape), .bytes = {}};
    view.bytes = read_place(key, view, *offsets);
    tensors.emplace(key, std::move(view));
  }

  DType read_dtype(const std::string& key, const Json& value) const {
    if (!value.is_string()) fail(key, "dtype is not a text");
    const auto& text = value.get_ref<const std::string&>();
    for (const DTypeInfo& candidate : kDTypes) {
      if (candidate.name == text) return candidate.dtype;
    }
    fail(key, "dtype '" + excerpt(text) + "' is unknown or not supported");
  }

  std::vector<std::int64_t> read_shape(const std::string& key, const Json& value) const {
    if (!value.is_array()) fail(key, "shape is not a list");
    if (value.size() > limits::kSafetensorsRank) fail(key, "more than " + std::to_string(limits::kSafetensorsRank) + " dimensions");
    std::vector<std::int64_t> shape;
    for (const Json& size : value) {
      // Unsigned in nlohmann's terms: digits only, so neither -1 nor -0 nor 2.0.
      if (!size.is_number_unsigned() || size.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
        fail(key, "shape has " + excerpt(size.dump()) + "; expected an integer from 0 on");
      }
      shape.push_back(size.get<std::int64_t>());
    }
    return shape;
  }

  std::span<const std::byte> read_place(const std::string& key, const TensorView& view, const Json& value) {
    const bool is_pair = value.is_array() && value.size() == 2 && value[0].is_number_unsigned() && value[1].is_number_unsigned();
    if (!is_pair) fail(key, "data_offsets is not a pair of integers from 0 on");
    const auto begin = value[0].get<std::uint64_t>(), end = value[1].get<std::uint64_t>();
    if (begin > end) fail(key, "data_offsets end before they begin");
    if (end > data_.size()) {
      fail(key, "data_offsets end at byte " + std::to_string(end) + " of the data, but the file has only " + std::to_string(data_.size()));
    }
    std::uint64_t bytes = 1;
    for (const std::int64_t size : view.shape) {
      if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes)) fail(key, "the product of the shape overflows 64 bits");
    }
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dtype_size(view.dtype)), &bytes))
      fail(key, "the size in bytes overflows 64 bits");
    if (end - begin != bytes) {
      fail(key, "data_offsets span " + std::to_string(end - begin) + " bytes, but dtype and shape need " + std::to_string(bytes));
    }
    if (begin % dtype_size(view.dtype) != 0)
      fail(key, "data_offsets begin at byte " + std::to_string(begin) + ", which is not aligned to its dtype");
    places_.push_back({begin, end, key});
    return data_.subspan(begin, end - begin);
  }

  /// Contiguous from 0 to the end of the file: no hole in which something could hide, no byte in two tensors.
  void check_layout() {
    std::sort(places_.begin(), places_.end(),
              [](const Place& a, const Place& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    std::uint64_t covered = 0;
    for (const Place& place : places_) {
      if (place.begin < covered) fail(place.tensor, "its bytes overlap another tensor's");
      if (place.begin > covered) fail(place.tensor, "a hole of " + std::to_string(place.begin - covered) + " bytes lies before it");
      covered = place.end;
    }
    if (covered != data_.size()) fail(std::to_string(data_.size() - covered) + " bytes at the end belong to no tensor");
  }

  std::span<const std::byte> data_;
  const std::string& name_;
  std::vector<Place> places_;
};

}  // namespace

std::string_view dtype_name(DType dtype) { return info(dtype).name; }
std::size_t dtype_size(DType dtype) { return info(dtype).size; }

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& name) {
  const auto fail = [&](const std::string& what) { throw UserError(name + ": not a valid safetensors file: " + what); };
  refuse_lfs_pointer({reinterpret_cast<const char*>(file.data()), file.size()}, name);
  std::uint64_t length = 0;
  if (file.size() < sizeof length) fail("it has " + std::to_string(file.size()) + " bytes; expected at least 8 with the header's length");
  std::memcpy(&length, file.data(), sizeof length);
  file = file.subspan(sizeof length);
  if (length > limits::kSafetensorsHeaderBytes) {
    fail("its header is said to have " + std::to_string(length) + " bytes; at most " + std::to_string(limits::kSafetensorsHeaderBytes) +
         " are allowed");
  }
  if (length > file.size()) {
    fail("its header is said to have " + std::to_string(length) + " bytes, but only " + std::to_string(file.size()) +
         " follow; the file may be cut short");
  }
  const std::string_view header(reinterpret_cast<const char*>(file.data()), length);
  return HeaderParser(file.subspan(length), name).parse(header);
}

}  // namespace attend
