#include "data/document_corpus.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/data/toy_corpus.h"
#include "tests/support/captured_stderr.h"
#include "tests/tokenizers/small_text.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Sentence = std::vector<std::int64_t>;
using Documents = std::vector<std::vector<Sentence>>;

struct Work {
  TempFolder folder;
  ToyTokenizer tokenizer{100'000};
  DocumentText text{{folder / "a.txt"}};
  Work() { set_log_level(LogLevel::kQuiet); }
  std::shared_ptr<const DocumentCorpus> prepare(const std::string& fingerprint = "toy") const {
    return prepare_documents(text, {tokenizer, fingerprint}, folder / "data");
  }
  std::string refusal() const {
    return user_error_of([&] { prepare(); });
  }
};

Documents content_of(const DocumentCorpus& corpus) {
  Documents documents(corpus.size());
  for (std::uint64_t i = 0; i < corpus.size(); ++i)
    for (std::uint64_t sentence = corpus.document(i).begin; sentence < corpus.document(i).end; ++sentence)
      corpus.sentences().append_to(documents[i].emplace_back(), sentence);
  return documents;
}

std::size_t files_in(const fs::path& folder) {
  return fs::exists(folder) ? static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {})) : 0;
}

TEST_CASE("a line is a sentence, a blank line or the end of a file ends a document") {
  Work work;
  write_text(work.folder / "a.txt", "\xEF\xBB\xBF\n\n1 2 3\r\n4\n\n \t \n\n5 6\n");
  write_text(work.folder / "b.txt", "7\n8 9");  // no line break at the end
  work.text.files.push_back(work.folder / "b.txt");
  const auto corpus = work.prepare();
  CHECK(content_of(*corpus) == Documents{{{1, 2, 3}, {4}}, {{5, 6}}, {{7}, {8, 9}}});
  CHECK(corpus->sentences().vocab_size() == 100'000);
  CHECK(corpus->sentences().size() == 5);
}

TEST_CASE("a line of prose is a paragraph, cut into sentences of one document") {
  Work work;
  write_text(work.folder / "a.txt", "1 2. 3 4! \"5 6\n7 8. 9\n\n10. x. 11\n");
  work.text.line_holds = LineHolds::kParagraph;
  CHECK(content_of(*work.prepare()) == Documents{{{1, 2}, {3, 4}, {6}, {7, 8}, {9}}, {{10}, {11}}});
  work.text.line_holds = LineHolds::kSentence;
  CHECK(content_of(*work.prepare()) == Documents{{{1, 2, 3, 4, 6}, {7, 8, 9}}, {{10, 11}}});
}

TEST_CASE("sentences without a token are left out and counted, and documents of nothing else too") {
  Work work;
  write_text(work.folder / "a.txt", "1\nx y\n2\n\nx\n\nx\n3\n");
  std::shared_ptr<const DocumentCorpus> corpus;
  const std::string said = captured_stderr([&] { corpus = work.prepare(); });
  CHECK(content_of(*corpus) == Documents{{{1}, {2}}, {{3}}});
  CHECK_THAT(said, Catch::Contains("a.txt") && Catch::Contains("left out 3 sentences"));
}

TEST_CASE("more lines than one block holds stay in order, over several files") {
  Work work;
  Documents expected;
  std::string texts[2];
  for (int i = 0; i < 20'000; ++i) {
    if (i % 7 == 0 || i == 9'999) expected.emplace_back();
    expected.back().push_back({i});
    std::string& text = texts[i >= 9'999];
    text += (i % 7 == 0 ? "\n" : "") + std::to_string(i) + "\n";
  }
  write_text(work.folder / "a.txt", texts[0]);
  write_text(work.folder / "b.txt", texts[1]);
  work.text.files.push_back(work.folder / "b.txt");
  CHECK(content_of(*work.prepare()) == expected);
}

TEST_CASE("lines longer than a block") {
  Work work;
  std::string line;
  Sentence ids;
  for (int i = 0; i < 900'000; ++i) {
    line += std::to_string(i % 90'000) + " ";
    ids.push_back(i % 90'000);
  }
  REQUIRE(line.size() > (4u << 20));
  write_text(work.folder / "a.txt", line + "\n" + line + "\n1\n\n2\n");
  CHECK(content_of(*work.prepare()) == Documents{{ids, ids, {1}}, {{2}}});
}

TEST_CASE("prepared files are used again, until text, tokenizer or option change") {
  Work work;
  write_text(work.folder / "a.txt", "1\n2\n");
  write_text(work.folder / "b.txt", "3\n4 5\n");
  work.text.files.push_back(work.folder / "b.txt");
  work.prepare();
  REQUIRE(files_in(work.folder / "data") == 2);
  const auto made = [&] {
    fs::file_time_type newest{};
    for (const auto& entry : fs::directory_iterator(work.folder / "data")) newest = std::max(newest, entry.last_write_time());
    return newest;
  };
  const auto first = made();
  work.prepare();
  CHECK(made() == first);

  fs::last_write_time(work.folder / "b.txt", fs::last_write_time(work.folder / "b.txt") + std::chrono::seconds(5));
  work.prepare();
  CHECK(files_in(work.folder / "data") == 4);
  work.prepare("another tokenizer");
  CHECK(files_in(work.folder / "data") == 6);
  work.text.line_holds = LineHolds::kParagraph;
  work.prepare();
  CHECK(files_in(work.folder / "data") == 8);
  std::swap(work.text.files[0], work.text.files[1]);
  CHECK(content_of(*work.prepare()) == Documents{{{3}, {4, 5}}, {{1}, {2}}});
  CHECK(files_in(work.folder / "data") == 10);
}

TEST_CASE("a damaged or missing prepared file is made again, with a warning") {
  Work work;
  write_text(work.folder / "a.txt", "1 2\n3\n\n4\n");
  const Documents expected = content_of(*work.prepare());
  for (const std::string extension : {".tokens", ".documents"})
    for (const bool remove : {false, true}) {
      for (const auto& entry : fs::directory_iterator(work.folder / "data")) {
        if (entry.path().extension() != extension) continue;
        remove ? void(fs::remove(entry.path())) : fs::resize_file(entry.path(), fs::file_size(entry.path()) - 1);
      }
      const std::string said = captured_stderr([&] { CHECK(content_of(*work.prepare()) == expected); });
      if (remove)
        CHECK(said.empty());
      else
        CHECK_THAT(said, Catch::Contains(extension + " is not a whole") && Catch::Contains("made again"));
    }
}

TEST_CASE("an index of other tokens is refused") {
  const TempFolder folder;
  make_documents(folder, {{1, 1}, {1}});
  make_documents(folder, {{1, 1}, {1, 1}});
  std::vector<fs::path> tokens, documents;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    (entry.path().extension() == ".tokens" ? tokens : documents).push_back(entry.path());
  std::sort(tokens.begin(), tokens.end());
  std::sort(documents.begin(), documents.end());
  CHECK_NOTHROW(DocumentCorpus(tokens[0], documents[0]));
  CHECK_THROWS_AS(DocumentCorpus(tokens[0], documents[1]), UserError);
  CHECK_THROWS_AS(DocumentCorpus(documents[0], tokens[0]), UserError);
}

TEST_CASE("what is wrong with documents is said, and nothing is left behind") {
  Work work;
  CHECK_THAT(work.refusal(), Catch::Contains("a.txt") && Catch::Contains("no such file"));
  write_text(work.folder / "a.txt", "");
  CHECK_THAT(work.refusal(), Catch::Contains("a.txt is empty"));
  write_text(work.folder / "a.txt", "\n \n\t\n\r\n");
  CHECK_THAT(work.refusal(), Catch::Contains("a.txt holds nothing but blank lines"));
  write_text(work.folder / "a.txt", "1\n\n2 \xe4\n");
  CHECK_THAT(work.refusal(), Catch::Contains("a.txt, line 3") && Catch::Contains("UTF-8"));
  write_text(work.folder / "a.txt", "x\n\ny\n");
  CHECK_THAT(work.refusal(), Catch::Contains("a.txt: no sentence has a token"));
  write_text(work.folder / "a.txt", "1\n");
  write_text(work.folder / "b.txt", "\n\n");
  work.text.files.push_back(work.folder / "b.txt");
  CHECK_THAT(work.refusal(), Catch::Contains("b.txt holds nothing but blank lines"));
  work.text.files[1] = "-";
  CHECK_THAT(work.refusal(), Catch::Contains("standard input"));
  work.text.files[1] = work.folder.path();
  CHECK_THAT(work.refusal(), Catch::Contains("is a folder"));
  work.text.files.clear();
  CHECK_THAT(work.refusal(), Catch::Contains("no text was named"));
  CHECK(files_in(work.folder / "data") == 0);
}

TEST_CASE("what a tokenizer throws on a thread comes out") {
  struct Failing : ToyTokenizer {
    std::vector<std::int32_t> encode(std::string_view text) const override {
      if (text == "777") throw std::runtime_error("seven");
      return ToyTokenizer::encode(text);
    }
  };
  Work work;
  std::string text;
  for (int i = 0; i < 900; ++i) text += std::to_string(i) + "\n";
  write_text(work.folder / "a.txt", text);
  CHECK_THROWS_WITH(prepare_documents(work.text, {Failing(), "failing"}, work.folder / "data"), "seven");
  CHECK(files_in(work.folder / "data") == 0);
}

TEST_CASE("lines of other white space than ASCII's divide documents too") {
  Work work;
  write_text(work.folder / "a.txt", "1 2\n\u00A0\n3\n\u3000\u3000\n4\n5\n");
  CHECK(content_of(*work.prepare()) == Documents{{{1, 2}}, {{3}}, {{4}, {5}}});
}

TEST_CASE("where splitting finds nothing to split, that is told") {
  Work work;
  work.text.line_holds = LineHolds::kParagraph;
  const auto said = [&](const std::string& text) {
    write_text(work.folder / "a.txt", text);
    return captured_stderr([&] { work.prepare(); });
  };
  std::string lines;
  for (int i = 0; i < 30; ++i) lines += "1 2. x 3. y 4\n";
  CHECK_THAT(said(lines), Catch::Contains("--split-sentences found more than one sentence in none of 30 lines"));
  CHECK_THAT(said(lines + "1. 2\n"), Catch::Contains("in 1 of 31 lines"));
  CHECK(said("1. 2\n" + std::string("3 4\n")) == "");
  work.text.line_holds = LineHolds::kSentence;
  CHECK(said(lines) == "");
}

TEST_CASE("how much of a text is unknown is told once") {
  Work work;
  write_text(work.folder / "a.txt", "1 2 3 1\n1 5\n");
  struct Unknowing : ToyTokenizer {
    std::optional<std::int32_t> unknown_id() const override { return 1; }
  } tokenizer;
  const auto prepare = [&] { prepare_documents(work.text, {tokenizer, "unknowing"}, work.folder / "data"); };
  CHECK_THAT(captured_stderr(prepare), Catch::Contains("a.txt: 50.0 % of the tokens are unknown") && Catch::Contains("--limit-alphabet"));
  CHECK(captured_stderr(prepare) == "");  // taken as it was prepared
}

}  // namespace
}  // namespace attend
