#include <limits>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "core/safetensors.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"
#include "training/average.h"

using namespace attend;

namespace {

template <class T>
TensorView view(DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), std::as_bytes(std::span(values))};
}

std::filesystem::path make_folder(const TempFolder& folder, const std::string& name, const std::map<std::string, TensorView>& tensors) {
  std::filesystem::create_directories(folder / name);
  write_safetensors(folder / name / "model.safetensors", tensors);
  write_text(folder / name / "config.json", R"({"_name_or_path": ")" + name + R"(", "num_attention_heads": 4})");
  write_text(folder / name / "trainer_state.json", "{}");
  return folder / name;
}

std::vector<float> floats(const std::filesystem::path& folder, const std::string& name) {
  const auto reader = SafetensorsReader::open_folder(folder);
  const auto bytes = reader.tensors().at(name).bytes;
  const auto* first = reinterpret_cast<const float*>(bytes.data());
  return {first, first + bytes.size() / sizeof(float)};
}

}  // namespace

TEST_CASE("The mean is taken in double precision and rounded once") {
  const TempFolder folder;
  // In float32 the large values would swallow the ones.
  const std::vector<float> a{1e8F, 1, 2}, b{1, 2, 4}, c{-1e8F, 4, 6};
  const auto one = make_folder(folder, "one", {{"w", view(DType::kF32, {3}, a)}});
  const auto two = make_folder(folder, "two", {{"w", view(DType::kF32, {3}, b)}});
  const auto three = make_folder(folder, "three", {{"w", view(DType::kF32, {3}, c)}});
  average_folders({one, two, three}, folder / "mean");
  CHECK(floats(folder / "mean", "w") == std::vector<float>{1.0F / 3, static_cast<float>(7.0 / 3), 4});
  CHECK(read_text(folder / "mean" / "config.json") == R"({"_name_or_path": "one", "num_attention_heads": 4})");
  CHECK_FALSE(std::filesystem::exists(folder / "mean" / "trainer_state.json"));
  CHECK(folder_is_complete(folder / "mean", CheckHashes::kYes));
}

TEST_CASE("The mean of one checkpoint, or of equal ones, is that checkpoint") {
  const TempFolder folder;
  const std::vector<float> a{0.1F, -3e-20F};
  const auto one = make_folder(folder, "one", {{"w", view(DType::kF32, {2}, a)}});
  average_folders({one}, folder / "mean");
  CHECK(floats(folder / "mean", "w") == a);
  average_folders({one, one, one}, folder / "mean");  // replaces what was there
  CHECK(floats(folder / "mean", "w") == a);
}

TEST_CASE("Half precision is averaged in its own type, integers must agree") {
  const TempFolder folder;
  const std::vector<std::uint16_t> one_bf16{0x3F80}, three_bf16{0x4040};  // 1 and 3
  const std::vector<std::int64_t> positions{0, 1, 2}, others{0, 1, 3};
  const auto a = make_folder(folder, "a", {{"h", view(DType::kBF16, {1}, one_bf16)}, {"p", view(DType::kI64, {3}, positions)}});
  const auto b = make_folder(folder, "b", {{"h", view(DType::kBF16, {1}, three_bf16)}, {"p", view(DType::kI64, {3}, positions)}});
  average_folders({a, b}, folder / "mean");
  const auto reader = SafetensorsReader::open_folder(folder / "mean");
  CHECK(reader.tensors().at("h").dtype == DType::kBF16);
  CHECK(*reinterpret_cast<const std::uint16_t*>(reader.tensors().at("h").bytes.data()) == 0x4000);  // 2
  const auto c = make_folder(folder, "c", {{"h", view(DType::kBF16, {1}, three_bf16)}, {"p", view(DType::kI64, {3}, others)}});
  CHECK_THROWS_WITH(average_folders({a, c}, folder / "other"), Catch::Contains("tensor 'p' differs"));
}

TEST_CASE("Checkpoints of different models are refused with the tensor's name") {
  const TempFolder folder;
  const std::vector<float> values{1, 2, 3, 4};
  const auto a = make_folder(folder, "a", {{"w", view(DType::kF32, {4}, values)}});
  const auto shape = make_folder(folder, "shape", {{"w", view(DType::kF32, {2, 2}, values)}});
  const auto name = make_folder(folder, "name", {{"v", view(DType::kF32, {4}, values)}});
  const auto more = make_folder(folder, "more", {{"w", view(DType::kF32, {4}, values)}, {"x", view(DType::kF32, {4}, values)}});
  CHECK_THROWS_WITH(average_folders({a, shape}, folder / "mean"), Catch::Contains("'w' is F32 [2, 2]") && Catch::Contains("F32 [4]"));
  CHECK_THROWS_WITH(average_folders({a, name}, folder / "mean"), Catch::Contains("no tensor 'w'"));
  CHECK_THROWS_WITH(average_folders({a, more}, folder / "mean"), Catch::Contains("tensor 'x', which"));
  CHECK_THROWS_AS(average_folders({}, folder / "mean"), UserError);
  CHECK_FALSE(std::filesystem::exists(folder / "mean"));
}

TEST_CASE("Checkpoints of equal sizes that are of different models are refused by what differs") {
  const TempFolder folder;
  const std::vector<float> values{1, 2, 3, 4};
  const auto make = [&](const std::string& name) { return make_folder(folder, name, {{"w", view(DType::kF32, {4}, values)}}); };
  const auto a = make("a"), b = make("b");
  set_log_level(LogLevel::kNormal);
  const auto refusal = [&] {
    const std::string all = refusal_of([&] { average_folders({a, b}, folder / "mean"); });
    return all.substr(0, all.find(" | give checkpoints of one run"));
  };
  const auto write_both = [&](const char* file, const std::string& of_a, const std::string& of_b) {
    write_text(a / file, of_a);
    write_text(b / file, of_b);
  };
  CHECK(refusal().empty());
  write_both("config.json", R"({"num_attention_heads": 4, "dropout": 0.1})", R"({"num_attention_heads": 2, "dropout": 0.1})");
  CHECK(refusal() == (b / "config.json").string() + ": num_attention_heads is 2; in " + a.string() + " it is 4");
  // What training or generation is told may differ; order is no difference.
  write_both("config.json", R"({"num_attention_heads": 4, "dropout": 0.1, "num_beams": 4})",
             R"({"num_beams": 1, "dropout": 0.3, "num_attention_heads": 4})");
  CHECK(refusal().empty());
  write_both("vocab.txt", "[PAD]\nthe\ncat\n", "[PAD]\nthe\ncat\n");
  CHECK(refusal().empty());
  write_both("vocab.txt", "[PAD]\nthe\ncat\n", "[PAD]\nthe\ndog\n");
  CHECK(refusal() == (b / "vocab.txt").string() + ": id 2 is 'dog'; in " + (a / "vocab.txt").string() + " it is 'cat'");
  write_both("vocab.txt", "[PAD]\nthe\n", "[PAD]\nthe\ncat\n");
  CHECK(refusal() == (b / "vocab.txt").string() + ": id 2 is 'cat'; in " + (a / "vocab.txt").string() + " it is no token");
  write_both("vocab.txt", "same\n", "same\n");
  write_both("vocab.json", R"({"a": 0, "b": 1})", R"({"b": 1, "a": 0})");
  CHECK(refusal().empty());
  write_both("vocab.json", R"({"a": 0, "b": 1})", R"({"a": 1, "b": 0})");
  CHECK(refusal() == (b / "vocab.json").string() + ": id 0 is 'b'; in " + (a / "vocab.json").string() + " it is 'a'");
  write_both("vocab.json", "{}", "{}");
  write_both("merges.txt", "a b\nb c\n", "b c\na b\n");
  CHECK(refusal() == (b / "merges.txt").string() + " is not that of " + a.string() + ": the same text has other tokens");
  std::filesystem::remove(b / "merges.txt");
  const std::string said = captured_stderr([&] { average_folders({a, b}, folder / "mean"); });
  CHECK_FALSE(said.find("only one of them has") != std::string::npos);
  write_text(a / "config.json", R"({"num_attention_heads": 4, "rotary": true, "num_beams": 4})");
  CHECK(captured_stderr([&] { average_folders({a, b}, folder / "mean"); }).find("only one of them has rotary, which") != std::string::npos);
  CHECK(said.find(b.string() + " has no merges.txt, which " + a.string() + " has") != std::string::npos);
}

TEST_CASE("A checkpoint that holds NaN or infinity is named") {
  const TempFolder folder;
  const std::vector<float> good{1, 2};
  const auto a = make_folder(folder, "a", {{"w", view(DType::kF32, {2}, good)}});
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::vector<float> bad{1, value};
    const auto b = make_folder(folder, "b", {{"w", view(DType::kF32, {2}, bad)}});
    const auto refusal = [&](const std::vector<std::filesystem::path>& folders) {
      return refusal_of([&] { average_folders(folders, folder / "mean"); });
    };
    CHECK(refusal({a, b}) == (b / "model.safetensors").string() + ": tensor 'w' holds NaN or infinity | leave this checkpoint out");
    CHECK(refusal({b, a}) == refusal({a, b}));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "mean"));
}

TEST_CASE("A folder that is given twice, or through a link, weighs once") {
  set_log_level(LogLevel::kNormal);
  const TempFolder folder;
  for (const char* name : {"step-1", "step-2", "average"}) std::filesystem::create_directories(folder / name);
  for (const char* name : {"step-1", "step-2"}) write_text(folder / name / "trainer_state.json", "{}");
  std::filesystem::create_directory_symlink("step-2", folder / "last");
  std::vector<std::filesystem::path> kept;
  const std::string said = captured_stderr([&] { kept = each_once({folder / "last", folder / "step-1", folder / "step-2"}); });
  CHECK(kept == std::vector<std::filesystem::path>{folder / "last", folder / "step-1"});
  CHECK(said.find((folder / "step-2").string() + " is " + (folder / "last").string() + " once more") != std::string::npos);
  CHECK(captured_stderr([&] { kept = each_once({folder / "step-1", folder / "step-2"}); }).empty());
  CHECK(kept.size() == 2);
  CHECK(captured_stderr([&] { each_once({folder / "average", folder / "step-2"}); }).find("average is no checkpoint") != std::string::npos);
}
