#include "data/table.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "core/log.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/support/standard_input.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

/// Rows as "text/pair/label@line", each closed by ";".
std::string rows_of(TableReader& reader) {
  std::string shown;
  for (LabelledText row; reader.next(row);)
    shown += std::string(row.text) + "/" + std::string(row.text_pair) + "/" + std::string(row.label) + "@" + std::to_string(row.line) + ";";
  return shown;
}

std::string rows_of(const std::string& table, const TextColumns& columns, const TableForm& form = {}) {
  set_log_level(LogLevel::kQuiet);
  std::istringstream in(table);
  TableReader reader(in, "x.tsv", columns, form);
  return rows_of(reader);
}

std::string refusal(const std::string& table, const TextColumns& columns, const TableForm& form = {}) {
  return refusal_of([&] { rows_of(table, columns, form); });
}

constexpr TableForm kHeader{.header = Header::kYes}, kNoHeader{.header = Header::kNo};

bool finds_header(const std::string& table, const TextColumns& columns) {
  set_log_level(LogLevel::kQuiet);
  std::istringstream in(table);
  return TableReader(in, "x.tsv", columns).has_header();
}

const TextColumns kTextLabel{.text = "0", .text_pair = "", .label = "1"};

}  // namespace

TEST_CASE("columns are taken by name or by number") {
  const std::string table = "index\tsentence1\tsentence2\tlabel\n0\ta b\tc\tyes\n1\td\te\tno\n";
  const std::string rows = "a b/c/yes@2;d/e/no@3;";
  CHECK(rows_of(table, {"sentence1", "sentence2", "label"}) == rows);
  CHECK(rows_of(table, {"sentence1", "sentence2", "label"}, kHeader) == rows);
  CHECK(rows_of(table, {"1", "2", "3"}, kHeader) == rows);
  CHECK(rows_of(table, {"1", "sentence2", "3"}) == rows);
  CHECK(rows_of(table, {"sentence2", "", ""}) == "c//@2;e//@3;");
  CHECK(rows_of(table, {"3", "", "0"}, kNoHeader) == "label//index@1;yes//0@2;no//1@3;");
  // A name that looks like a number goes before the number.
  CHECK(rows_of("1\t0\na\tb\n", {"0", "", "1"}, kHeader) == "b//a@2;");
}

TEST_CASE("quotes, carriage returns, byte-order marks and ends of files are as GLUE has them") {
  CHECK(rows_of("\" a \"b\t1\n\"c\t0\n", kTextLabel) == "\" a \"b//1@1;\"c//0@2;");
  CHECK(rows_of("a\t1\r\nb\t0\r\n", kTextLabel) == "a//1@1;b//0@2;");
  CHECK(rows_of("\xEF\xBB\xBFtext\tlabel\na\t1\n", {"text", "", "label"}) == "a//1@2;");
  CHECK(rows_of("a\t1\nb\t0", kTextLabel) == "a//1@1;b//0@2;");
  CHECK(rows_of("a\t1\nb\t0\n\n\r\n", kTextLabel) == "a//1@1;b//0@2;");
  CHECK(rows_of(" a \t1\n\t0\n", kTextLabel) == " a //1@1;//0@2;");  // spaces stay, a text may be empty
  CHECK(rows_of("a\n\nb\n", {"0", "", ""}) == "a//@1;//@2;b//@3;");  // one column: a blank line is an empty text
}

TEST_CASE("a header is found where the lines below tell it apart") {
  // A column of numbers below a word.
  CHECK(finds_header("text\tscore\na\t1.5\n", kTextLabel));
  CHECK(finds_header("id\ttext\n1\ta\n2\tb\n", {"1", "", ""}));
  // Labels that repeat, of which the first line's is none.
  CHECK(finds_header("text\tlabel\na\tgood\nb\tgood\n", kTextLabel));
  CHECK(finds_header("text\tlabel\na\tgood\nb\tbad\nc\tbad\nd\tgood\n", kTextLabel));
  // The first line's label stands below.
  CHECK_FALSE(finds_header("fine\tgood\na\tgood\nb\tbad\nc\tbad\nd\tgood\n", kTextLabel));
  // Too few rows to tell.
  CHECK_FALSE(finds_header("text\tlabel\na\tgood\n", kTextLabel));
  CHECK_FALSE(finds_header("text\tlabel\na\tgood\nb\tbad\n", kTextLabel));
  CHECK_FALSE(finds_header("text\tlabel\n", kTextLabel));
  // Numbers, empty and equal cells are no names.
  CHECK_FALSE(finds_header("a\t1\nb\t0\n", kTextLabel));
  CHECK_FALSE(finds_header("text\t\na\t0\n", kTextLabel));
  CHECK_FALSE(finds_header("text\ttext\na\t0\n", kTextLabel));
  CHECK_FALSE(finds_header("text\t-3e5\na\t0\n", kTextLabel));
  // Premises repeat as labels do: only the label's column is asked, where there is one.
  const std::string premises = "p1\th1\tyes\np2\th2\tno\np2\th3\tyes\np3\th4\tno\np3\th5\tno\n";
  CHECK_FALSE(finds_header(premises, {"0", "1", "2"}));
  // By name there is always one.
  CHECK(finds_header("a\t1\nb\t0\n", {"a", "", "1"}));
}

TEST_CASE("that a first line was taken as a header is said, unless columns were asked for by name") {
  const auto said = [](const TextColumns& columns) {
    return captured_stderr([&] {
      set_log_level(LogLevel::kNormal);
      std::istringstream in("text\tlabel\na\t1\n");
      TableReader reader(in, "said.tsv", columns);
      set_log_level(LogLevel::kQuiet);
    });
  };
  CHECK_THAT(said(kTextLabel), Contains("said.tsv") && Contains("header") && Contains("text\\tlabel"));
  CHECK(said({"text", "", "label"}) == "");
}

TEST_CASE("evidence beyond the lines read ahead does not count, and no row is lost") {
  std::string table = "text\tlabel\n";
  for (std::size_t i = 0; i < TableReader::kHeaderEvidenceRows; ++i) table += "a\tyes\n";
  CHECK(finds_header(table + "b\tlabel\n", kTextLabel));
  const std::string rows = rows_of(table + "b\tlabel\n", kTextLabel);
  CHECK(static_cast<std::size_t>(std::count(rows.begin(), rows.end(), ';')) == TableReader::kHeaderEvidenceRows + 1);
}

TEST_CASE("a column that is not there is answered with those that are") {
  const std::string table = "index\tsentence1\tlabel\n0\ta\tyes\n";
  CHECK_THAT(refusal(table, {"sentense1", "", "label"}),
             Contains("no column 'sentense1'") && Contains("'index', 'sentence1', 'label'") && Contains("did you mean 'sentence1'?"));
  CHECK_THAT(refusal(table, {"sentence1", "", "class"}), Contains("no column 'class'") && Contains("0 to 2"));
  CHECK_THAT(refusal(table, {"sentence1", "", "3"}), Contains("no column 3") && Contains("3 columns, 0 to 2"));
  CHECK_THAT(refusal(table, {"sentence1", "", "-1"}), Contains("no column '-1'"));
  CHECK_THAT(refusal("a\t1\n", {"text", "", "1"}, kNoHeader), Contains("'text' names no column") && Contains("--header yes"));
  CHECK_THAT(refusal("a,1\n", kTextLabel), Contains("has 1 column, 0") && Contains("TABs"));
  CHECK_THAT(refusal("text\ttext\na\tb\n", {"text", "", ""}), Contains("two columns are called 'text'"));
  CHECK_THAT(refusal(table, {"1", "", "sentence1"}), Contains("asked for twice"));
  CHECK_THAT(refusal(table, {"1", "1", ""}), Contains("asked for twice"));
  CHECK_THAT(refusal(table, {"0", "1", "1"}), Contains("asked for twice"));
  CHECK_THAT(refusal(table, {"", "", "label"}), Contains("no column of texts"));
}

TEST_CASE("a file is read as a stream is, and what is no file is refused") {
  const TempFolder folder;
  write_text(folder / "x.tsv", "text\tlabel\na\t1\n");
  const auto read = [](const std::filesystem::path& path, const TextColumns& columns) {
    TableReader reader(path, columns);
    return rows_of(reader);
  };
  CHECK(read(folder / "x.tsv", {"text", "", "label"}) == "a//1@2;");
  const StandardInput in("a\t1\nb\t0\n");
  CHECK(read("-", kTextLabel) == "a//1@1;b//0@2;");
  CHECK_THAT(refusal_of([&] { read("-", kTextLabel); }), Contains("standard input is empty"));
  CHECK_THAT(refusal_of([&] { read(folder / "absent.tsv", kTextLabel); }), Contains("absent.tsv") && Contains("no such file"));
  CHECK_THAT(refusal_of([&] { read(folder.path(), kTextLabel); }), Contains("folder"));
}

TEST_CASE("bad rows are refused with their line, or left out and counted where that is asked for") {
  // A cell with line breaks, as a spreadsheet quotes it; a blank line; a label that is missing; Latin-1.
  const std::string table = "text\tlabel\na\tyes\n\"b\nc d\n\ne\"\tno\nf\t\ng\xE9\tno\nh\ti\tno\nj\tno\n\n";
  CHECK_THAT(refusal(table, {"text", "", "label"}), Contains("line 3: 1 column; expected 2, as in line 1") && Contains("--bad-rows skip"));
  const std::string said = captured_stderr([&] {
    set_log_level(LogLevel::kNormal);
    std::istringstream in(table);
    TableReader reader(in, "broken.tsv", {"text", "", "label"}, {.bad_rows = BadRows::kSkip});
    CHECK(rows_of(reader) == "a//yes@2;e\"//no@6;j//no@10;");
    set_log_level(LogLevel::kQuiet);
  });
  CHECK(said ==
        "warning: broken.tsv: 6 of 9 rows cannot be read and are left out (--bad-rows skip); the first: broken.tsv, line 3: 1 column; "
        "expected 2, as in line 1\n");
  // A good table is read as it always was, and one without any good row is refused.
  CHECK(rows_of("a\t1\nb\t0\n\n", kTextLabel, {.bad_rows = BadRows::kSkip}) == "a//1@1;b//0@2;");
  CHECK_THAT(refusal("text\tlabel\na\nb\n", {"text", "", "label"}, {.bad_rows = BadRows::kSkip}),
             Contains("none of its 2 rows can be read; the first: x.tsv, line 2: 1 column"));
}

TEST_CASE("labels of regression are finite numbers") {
  const auto value = [](std::string_view label) { return number_label({.text = "", .text_pair = "", .label = label, .line = 7}, "x.tsv"); };
  CHECK(value("3") == 3);
  CHECK(value("-0.5") == -0.5);
  CHECK(value("+2.25e1") == 22.5);
  for (const char* label : {"", "a", "1a", "1 ", " 1", "nan", "inf", "-inf", "1e999", "0x10", "1,5", "+-1", "+", "--1"}) {
    INFO(label);
    CHECK_THAT(refusal_of([&] { value(label); }), Contains("x.tsv, line 7") && Contains("expected a number"));
  }
}

}  // namespace attend
