// attend verify: folders that are whole, and each way in which one is not.
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <span>

#include "core/atomic_file.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace fs = std::filesystem;

namespace {

const fs::path kModel = fs::path(ATTEND_SOURCE_DIR) / "tests/fixtures/gpt_text";

/// The fixture as a folder with a manifest.
fs::path whole_folder(const fs::path& path) {
  write_folder_atomically(path, [](const fs::path& folder) { fs::copy(kModel, folder, fs::copy_options::recursive); });
  return path;
}

void flip_a_bit(const fs::path& file, std::streamoff from_end) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(-from_end, std::ios::end);
  const int byte = stream.get();
  stream.seekp(-from_end, std::ios::end);
  stream.put(static_cast<char>(byte ^ 1));
}

/// The fixture's weights, with another first tensor: its name.
std::string write_weights(const fs::path& file, std::vector<std::int64_t> shape, float first_number) {
  const SafetensorsReader reader(kModel / "model.safetensors");
  std::map<std::string, TensorView> tensors = reader.tensors();
  auto& [name, view] = *tensors.begin();
  std::vector<std::byte> bytes(view.bytes.begin(), view.bytes.end());
  std::memcpy(bytes.data(), &first_number, sizeof first_number);
  if (!shape.empty()) view.shape = std::move(shape);
  std::size_t numbers = 1;
  for (const std::int64_t size : view.shape) numbers *= static_cast<std::size_t>(size);
  view.bytes = std::span(bytes).first(numbers * sizeof first_number);
  write_safetensors(file, tensors);
  return name;
}

Outcome verify(const fs::path& folder) { return run({"verify", folder.string()}); }

/// The faults that `verify` prints, and exit code 2.
std::string faults(const fs::path& folder) {
  const Outcome outcome = verify(folder);
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.err, Contains(" in 1 of 1 folder"));
  return outcome.out;
}

}  // namespace

TEST_CASE("verify says that a folder is whole, and what it looked at") {
  const TempFolder folder;
  const Outcome bare = verify(kModel);
  CHECK(bare.code == 0);
  CHECK_THAT(bare.out, Contains("none: there are no sizes and hashes") && Contains("all finite") && Contains("GPT2LMHeadModel") &&
                           Contains("ids, the model has") && Contains("whole"));
  const Outcome outcome = run({"verify", "--json", whole_folder(folder / "model").string()});
  CHECK(outcome.code == 0);
  const Json report = parse_json(outcome.out, "verify");
  CHECK(report["whole"] == true);
  CHECK(report["checks"].size() == 4);
}

TEST_CASE("verify names the file with a flipped bit, a missing one, and one that was cut") {
  const TempFolder folder;
  const fs::path model = whole_folder(folder / "model");
  flip_a_bit(model / "model.safetensors", 1);  // of the last number: still a number
  CHECK_THAT(faults(model), Contains("model.safetensors has another SHA-256") && Contains("all finite"));
  fs::remove(model / "generation_config.json");
  CHECK_THAT(faults(model), Contains("generation_config.json is missing"));
  whole_folder(model);
  fs::resize_file(model / "model.safetensors", fs::file_size(model / "model.safetensors") - 4);
  CHECK_THAT(faults(model), Contains("bytes; the manifest says"));
  whole_folder(model);
  write_text(model / "manifest.json", "{\"files\": ");
  CHECK_THAT(faults(model), Contains("manifest.json"));
}

TEST_CASE("verify names the tensor with NaN, the one of another shape, and a tokenizer that does not fit") {
  const TempFolder folder;
  const fs::path model = folder / "model";
  fs::copy(kModel, model, fs::copy_options::recursive);
  fs::remove(model / "model.safetensors");
  const std::string name = write_weights(model / "model.safetensors", {}, std::numeric_limits<float>::quiet_NaN());
  CHECK_THAT(faults(model), Contains(name + " has 1 of ") && Contains("NaN"));
  write_weights(model / "model.safetensors", {3}, 0);
  CHECK_THAT(faults(model), Contains(name));

  fs::copy(kModel / "model.safetensors", model / "model.safetensors", fs::copy_options::overwrite_existing);
  fs::remove(model / "tokenizer.json");
  CHECK_THAT(faults(model), Contains("holds no tokenizer"));
}

TEST_CASE("verify looks at a run's checkpoints, and names the one at fault") {
  const TempFolder folder;
  write_text(folder / "text.txt", std::string(400, 'a') + " b c d e f\n" + std::string(200, 'b') + "\n");
  const fs::path output = folder / "run";
  const Outcome trained = run({"pretrain",
                               "gpt",
                               "--train",
                               (folder / "text.txt").string(),
                               "--valid-fraction",
                               "0.2",
                               "--output",
                               output.string(),
                               "--preset",
                               "tiny",
                               "--set",
                               "max_positions=32",
                               "--max-length",
                               "32",
                               "--tokenizer-model",
                               "char",
                               "--batch-size",
                               "2",
                               "--steps",
                               "3",
                               "--save-every",
                               "1",
                               "--threads",
                               "1",
                               "-q"});
  REQUIRE(trained.code == 0);
  const Outcome outcome = verify(output);
  INFO(outcome.out << outcome.err);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, Contains("step-1\n") && Contains("step-3\n") && Contains("step 2\n") && Contains("sizes and SHA-256"));

  flip_a_bit(output / "checkpoints/step-2/optimizer.safetensors", 1);
  const Outcome flipped = verify(output);
  CHECK(flipped.code == 2);
  CHECK_THAT(flipped.err, Contains("1 fault in 1 of 4 folders"));
  CHECK_THAT(flipped.out, Contains("FAULT: optimizer.safetensors has another SHA-256"));
}

TEST_CASE("verify refuses what is no folder of a model") {
  const TempFolder folder;
  CHECK_THAT(verify(folder / "nowhere").err, Contains("there is no such folder"));
  const Outcome empty = verify(folder.path());
  CHECK(empty.code == 2);
  CHECK_THAT(empty.err, Contains("no config.json and no checkpoints"));
}
