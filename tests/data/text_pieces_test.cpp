#include "data/text_pieces.h"

#include <catch2/catch.hpp>

#include "core/random.h"
#include "core/text.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Pieces = std::vector<TextPiece>;
using EndOfFile = TextPieceReader::EndOfFile;

/// The documents of a text: what lies between two ends, pieces joined; without empty ones at the end.
struct Documents {
  std::vector<std::string> texts;
  std::size_t num_pieces = 0;
};

Documents documents_of(std::vector<TextSlice> slices, const TextPieceReader::Options& options) {
  TextPieceReader reader(std::move(slices), options);
  Documents documents{.texts = {""}};
  for (Pieces pieces = reader.next(); !pieces.empty(); pieces = reader.next())
    for (const TextPiece& piece : pieces) {
      documents.texts.back() += piece.text;
      ++documents.num_pieces;
      if (piece.ends_document) documents.texts.emplace_back();
    }
  while (!documents.texts.empty() && documents.texts.back().empty()) documents.texts.pop_back();
  return documents;
}

/// Of one file, in small blocks and pieces, so that every border is met.
std::vector<std::string> documents_of(const std::string& text, std::size_t block_bytes = 16, std::size_t piece_bytes = 4) {
  const TempFolder folder;
  write_text(folder / "a.txt", text);
  return documents_of(whole_files({folder / "a.txt"}), {.marker = "<|end|>", .block_bytes = block_bytes, .piece_bytes = piece_bytes}).texts;
}

/// A text of words, spaces, line breaks, wide characters and markers.
std::string random_text(RandomStream& random, std::size_t parts) {
  const std::vector<std::string> choices{"a", "word", "'s",     " ",      "  ",      "\n",    "\n\n", "\r\n", "\t",
                                         ".", "ü",    "\u3000", "\u00a0", "<|end|>", "<|end", "|>",   "日本", "😀"};
  std::string text;
  for (std::size_t i = 0; i < parts; ++i) text += choices[random.below(choices.size())];
  return text;
}

/// What TextPieceReader is to do, on a text in memory.
std::vector<std::string> split_at_markers(std::string_view text) {
  std::vector<std::string> documents;
  while (true) {
    const std::size_t end = text.find("<|end|>");
    documents.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 7);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : text.starts_with("\n") ? 1 : 0);
  }
  return documents;
}

TEST_CASE("a text is one document, and the marker ends one, with the line break after it") {
  CHECK(documents_of("one\n\n two\r\n") == std::vector<std::string>{"one\n\n two\r\n"});
  CHECK(documents_of("one\n<|end|>\ntwo\n<|end|>\r\nthree<|end|> four\n<|end|>") ==
        std::vector<std::string>{"one\n", "two\n", "three", " four\n"});
  CHECK(documents_of("one<|end|>\n\ntwo") == std::vector<std::string>{"one", "\ntwo"});  // one line break, not all
  CHECK(documents_of("one<|end|><|end|>two") == std::vector<std::string>{"one", "", "two"});
  CHECK(documents_of("\xEF\xBB\xBFone") == std::vector<std::string>{"one"});
  CHECK(documents_of("one <|end two") == std::vector<std::string>{"one <|end two"});
}

TEST_CASE("documents are the same wherever blocks and pieces end") {
  RandomStream random(1, "texts");
  for (int round = 0; round < 200; ++round) {
    const std::string text = "x" + random_text(random, 60);
    std::vector<std::string> expected = split_at_markers(text);
    while (expected.back().empty()) expected.pop_back();
    for (const std::size_t block : {1, 7, 64, 4096}) {
      INFO(excerpt(text, 400));
      REQUIRE(documents_of(text, block, 1 + random.below(20)) == expected);
    }
  }
}

TEST_CASE("long texts come in pieces of about the size asked for") {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "word " + std::to_string(i) + (i % 9 == 0 ? "\n" : " ");
  write_text(folder / "a.txt", text);
  const Documents read = documents_of(whole_files({folder / "a.txt"}), {.block_bytes = 10'000, .piece_bytes = 1000});
  CHECK(read.texts == std::vector<std::string>{text});
  CHECK(read.num_pieces > text.size() / 1100);
  CHECK(read.num_pieces < text.size() / 800);  // a block ends with what is left
}

TEST_CASE("lines that end with CR LF are cut where they end, with no space in them") {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "\u65e5\u672c" + std::to_string(i) + "\r\n";
  write_text(folder / "a.txt", text);
  const Documents read = documents_of(whole_files({folder / "a.txt"}), {.block_bytes = 10'000, .piece_bytes = 1000});
  CHECK(read.texts == std::vector<std::string>{text});
  CHECK(read.num_pieces > text.size() / 1200);
}

TEST_CASE("the end of a file ends a document, or adds nothing") {
  const TempFolder folder;
  write_text(folder / "a.txt", "one");
  write_text(folder / "b.txt", "two<|end|>");
  write_text(folder / "c.txt", "\nthree");
  const auto files = whole_files({folder / "a.txt", folder / "b.txt", folder / "c.txt"});
  CHECK(documents_of(files, {.marker = "<|end|>"}).texts == std::vector<std::string>{"one", "two", "", "\nthree"});
  CHECK(documents_of(files, {.marker = "<|end|>", .end_of_file = EndOfFile::kGoesOn}).texts ==
        std::vector<std::string>{"onetwo", "\nthree"});
  CHECK(documents_of(files, {.end_of_file = EndOfFile::kGoesOn}).texts == std::vector<std::string>{"onetwo<|end|>\nthree"});
}

TEST_CASE("bytes, characters and words are counted, and what is not UTF-8 is found with its line") {
  const TempFolder folder;
  write_text(folder / "a.txt", "Ein schöner\u00a0Tag,\n\n 😀 ");
  CHECK(count_text(folder / "a.txt") == TextCounts{.bytes = 26, .characters = 21, .words = 4});
  std::string text = "x";
  while (text.size() < (1u << 20) - 2) text += "ab\n";
  write_text(folder / "b.txt", text + "😀" + text);  // lies across two parts that are read
  CHECK(count_text(folder / "b.txt").characters == 2 * text.size() + 1);
  for (const char* bad : {"a\nb\xff", "a\nb\xf0\x9f\x98", "a\n\xc3(", "a\n\xed\xa0\x80"}) {
    write_text(folder / "c.txt", bad);
    CHECK_THAT(refusal_of([&] { count_text(folder / "c.txt"); }), Catch::Contains("c.txt, line 2") && Catch::Contains("UTF-8"));
  }
  CHECK_THAT(refusal_of([&] { count_text(folder / "absent.txt"); }), Catch::Contains("no such file"));
  CHECK_THAT(refusal_of([&] { count_text(folder.path()); }), Catch::Contains("is a folder"));
}

TEST_CASE("the last part of a text's characters is kept apart, whatever files they lie in") {
  const TempFolder folder;
  write_text(folder / "a.txt", "äöüß");
  write_text(folder / "b.txt", "abcdef");
  const std::vector<std::filesystem::path> files{folder / "a.txt", folder / "b.txt"};
  const auto text_of = [](const std::vector<TextSlice>& slices) {
    std::string text;
    for (const std::string& document : documents_of(slices, {.end_of_file = EndOfFile::kGoesOn}).texts) text += document;
    return text;
  };
  for (const auto& [fraction, train] :
       {std::pair{0.1, "äöüßabcde"}, std::pair{0.6, "äöüß"}, std::pair{0.75, "äö"}, std::pair{0.39, "äöüßab"}}) {
    const TextSplit split = split_text(files, fraction);
    CHECK(text_of(split.train) == train);
    CHECK(text_of(split.train) + text_of(split.valid) == "äöüßabcdef");
  }
  for (const double fraction : {0.0, 1.0, -0.5, 0.999, 1e-9})
    CHECK_THAT(refusal_of([&, fraction = fraction] { split_text(files, fraction); }),
               Catch::Contains("10 characters") || Catch::Equals(""));
  CHECK_FALSE(refusal_of([&] { split_text(files, 0); }).empty());
  CHECK_FALSE(refusal_of([&] { split_text(files, 0.999); }).empty());
}

TEST_CASE("validation text never begins within the marker that ends a document") {
  const TempFolder folder;
  const std::string text = "one<|endoftext|>two three four";
  write_text(folder / "a.txt", text);
  for (std::size_t kept = 1; kept + 1 < text.size(); ++kept) {
    const TextSplit split = split_text({folder / "a.txt"}, 1 - (static_cast<double>(kept) + 0.5) / static_cast<double>(text.size()));
    CHECK(split.valid[0].begin == (kept > 3 && kept < 16 ? 16 : kept));
    CHECK(split.train[0].end == split.valid[0].begin);
  }
}

TEST_CASE("a text that became shorter, or never has white space, is refused") {
  const TempFolder folder;
  write_text(folder / "a.txt", "one two three");
  TextPieceReader reader({{.file = folder / "a.txt", .begin = 0, .end = 100}}, {});
  CHECK_THAT(refusal_of([&] { reader.next(); }), Catch::Contains("shorter"));
  write_text(folder / "b.txt", std::string(80u << 20, 'x'));
  TextPieceReader endless(whole_files({folder / "b.txt"}), {});
  CHECK_THAT(refusal_of([&] { endless.next(); }), Catch::Contains("no place to cut it") && Catch::Contains("b.txt"));
}

TEST_CASE("a byte-order mark is counted neither as text nor as bytes") {
  const TempFolder folder;
  write_text(folder / "a.txt",
             "\xEF\xBB\xBF"
             "one two\n");
  CHECK(count_text(folder / "a.txt") == TextCounts{.bytes = 8, .characters = 8, .words = 2});
  write_text(folder / "b.txt", "\xEF\xBB\xBF\n");
  CHECK(count_text(folder / "b.txt") == TextCounts{.bytes = 1, .characters = 1, .words = 0});
  // Of eight characters the last four are kept apart, and the border lies behind the mark and the first four.
  const TextSplit split = split_text({folder / "a.txt"}, 0.5);
  REQUIRE(split.valid.size() == 1);
  CHECK(split.valid[0].begin == 7);
  CHECK(split.train[0].end == 7);
}

TEST_CASE("a compressed text is named as such") {
  const TempFolder folder;
  write_text(folder / "x.gz", "\x1f\x8b\x08 and more");
  CHECK_THAT(refusal_of([&] { count_text(folder / "x.gz"); }), Catch::Contains("x.gz is compressed with gzip") && Catch::Contains("zcat"));
}

}  // namespace
}  // namespace attend
