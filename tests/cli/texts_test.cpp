// Texts as people have them: in pipes, compressed, in other scripts and encodings.
#include <sys/stat.h>

#include <algorithm>
#include <tuple>

#include "core/text.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

Arguments pretrain_bert(const fs::path& text, const fs::path& output, const Arguments& more = {}) {
  return Arguments{"pretrain", "bert", "--train", text.string(), "--output",     output.string(),
                   "--preset", "tiny", "--steps", "2",           "--batch-size", "2"} +
         more;
}

std::string english() {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "the dog sleeps in the garden .\nthe cat sees the dog .\n\n";
  return text;
}

/// `count` different ideographs in sentences of two lines a document.
std::string chinese(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    append_utf8(text, U'\u4e00' + static_cast<char32_t>(i));
    append_utf8(text, U'\u4e00' + static_cast<char32_t>(i * 7 % 50));
    if (i % 10 == 9) text += i % 20 == 19 ? "\n\n" : "\n";
  }
  return text;
}

std::string utf16(const std::string& text) {
  std::string bytes = "\xff\xfe";
  for (const char c : text) bytes += std::string{c, '\0'};
  return bytes;
}

}  // namespace

TEST_CASE("a named pipe is refused at once by what reads twice, and nobody waits for its writer") {
  const TempFolder folder;
  const fs::path pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  write_text(folder / "text", english());
  const std::string text = (folder / "text").string(), output = (folder / "run").string();
  const Arguments commands[]{
      pretrain_bert(pipe, output),
      pretrain_bert(text, output, {"--valid", pipe.string()}),
      {"pretrain", "gpt", "--train", pipe.string(), "--output", output},
      {"pretrain", "transformer", "--train-source", text, "--train-target", pipe.string(), "--output", output},
      {"finetune", "classify", "--model", "m", "--train", pipe.string(), "--text", "0", "--label", "1", "--output", output},
      {"finetune", "tag", "--model", "m", "--train", pipe.string(), "--output", output},
      {"finetune", "answer", "--model", "m", "--train", pipe.string(), "--output", output},
      {"finetune", "lm", "--model", "m", "--train", pipe.string(), "--output", output},
      {"finetune", "translate", "--model", "m", "--train-source", pipe.string(), "--train-target", text, "--output", output},
      {"tokenizer", "train", "--output", output, pipe.string()},
      {"tokenizer", "train", "--type", "byte-bpe", "--output", output, pipe.string()},
  };
  for (const Arguments& command : commands) {
    INFO(command[0] << " " << command[1]);
    const Outcome outcome = run(command);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Contains("can be read once only") && Contains("zcat x.gz > x.txt"));
  }
  CHECK_FALSE(fs::exists(folder / "run"));
}

TEST_CASE("compressed texts and UTF-16 are named, with the command that converts them") {
  const TempFolder folder;
  write_text(folder / "x.gz", "\x1f\x8b\x08 more");
  write_text(folder / "x.txt", utf16(english()));
  for (const auto& [file, what, command] :
       {std::tuple{"x.gz", "compressed with gzip", "zcat "}, std::tuple{"x.txt", "UTF-16", "iconv -f UTF-16 -t UTF-8 "}})
    for (const char* kind : {"bert", "gpt"}) {
      const std::string path = (folder / file).string();
      const Outcome outcome = run({"pretrain", kind, "--train", path, "--output", (folder / "run").string(), "--preset", "tiny"});
      INFO(outcome.err);
      CHECK(outcome.code == 2);
      CHECK_THAT(outcome.err, Contains(path + " is " + what) && Contains(command + path + " > text"));
    }
}

TEST_CASE("Chinese with more characters than the usual alphabet gets the ids that are free, and what stays unknown is told") {
  const TempFolder folder;
  write_text(folder / "zh", chinese(1400));
  const Outcome free = run(pretrain_bert(folder / "zh", folder / "free", {"--vocab-size", "2000"}));
  INFO(free.err);
  REQUIRE(free.code == 0);
  const std::string pieces = read_text(folder / "free/vocab.txt");
  CHECK(std::count(pieces.begin(), pieces.end(), '\n') == 5 + 1400);
  CHECK_THAT(free.err, !Contains("unknown to the tokenizer"));
  const Outcome limited = run(pretrain_bert(folder / "zh", folder / "limited", {"--vocab-size", "2000", "--limit-alphabet", "500"}));
  REQUIRE(limited.code == 0);
  CHECK_THAT(limited.err, Contains("of the tokens are unknown to the tokenizer") && Contains("raise --limit-alphabet (it is 500)"));
  CHECK_THAT(read_text(folder / "limited/run.toml"), Contains("limit_alphabet = 500"));
  const std::string learnt = (folder / "free").string();
  const Outcome refused = run(pretrain_bert(folder / "zh", folder / "x", {"--tokenizer", learnt, "--limit-alphabet", "500"}));
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("--limit-alphabet"));
}

TEST_CASE("a text in another script is warned of in training and by the filters, once") {
  const TempFolder folder;
  write_text(folder / "text", english());
  REQUIRE(run(pretrain_bert(folder / "text", folder / "bert", {"--vocab-size", "100"})).code == 0);
  const std::string bert = (folder / "bert").string(), cyrillic = "кошка лодка стол дом\nрыба дождь карта ночь\n\n";
  write_text(folder / "cyr", english() + cyrillic + cyrillic + cyrillic);
  const Outcome trained = run({"pretrain", "bert", "--model", bert, "--train", (folder / "cyr").string(), "--output",
                               (folder / "more").string(), "--steps", "2", "--batch-size", "2"});
  INFO(trained.err);
  CHECK(trained.code == 0);
  CHECK_THAT(trained.err, Contains("of the tokens are unknown to the tokenizer (24 of"));
  const Outcome embedded = run({"embed", "--model", bert}, "the dog\n" + cyrillic);
  CHECK(embedded.code == 0);
  CHECK_THAT(embedded.err, Contains("line 2: 4 of its 4 tokens are unknown") && !Contains("line 3:"));
  const Outcome filled = run({"fill-mask", "--model", bert}, "кошка лодка стол [MASK]\n");
  CHECK_THAT(filled.err, Contains("line 1: 3 of its 4 tokens are unknown"));
  const Outcome judged = run({"next-sentence", "--model", bert}, "кошка лодка\tстол дом\n");
  CHECK_THAT(judged.err, Contains("line 1: 4 of its 4 tokens are unknown"));
  write_text(folder / "t.tsv", "кошка лодка\ta\nдом рыба\tb\nкошка дом\ta\n");
  const Outcome tuned = run({"finetune", "classify", "--model", bert, "--train", (folder / "t.tsv").string(), "--text", "0", "--label", "1",
                             "--output", (folder / "tuned").string(), "--steps", "1"});
  INFO(tuned.err);
  CHECK(tuned.code == 0);
  CHECK_THAT(tuned.err, Contains("100.0 % of the tokens are unknown"));
  const Outcome labelled = run({"classify", "--model", (folder / "tuned").string()}, "the dog\nкошка лодка стол\n");
  CHECK_THAT(labelled.err, Contains("line 2: 3 of its 3 tokens are unknown") && !Contains("line 1:"));
}

TEST_CASE("a paragraph a line with next sentences: the share that is never read is told, with the flags that help") {
  const TempFolder folder;
  std::string paragraphs;
  for (int document = 0; document < 4; ++document) {
    for (int line = 0; line < 2; ++line) {
      for (int i = 0; i < 30; ++i) paragraphs += "The dog sleeps in the garden. ";
      paragraphs += "\n";
    }
    paragraphs += "\n";
  }
  write_text(folder / "text", paragraphs);
  const Arguments sizes{"--vocab-size", "100", "--max-length", "32"};
  const Outcome lost = run(pretrain_bert(folder / "text", folder / "lost", sizes));
  INFO(lost.err);
  CHECK(lost.code == 0);
  CHECK_THAT(lost.err, Contains("no epoch reads 86 % of the text") && Contains("add --split-sentences") && Contains("--no-next-sentence"));
  for (const char* flag : {"--split-sentences", "--no-next-sentence"})
    CHECK_THAT(run(pretrain_bert(folder / "text", folder / flag, sizes + Arguments{flag})).err, !Contains("no epoch reads"));
}

TEST_CASE("training files of unequal length are told before a vocabulary is learnt") {
  const TempFolder folder;
  write_text(folder / "a", "one\ntwo\nthree\n");
  write_text(folder / "b", "eins\nzwei\n");
  const Outcome outcome = run({"pretrain", "transformer", "--train-source", (folder / "a").string(), "--train-target",
                               (folder / "b").string(), "--output", (folder / "run").string()});
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.err, Contains("3 lines") && !Contains("learning"));
}

TEST_CASE("messages name standard input, and not the copy that is made of it") {
  const TempFolder folder;
  write_text(folder / "text", english());
  REQUIRE(run({"pretrain", "gpt", "--train", (folder / "text").string(), "--output", (folder / "gpt").string(), "--preset", "tiny",
               "--steps", "1", "--max-length", "16", "--vocab-size", "300", "--batch-size", "1"})
              .code == 0);
  const Outcome bad = run({"evaluate", "lm", "--model", (folder / "gpt").string(), "--data", "-"}, "good\nb\xff\n");
  CHECK(bad.code == 2);
  CHECK_THAT(bad.err, Contains("error: standard input, line 2: not valid UTF-8") && !Contains("attend-evaluate"));
}
