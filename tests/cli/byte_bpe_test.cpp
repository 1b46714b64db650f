// attend tokenizer with byte-level BPE, as a shell sees it.
#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// A text of few words, `t` learnt from it, and `c`, its characters.
const fs::path& folder() {
  static const TempFolder made;
  static const fs::path path = [] {
    std::string text;
    for (int i = 0; i < 20; ++i) text += "The dog sees the bird, the bird sees a dog.\n\n";
    write_text(made / "text", text);
    const Outcome trained = run({"tokenizer", "train", "--type", "byte-bpe", "--vocab-size", "270", "--output", (made / "t").string(),
                                 (made / "text").string(), "--json", "-q"});
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    CHECK(parse_json(trained.out, "answer")["vocab_size"] == 270);
    REQUIRE(run({"tokenizer", "train", "--type", "byte-bpe", "--model", "char", "--no-end-of-text", "--output", (made / "c").string(),
                 (made / "text").string(), "-q"})
                .code == 0);
    return made.path();
  }();
  return path;
}

Outcome encode(const std::string& tokenizer, const std::string& text, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"tokenizer", "encode", "--tokenizer", (folder() / tokenizer).string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments, text);
}

Outcome decode(const std::string& ids, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"tokenizer", "decode", "--tokenizer", (folder() / "t").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments, ids);
}

void refused(const Outcome& outcome, const std::string& expected) {
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.err, Contains(expected));
}

}  // namespace

TEST_CASE("byte-level BPE: a line of pieces or ids for each line, which decode to the line") {
  const std::string text = "The bird sees \u00e9\t x  y\n\n the  dog.\n";
  const Outcome ids = encode("t", text, {"--ids"});
  CHECK(ids.code == 0);
  CHECK(decode(ids.out).out == text);
  CHECK(decode(encode("t", text).out, {"--pieces"}).out == text);
  CHECK(encode("t", "<|endoftext|>\n", {"--ids"}).out == "269\n");
  const Json json = parse_json(encode("t", " the\n", {"--json"}).out, "answer");
  CHECK(json["ids"].size() == json["pieces"].size());
}

TEST_CASE("byte-level BPE: a line break inside a text is written as \\n, with --json as it is") {
  const std::string id = "198\n";  // "\n" in GPT-2's order
  CHECK(decode(id).out == "\\n\n");
  CHECK(parse_json(decode(id, {"--json"}).out, "answer")["text"] == "\n");
}

TEST_CASE("a character model has the characters of its text, and refuses others with the line") {
  CHECK(encode("c", "dog.\n").out == "d o g .\n");
  refused(encode("c", "dog\ncat z\n"), "line 2: the text has 'c', which the tokenizer's vocabulary of 16 ids cannot spell");
}

TEST_CASE("byte-level BPE: flags of other types are refused, and so is a broken folder") {
  const TempFolder made;
  const auto train = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"tokenizer", "train", "--output", (made / "t").string(), (folder() / "text").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  refused(train({"--type", "byte-bpe", "--model", "word"}), "--model word cannot be had with --type byte-bpe");
  refused(train({"--type", "byte-bpe", "--model", "char", "--vocab-size", "100"}), "--vocab-size has no effect with --model char");
  refused(train({"--type", "byte-bpe", "--cased"}), "--cased has no effect with --type byte-bpe");
  refused(train({"--type", "wordpiece", "--no-end-of-text"}), "--no-end-of-text has no effect with --type wordpiece");
  refused(train({"--type", "byte-bpe", "--vocab-size", "100"}), "a vocabulary of 100 ids was asked for; expected 257");
  refused(encode("t", "x\n", {"--special"}), "--special has no effect");
  refused(encode("t", "x\n", {"--side", "source"}), "--side source has no effect");
  refused(decode("1\n60000\n"), "line 2: token id 60000 is not in the vocabulary");
  fs::create_directories(made / "broken");
  write_text(made / "broken/vocab.json", R"({"a": 0, "b": 1})");
  write_text(made / "broken/merges.txt", "#version: 0.2\na b\n");
  refused(run({"tokenizer", "encode", "--tokenizer", (made / "broken").string()}, "x\n"),
          "merges.txt, line 2: the merge of 'a' and 'b' needs the piece 'ab', which the vocabulary lacks");
}
