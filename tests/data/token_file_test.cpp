#include "data/token_file.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "core/error.h"
#include "core/random.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

const std::string kKey = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";

std::vector<Ids> random_sentences(std::size_t count, std::int64_t vocab_size) {
  RandomStream stream(1, "sentences");
  std::vector<Ids> sentences(count);
  for (Ids& ids : sentences) {
    ids.resize(stream.below(30));
    for (std::int32_t& id : ids) id = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(vocab_size)));
  }
  return sentences;
}

void write(const fs::path& path, const std::vector<Ids>& sentences, std::int64_t vocab_size) {
  TokenFileWriter writer(path, {vocab_size, kKey});
  for (const Ids& ids : sentences) writer.append(ids);
  writer.commit();
}

TEST_CASE("sentences come back as they were written, in two bytes an id or four") {
  const TempFolder folder;
  for (const std::int64_t vocab_size : {100, 65536, 65537, 2'000'000}) {
    const auto sentences = random_sentences(1001, vocab_size);
    write(folder / "tokens", sentences, vocab_size);
    const TokenFile file(folder / "tokens");
    REQUIRE(file.size() == sentences.size());
    CHECK(file.vocab_size() == vocab_size);
    CHECK(file.key() == kKey);
    std::uint64_t tokens = 0;
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      std::vector<std::int64_t> ids{-7};  // appended behind what is there
      file.append_to(ids, i);
      CHECK(ids.front() == -7);
      CHECK(Ids(ids.begin() + 1, ids.end()) == sentences[i]);
      CHECK(file.length(i) == static_cast<std::int64_t>(sentences[i].size()));
      tokens += sentences[i].size();
    }
    CHECK(file.num_tokens() == tokens);
    const std::uint64_t element = vocab_size <= 65536 ? 2 : 4;
    CHECK(fs::file_size(folder / "tokens") == 64 + (tokens * element + 7) / 8 * 8 + 8 * (sentences.size() + 1) + 24);
  }
}

TEST_CASE("more than the writer's buffers hold") {
  const TempFolder folder;
  const auto sentences = random_sentences(200'000, 50'000);
  write(folder / "tokens", sentences, 50'000);
  const TokenFile file(folder / "tokens");
  REQUIRE(file.size() == sentences.size());
  for (std::size_t i = 0; i < sentences.size(); i += 997) {
    std::vector<std::int64_t> ids;
    file.append_to(ids, i);
    CHECK(Ids(ids.begin(), ids.end()) == sentences[i]);
  }
}

TEST_CASE("a file of no sentences is a file") {
  const TempFolder folder;
  write(folder / "tokens", {}, 10);
  CHECK(TokenFile(folder / "tokens").size() == 0);
  CHECK_THROWS_AS(TokenFile(folder / "tokens").length(0), std::out_of_range);
}

TEST_CASE("nothing appears before commit, and nothing is left when it never comes") {
  const TempFolder folder;
  {
    TokenFileWriter writer(folder / "tokens", {10, kKey});
    writer.append(Ids{1, 2, 3});
    CHECK_FALSE(fs::exists(folder / "tokens"));
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("an id outside the vocabulary is our mistake") {
  const TempFolder folder;
  TokenFileWriter writer(folder / "tokens", {10, kKey});
  CHECK_THROWS_AS(writer.append(Ids{10}), std::out_of_range);
  CHECK_THROWS_AS(writer.append(Ids{-1}), std::out_of_range);
  CHECK_THROWS_AS(TokenFileWriter(folder / "other", {10, "abc"}), std::invalid_argument);
}

TEST_CASE("a file cut short anywhere, or not a token file, is refused") {
  const TempFolder folder;
  write(folder / "tokens", random_sentences(20, 100), 100);
  const std::string whole = read_text(folder / "tokens");
  for (std::size_t size = 0; size < whole.size(); size += 5) {
    write_text(folder / "cut", whole.substr(0, size));
    CHECK_THROWS_AS(TokenFile(folder / "cut"), UserError);
  }
  CHECK_THROWS_AS(TokenFile(folder / "none"), UserError);

  struct Change {
    std::size_t at;
    std::uint64_t value;
    std::size_t bytes;
  };
  const std::size_t end = whole.size();
  const Change changes[]{{0, 'X', 1},
                         {8, 2, 4},
                         {12, 3, 4},
                         {16, std::uint64_t{1} << 40, 8},
                         {end - 24, 21, 8},
                         {end - 24, ~0ull, 8},
                         {end - 24, ~0ull / 8, 8},
                         {end - 16, 3, 8},
                         {end - 16, ~0ull, 8},
                         {end - 16, ~0ull / 2 + 2, 8},
                         {end - 8, 'X', 1}};
  for (const Change& change : changes) {
    std::string damaged = whole;
    std::memcpy(damaged.data() + change.at, &change.value, change.bytes);
    write_text(folder / "damaged", damaged);
    INFO("byte " << change.at << " set to " << change.value);
    CHECK_THROWS_AS(TokenFile(folder / "damaged"), UserError);
  }
}

TEST_CASE("offsets and ids that lead astray are refused when they are read") {
  const TempFolder folder;
  write(folder / "tokens", {{1, 2, 3}, {4, 5}, {6}}, 100);
  const std::string whole = read_text(folder / "tokens");
  const std::size_t offsets = 64 + 16;  // six ids of two bytes, padded
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{7}, ~std::uint64_t{0}}) {
    std::string damaged = whole;
    std::memcpy(damaged.data() + offsets + 2 * 8, &value, 8);  // where sentence 1 ends and sentence 2 begins
    write_text(folder / "damaged", damaged);
    const TokenFile file(folder / "damaged");
    CHECK(file.length(0) == 3);
    std::vector<std::int64_t> ids;
    CHECK_THROWS_AS(file.append_to(ids, 1), UserError);
  }
  std::string damaged = whole;
  damaged[64] = 100;  // not below the vocabulary's size
  write_text(folder / "damaged", damaged);
  std::vector<std::int64_t> ids;
  CHECK_THROWS_AS(TokenFile(folder / "damaged").append_to(ids, 0), UserError);
}

TEST_CASE("a full disk is a storage error") {
  if (!fs::exists("/dev/full")) return;
  CHECK_THROWS_AS(TokenFileWriter("/dev/full", {10, kKey}), StorageError);
}

TEST_CASE("a writer that cannot begin leaves no file open") {
  const TempFolder folder;
  const auto open_files = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_files();
  for (int i = 0; i < 5; ++i) CHECK_THROWS(TokenFileWriter(folder / "tokens", {100, "no key"}));
  CHECK(open_files() == before);
}

}  // namespace
}  // namespace attend
