// Weights as git and training wrappers leave them.
#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <set>

#include "core/json.h"
#include "core/log.h"
#include "core/safetensors.h"
#include "core/text.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

constexpr const char* kPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

/// A folder whose tensors have these names.
void write_named(const TempFolder& folder, const std::vector<std::string>& names) {
  static constexpr std::array<std::byte, 4> kZero{};
  std::map<std::string, TensorView> tensors;
  for (const std::string& name : names) tensors[name] = {DType::kF32, {1}, kZero};
  write_safetensors(folder / "model.safetensors", tensors);
}

std::set<std::string> names_in(const TempFolder& folder) {
  std::set<std::string> names;
  const SafetensorsReader file = SafetensorsReader::open_folder(folder.path());
  for (const auto& [name, view] : file.tensors()) names.insert(name);
  return names;
}

}  // namespace

TEST_CASE("a pointer of git-lfs is called what it is, wherever it lies") {
  const TempFolder folder;
  for (const char* file : {"model.safetensors", "config.json", "vocab.txt"}) write_text(folder / file, kPointer);
  const auto check_told = [](const std::string& refusal, const std::string& file) {
    CHECK_THAT(refusal, Contains(file + " is a pointer of git-lfs") && Contains("git lfs pull"));
  };
  check_told(refusal_of([&] { SafetensorsReader::open_folder(folder.path()); }), "model.safetensors");
  check_told(refusal_of([&] { read_json_file(folder / "config.json"); }), "config.json");
  check_told(refusal_of([&] { read_file(folder / "vocab.txt", 1000); }), "vocab.txt");
  write_text(folder / "text.txt", "version 1 of https://git-lfs.github.com/spec/\n");
  CHECK(read_file(folder / "text.txt", 1000).size() == 46);
}

TEST_CASE("what torch.compile and DataParallel put before names is taken off, and told") {
  set_log_level(LogLevel::kNormal);
  const std::set<std::string> plain{"bert.a.weight", "cls.b"};
  const TempFolder folder;
  const auto read_as_plain = [&](const std::vector<std::string>& names) {
    write_named(folder, names);
    std::set<std::string> found;
    const std::string log = captured_stderr([&] { found = names_in(folder); });
    CHECK_THAT(log, Contains("torch.compile"));
    return found == plain;
  };
  CHECK(read_as_plain({"_orig_mod.bert.a.weight", "_orig_mod.cls.b"}));
  CHECK(read_as_plain({"module.bert.a.weight", "module.cls.b"}));
  CHECK(read_as_plain({"module._orig_mod.bert.a.weight", "module._orig_mod.cls.b"}));
  CHECK(read_as_plain({"_orig_mod.module.bert.a.weight", "_orig_mod.module.cls.b"}));
  CHECK(read_as_plain({"bert._orig_mod.a.weight", "cls.b"}));  // a part that was compiled alone
  write_named(folder, {"bert.a.weight", "cls.b"});
  CHECK(captured_stderr([&] { names_in(folder); }).empty());
}

TEST_CASE("names that only look wrapped stay as they are, and two that become one are refused") {
  const TempFolder folder;
  write_named(folder, {"module.a", "b", "x_orig_mod.c"});
  CHECK(names_in(folder) == std::set<std::string>{"module.a", "b", "x_orig_mod.c"});
  write_named(folder, {"a", "_orig_mod.a"});
  CHECK_THAT(refusal_of([&] { SafetensorsReader::open_folder(folder.path()); }), Contains("a is there twice"));
}

}  // namespace attend
