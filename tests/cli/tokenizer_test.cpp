// attend tokenizer as a shell sees it: train, encode, decode, one line out for each line in.
#include <algorithm>

#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::size_t count_lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

/// The demo's sentences, 1,000 pairs.
const fs::path& text_folder() {
  static const TempFolder folder;
  static const fs::path text = [] {
    const Outcome written = run({"demo", "--write", (folder / "text").string(), "--pairs", "1000", "-q"});
    REQUIRE(written.code == 0);
    return folder / "text";
  }();
  return text;
}

Outcome train(const fs::path& output, const std::string& model, std::vector<std::string> more = {}) {
  const std::string size = model == "word" ? "2000" : "120";  // whole words: enough for all of them
  std::vector<std::string> arguments{"tokenizer", "train", "--model", model, "--vocab-size", size, "--output", output.string()};
  if (more.empty()) more = {(text_folder() / "train.en").string(), (text_folder() / "train.de").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments);
}

}  // namespace

TEST_CASE("every kind of SentencePiece model is trained, and decodes what it encodes, a line a line") {
  const std::string seen = read_text(text_folder() / "train.en");
  const std::string text = "\n" + seen.substr(0, seen.find('\n', 100) + 1);  // an empty line, and some that were trained on
  for (const std::string model : {"unigram", "bpe", "char", "word"}) {
    INFO(model);
    TempFolder folder;
    const Outcome trained = train(folder / "t", model);
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    CHECK_THAT(trained.out, Contains("ids in"));
    const std::string tokenizer = (folder / "t").string();
    const Outcome ids = run({"tokenizer", "encode", "--tokenizer", tokenizer, "--ids"}, text);
    CHECK(ids.code == 0);
    CHECK(count_lines(ids.out) == count_lines(text));
    const Outcome back = run({"tokenizer", "decode", "--tokenizer", tokenizer}, ids.out);
    CHECK(back.out == text);
    const Outcome pieces = run({"tokenizer", "encode", "--tokenizer", tokenizer}, text);
    CHECK(run({"tokenizer", "decode", "--tokenizer", tokenizer, "--pieces"}, pieces.out).out == text);
    const Outcome json = run({"tokenizer", "encode", "--tokenizer", tokenizer, "--json"}, "The man\n");
    CHECK(parse_json(json.out, "answer").at("ids").size() == parse_json(json.out, "answer").at("pieces").size());
  }
}

TEST_CASE("two sides share one vocabulary, and each has its own pieces") {
  TempFolder folder;
  const Outcome trained = train(folder / "t", "unigram",
                                {"--source", (text_folder() / "train.en").string(), "--target", (text_folder() / "train.de").string()});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  for (const char* file : {"source.spm", "target.spm", "vocab.json", "tokenizer_config.json"}) CHECK(fs::exists(folder / "t" / file));
  const std::string tokenizer = (folder / "t").string();
  for (const std::string side : {"source", "target"}) {
    const Outcome ids = run({"tokenizer", "encode", "--tokenizer", tokenizer, "--ids", "--side", side, "--special"}, "man\n");
    CHECK(ids.code == 0);
    CHECK_THAT(ids.out, Catch::EndsWith(" 0\n"));  // the end of a sentence is id 0
  }
}

TEST_CASE("a tokenizer that is not there and ids it does not have are refused with a sentence") {
  TempFolder folder;
  const auto check = [](const Outcome& outcome, const std::string& expected) {
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Contains(expected));
  };
  REQUIRE(train(folder / "t", "char").code == 0);
  const std::string tokenizer = (folder / "t").string();
  check(run({"tokenizer", "encode", "--tokenizer", (folder / "absent").string()}, "x\n"), "there is no such file or folder");
  check(run({"tokenizer", "encode", "--tokenizer", folder.path().string()}, "x\n"), "holds no SentencePiece models");
  check(run({"tokenizer", "decode", "--tokenizer", tokenizer}, "1\n99999\n"), "line 2: token id 99999 is not in the vocabulary");
  check(run({"tokenizer", "decode", "--tokenizer", tokenizer}, "x\n"), "is not a token id");
  check(run({"tokenizer", "decode", "--tokenizer", tokenizer, "--pieces"}, "nopiece\n"), "has no piece 'nopiece'");
  check(run({"tokenizer", "train", "--output", (folder / "u").string()}), "no text to learn a vocabulary from");
  check(train(folder / "u", "char", {"--source", "x"}), "--source and --target go together");
}
