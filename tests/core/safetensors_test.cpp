#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/safetensors.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

/// Tensors that own their bytes: byte i of each is i mod 251.
class Sample {
 public:
  void add(const std::string& name, DType dtype, std::vector<std::int64_t> shape) {
    std::size_t bytes = dtype_size(dtype);
    for (const std::int64_t size : shape) bytes *= static_cast<std::size_t>(size);
    auto& content = contents_[name];
    for (std::size_t i = 0; i < bytes; ++i) content.push_back(static_cast<std::byte>(i % 251));
    tensors_[name] = {dtype, std::move(shape), content};
  }
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }

 private:
  std::map<std::string, std::vector<std::byte>> contents_;
  std::map<std::string, TensorView> tensors_;
};

Sample every_kind() {
  Sample sample;
  sample.add("b.weight", DType::kF32, {2, 3});
  sample.add("a.bias", DType::kF16, {3});
  sample.add("ids", DType::kI64, {2});
  sample.add("flag", DType::kBool, {1});
  sample.add("scalar", DType::kF64, {});
  sample.add("empty", DType::kF32, {0, 4});
  sample.add("\xC3\xBC\n\"\\\x7F\x01", DType::kU8, {5});
  sample.add("z", DType::kBF16, {300});
  sample.add("a.weight", DType::kF32, {1, 1});
  const std::map<std::string, DType> names{{"bool", DType::kBool},
                                           {"uint8", DType::kU8},
                                           {"int8", DType::kI8},
                                           {"float8_e5m2", DType::kF8E5M2},
                                           {"float8_e4m3fn", DType::kF8E4M3},
                                           {"int16", DType::kI16},
                                           {"uint16", DType::kU16},
                                           {"float16", DType::kF16},
                                           {"bfloat16", DType::kBF16},
                                           {"int32", DType::kI32},
                                           {"uint32", DType::kU32},
                                           {"float32", DType::kF32},
                                           {"int64", DType::kI64},
                                           {"uint64", DType::kU64},
                                           {"float64", DType::kF64}};
  for (const auto& [name, dtype] : names) sample.add("every." + name, dtype, {3});
  return sample;
}

std::string message_of_opening(const std::filesystem::path& folder, std::string* hint = nullptr) {
  try {
    SafetensorsReader::open_folder(folder);
    return "";
  } catch (const UserError& error) {
    if (hint != nullptr) *hint = error.hint();
    return error.what();
  }
}

}  // namespace

TEST_CASE("what safetensors writes it reads back") {
  const TempFolder folder;
  const Sample sample = every_kind();
  write_safetensors(folder / "x.safetensors", sample.tensors(), {{"format", "pt"}, {"made by", "a test"}});
  const SafetensorsReader reader(folder / "x.safetensors");
  CHECK(reader.metadata() == std::map<std::string, std::string>{{"format", "pt"}, {"made by", "a test"}});
  REQUIRE(reader.tensors().size() == sample.tensors().size());
  for (const auto& [name, written] : sample.tensors()) {
    INFO(name);
    const TensorView& read = reader.tensors().at(name);
    CHECK(read.dtype == written.dtype);
    CHECK(read.shape == written.shape);
    REQUIRE(read.bytes.size() == written.bytes.size());
    CHECK(std::equal(read.bytes.begin(), read.bytes.end(), written.bytes.begin()));
  }
}

// The hashes are of what safetensors 0.8.0 for Python writes for the same tensors with `serialize`.
TEST_CASE("safetensors writes the reference's bytes") {
  const TempFolder folder;
  const Sample sample = every_kind();
  write_safetensors(folder / "with.safetensors", sample.tensors());
  CHECK(sha256_file(folder / "with.safetensors") == "cf46cdc51329a79864795e51fa19c4640571ac89686caf3ba2fa661d5e045113");
  write_safetensors(folder / "without.safetensors", sample.tensors(), {});
  CHECK(sha256_file(folder / "without.safetensors") == "d63059d9ecf662f2f8ecfebf0539f32d3550b8dd760f9a5a2a8c03ef9c348945");
  write_safetensors(folder / "none.safetensors", {});
  CHECK(read_text(folder / "none.safetensors") == std::string(" \0\0\0\0\0\0\0", 8) + R"({"__metadata__":{"format":"pt"}})");
}

TEST_CASE("safetensors puts larger alignments first, then names in order, in a header padded to 8 bytes") {
  const TempFolder folder;
  Sample sample;
  sample.add("a", DType::kU8, {1});
  sample.add("c", DType::kF32, {1});
  sample.add("b", DType::kF32, {1});
  sample.add("z", DType::kI64, {1});
  write_safetensors(folder / "x.safetensors", sample.tensors(), {});
  const std::string file = read_text(folder / "x.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  CHECK(length % 8 == 0);
  const std::string header = file.substr(8, length);
  CHECK(header.substr(0, header.find_last_not_of(' ') + 1) ==
        R"({"z":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
        R"("c":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"a":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}})");
}

TEST_CASE("safetensors refuses to write what would not be read") {
  const TempFolder folder;
  Sample sample;
  sample.add("a", DType::kF32, {2});
  const TensorView good = sample.tensors().at("a");
  const auto write = [&](const std::string& name, const TensorView& tensor) {
    write_safetensors(folder / "x.safetensors", {{name, tensor}});
  };
  CHECK_NOTHROW(write("a", good));
  CHECK_THROWS_AS(write("__metadata__", good), std::logic_error);
  CHECK_THROWS_AS(write(std::string("a\0b", 3), good), std::logic_error);
  CHECK_THROWS_AS(write("\xFF", good), std::logic_error);
  CHECK_THROWS_AS(write(std::string(1025, 'n'), good), std::logic_error);
  CHECK_THROWS_AS(write("a", TensorView{DType::kF32, {3}, good.bytes}), std::logic_error);
  CHECK_THROWS_AS(write("a", TensorView{DType::kF32, {-2}, good.bytes}), std::logic_error);
  CHECK_THROWS_AS(write("a", TensorView{DType::kF32, {std::int64_t{1} << 62, 8}, good.bytes}), std::logic_error);
}

TEST_CASE("a header of 100,000 tensors is written and read in a moment") {
  const TempFolder folder;
  std::map<std::string, TensorView> tensors;
  for (int i = 0; i < 100'000; ++i) tensors["tensor." + std::to_string(i)] = {DType::kF32, {0}, {}};
  const auto start = std::chrono::steady_clock::now();
  write_safetensors(folder / "x.safetensors", tensors);
  CHECK(SafetensorsReader(folder / "x.safetensors").tensors().size() == 100'000);
  // Quadratic look-ups of keys take minutes; under the sanitizers on a busy machine this takes a few seconds.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("shards are read as one set of tensors") {
  const TempFolder folder;
  Sample first, second;
  first.add("a", DType::kF32, {2});
  second.add("b", DType::kI64, {1});
  write_safetensors(folder / "model-00001-of-00002.safetensors", first.tensors());
  write_safetensors(folder / "model-00002-of-00002.safetensors", second.tensors());
  write_text(
      folder / "model.safetensors.index.json",
      R"({"metadata":{"total_size":16},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}})");
  const auto reader = SafetensorsReader::open_folder(folder.path());
  REQUIRE(reader.tensors().size() == 2);
  CHECK(reader.tensors().at("a").bytes.size() == 8);
  CHECK(reader.tensors().at("b").dtype == DType::kI64);
  CHECK(reader.metadata().at("format") == "pt");
}

TEST_CASE("a model folder's single file comes before its index") {
  const TempFolder folder;
  Sample sample;
  sample.add("a", DType::kF32, {2});
  write_safetensors(folder / "model.safetensors", sample.tensors());
  write_text(folder / "model.safetensors.index.json", "not JSON");
  CHECK(SafetensorsReader::open_folder(folder.path()).tensors().size() == 1);
}

TEST_CASE("a folder without safetensors is refused with what to do") {
  const TempFolder folder;
  std::string hint;
  CHECK(message_of_opening(folder.path()).find("model.safetensors.index.json") != std::string::npos);
  write_text(folder / "pytorch_model.bin", "");
  CHECK(message_of_opening(folder.path(), &hint).find("pytorch_model.bin") != std::string::npos);
  CHECK(hint.find("python3 -c") != std::string::npos);
  CHECK(hint.find("weights_only=True") != std::string::npos);
  CHECK(hint.find('\n') == std::string::npos);
  CHECK(hint.ends_with("'" + folder.path().string() + "'"));
  CHECK(message_of_opening(folder / "absent").find("no such folder") != std::string::npos);
  CHECK(message_of_opening(folder / "pytorch_model.bin").find("expected a model folder") != std::string::npos);
}

TEST_CASE("the conversion line quotes any folder name for the shell") {
  const TempFolder folder;
  const auto odd = folder / "it's; $(touch x)";
  std::filesystem::create_directory(odd);
  write_text(odd / "pytorch_model.bin", "");
  std::string hint;
  message_of_opening(odd, &hint);
  CHECK(hint.ends_with("/it'\\''s; $(touch x)'"));
}

TEST_CASE("a moved safetensors reader keeps its tensors") {
  const TempFolder folder;
  const Sample sample = every_kind();
  write_safetensors(folder / "x.safetensors", sample.tensors());
  SafetensorsReader first(folder / "x.safetensors");
  const SafetensorsReader second = std::move(first);
  CHECK(second.tensors().at("z").bytes[250] == std::byte{250});
}

}  // namespace attend
