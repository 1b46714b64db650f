// GLUE's, SST-2's and WNUT-17's own files, read whole, against counts and hashes made in another way (scripts/make_task_data_fixtures.py).
#include <catch2/catch.hpp>

#include <span>

#include "core/atomic_file.h"
#include "core/json.h"
#include "core/log.h"
#include "data/conll.h"
#include "data/label_set.h"
#include "data/table.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

fs::path shared_data() { return fs::path(ATTEND_SOURCE_DIR) / "../shared/data"; }

/// The fixture's entries whose files are there.
std::vector<Json> entries(const char* kind) {
  const Json fixture = read_json_file(fs::path(ATTEND_SOURCE_DIR) / "tests/fixtures/task_data.json");
  std::vector<Json> there;
  for (const Json& entry : fixture.at(kind)) {
    const fs::path path = shared_data() / entry.at("file").get<std::string>();
    if (fs::exists(path))
      there.push_back(entry);
    else
      WARN("skipped: " << path.string() << " is not there");
  }
  return there;
}

std::string sha256_of(const std::string& text) { return sha256_hex(std::as_bytes(std::span(text))); }

TextColumns columns_of(const Json& three) {
  return {.text = three.at(0).get<std::string>(), .text_pair = three.at(1).get<std::string>(), .label = three.at(2).get<std::string>()};
}

void check_table(const Json& entry, const TextColumns& columns, Header header) {
  const fs::path path = shared_data() / entry.at("file").get<std::string>();
  TableReader reader(path, columns, {.header = header});
  std::string all;
  std::map<std::string, std::int64_t> labels;
  LabelCollector collector;
  std::size_t num_rows = 0;
  std::uint64_t last_line = 0;
  for (LabelledText row; reader.next(row); ++num_rows) {
    all.append(row.text).append("\t").append(row.text_pair).append("\t").append(row.label).append("\n");
    ++labels[std::string(row.label)];
    collector.add({row.label, reader.name(), row.line});
    last_line = row.line;
  }
  REQUIRE(num_rows == entry.at("rows").get<std::size_t>());
  CHECK(sha256_of(all) == entry.at("sha256").get<std::string>());
  CHECK(labels == entry.at("labels").get<std::map<std::string, std::int64_t>>());
  CHECK(collector.labels(reader.name()).size() == labels.size());
  CHECK(last_line == num_rows + (entry.at("names").is_null() ? 0 : 1));
}

}  // namespace

TEST_CASE("GLUE's and SST-2's tables are read whole, by name and by number, and the header is found") {
  set_log_level(LogLevel::kQuiet);
  for (const Json& entry : entries("tables")) {
    INFO(entry.at("file").get<std::string>());
    const bool has_header = !entry.at("names").is_null();
    const TextColumns numbers = columns_of(entry.at("numbers"));
    check_table(entry, numbers, Header::kAuto);
    check_table(entry, numbers, has_header ? Header::kYes : Header::kNo);
    if (has_header) check_table(entry, columns_of(entry.at("names")), Header::kAuto);
    if (has_header) check_table(entry, columns_of(entry.at("names")), Header::kYes);
    TextColumns without_label = numbers;
    without_label.label.clear();
    TableReader reader(shared_data() / entry.at("file").get<std::string>(), without_label);
    CHECK(reader.has_header() == has_header);
  }
}

TEST_CASE("WNUT-17 is read whole") {
  for (const Json& entry : entries("conll")) {
    INFO(entry.at("file").get<std::string>());
    ConllReader reader(shared_data() / entry.at("file").get<std::string>());
    std::string all;
    std::size_t tokens = 0, outside = 0, sentences = 0;
    LabelCollector collector;
    for (TaggedSentence sentence; reader.next(sentence); ++sentences) {
      REQUIRE(sentence.tokens.size() == sentence.tags.size());
      for (std::size_t i = 0; i < sentence.tokens.size(); ++i) {
        all += sentence.tokens[i] + "\t" + sentence.tags[i] + "\n";
        outside += sentence.tags[i] == "O";
        collector.add({sentence.tags[i], "wnut", sentence.lines[i]});
      }
      all += "\n";
      tokens += sentence.tokens.size();
    }
    CHECK(sentences == entry.at("sentences").get<std::size_t>());
    CHECK(tokens == entry.at("tokens").get<std::size_t>());
    CHECK(outside == entry.at("outside").get<std::size_t>());
    CHECK(collector.labels("wnut").size() == entry.at("tags").get<std::size_t>());
    CHECK(sha256_of(all) == entry.at("sha256").get<std::string>());
  }
}

}  // namespace attend
