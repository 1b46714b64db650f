#include "data/document_index.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

const std::string kKey = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";

void write(const fs::path& path, const std::vector<std::uint64_t>& documents) {
  DocumentIndexWriter writer(path, kKey);
  for (const std::uint64_t sentences : documents) writer.append(sentences);
  writer.commit();
}

TEST_CASE("documents come back as they were written") {
  const TempFolder folder;
  write(folder / "documents", {3, 1, 7});
  const DocumentIndex index(folder / "documents");
  REQUIRE(index.size() == 3);
  CHECK(index.num_sentences() == 11);
  CHECK(index.key() == kKey);
  CHECK((index.span(0).begin == 0 && index.span(0).end == 3));
  CHECK((index.span(1).begin == 3 && index.span(1).size() == 1));
  CHECK((index.span(2).begin == 4 && index.span(2).end == 11));
  CHECK_THROWS_AS(index.span(3), std::out_of_range);
  CHECK(fs::file_size(folder / "documents") == 64 + 4 * 8 + 24);
}

TEST_CASE("more documents than the writer's buffer holds, and none") {
  const TempFolder folder;
  write(folder / "documents", std::vector<std::uint64_t>(300'000, 2));
  const DocumentIndex index(folder / "documents");
  REQUIRE(index.size() == 300'000);
  for (std::uint64_t i = 0; i < index.size(); i += 997) CHECK((index.span(i).begin == 2 * i && index.span(i).size() == 2));
  write(folder / "none", {});
  CHECK(DocumentIndex(folder / "none").size() == 0);
  CHECK_THROWS_AS(DocumentIndex(folder / "none").span(0), std::out_of_range);
}

TEST_CASE("nothing appears before commit, and a document has sentences") {
  const TempFolder folder;
  {
    DocumentIndexWriter writer(folder / "documents", kKey);
    writer.append(1);
    CHECK_THROWS_AS(writer.append(0), std::invalid_argument);
    CHECK_FALSE(fs::exists(folder / "documents"));
  }
  CHECK(fs::is_empty(folder.path()));
  CHECK_THROWS_AS(DocumentIndexWriter(folder / "documents", "abc"), std::invalid_argument);
}

TEST_CASE("an index cut short anywhere, or not one, is refused") {
  const TempFolder folder;
  write(folder / "documents", {3, 1, 7, 2});
  const std::string whole = read_text(folder / "documents");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(folder / "cut", whole.substr(0, size));
    CHECK_THROWS_AS(DocumentIndex(folder / "cut"), UserError);
  }
  CHECK_THROWS_AS(DocumentIndex(folder / "missing"), UserError);

  struct Change {
    std::size_t at;
    std::uint64_t value;
    std::size_t bytes;
  };
  const std::size_t end = whole.size();
  const Change changes[]{
      {5, 'T', 1},       {8, 2, 4},  {12, 4, 4},        {end - 24, 3, 8}, {end - 24, 5, 8}, {end - 24, ~0ull, 8}, {end - 24, ~0ull / 8, 8},
      {end - 16, 12, 8}, {64, 1, 8}, {end - 32, 12, 8}, {end - 8, 'X', 1}};
  for (const Change& change : changes) {
    std::string damaged = whole;
    std::memcpy(damaged.data() + change.at, &change.value, change.bytes);
    write_text(folder / "damaged", damaged);
    INFO("byte " << change.at << " set to " << change.value);
    CHECK_THROWS_AS(DocumentIndex(folder / "damaged"), UserError);
  }
}

TEST_CASE("offsets that lead astray are refused when they are read") {
  const TempFolder folder;
  write(folder / "documents", {3, 1, 7});
  const std::string whole = read_text(folder / "documents");
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{12}, ~std::uint64_t{0}}) {
    std::string damaged = whole;
    std::memcpy(damaged.data() + 64 + 2 * 8, &value, 8);  // where document 1 ends and document 2 begins
    write_text(folder / "damaged", damaged);
    const DocumentIndex index(folder / "damaged");
    CHECK(index.span(0).size() == 3);
    CHECK_THROWS_WITH(index.span(1), Catch::Contains("damaged: document 1"));
  }
}

}  // namespace
}  // namespace attend
