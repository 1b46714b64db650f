// attend tokenizer with BERT's WordPiece, as a shell sees it.
#include <algorithm>

#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// A text of few words, and a vocabulary of 60 ids that has each of them as one piece.
const fs::path& folder() {
  static const TempFolder made;
  static const fs::path path = [] {
    std::string text;
    for (int i = 0; i < 20; ++i) text += "The dog sees the Bird, the bird sees a dog.\n\n";
    write_text(made / "text", text);
    const Outcome trained = run({"tokenizer", "train", "--type", "wordpiece", "--vocab-size", "60", "--output", (made / "t").string(),
                                 (made / "text").string(), "--json", "-q"});
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    CHECK(parse_json(trained.out, "answer")["vocab_size"].get<int>() <= 60);
    return made.path();
  }();
  return path;
}

Outcome encode(const std::string& text, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"tokenizer", "encode", "--tokenizer", (folder() / "t").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments, text);
}

void refused(const Outcome& outcome, const std::string& expected) {
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.err, Contains(expected));
}

}  // namespace

TEST_CASE("WordPiece: pieces and ids a line a line, special tokens recognised, the template where it is asked for") {
  CHECK(encode("The BIRD, dogs!\n\n[MASK]\n").out == "the bird , dog ##s [UNK]\n\n[MASK]\n");
  CHECK(encode("dog [MASK]\n", {"--special"}).out == "[CLS] dog [MASK] [SEP]\n");
  CHECK(encode("[PAD][UNK][CLS][SEP][MASK]\n", {"--ids"}).out == "0 1 2 3 4\n");
  const Outcome json = encode("dog\n", {"--json", "--special"});
  const Json answer = parse_json(json.out, "answer");
  CHECK(answer["pieces"] == Json::array({"[CLS]", "dog", "[SEP]"}));
  CHECK(answer["type_ids"] == Json::array({0, 0, 0}));
}

TEST_CASE("WordPiece: pairs stand on either side of a tab") {
  CHECK(encode("the dog\ta bird\n", {"--pair", "--special"}).out == "[CLS] the dog [SEP] a bird [SEP]\n");
  CHECK(encode("the dog\ta bird\n", {"--pair"}).out == "the dog a bird\n");
  CHECK(encode("\n\tdog\n", {"--pair", "--special"}).out == "\n[CLS] [SEP] dog [SEP]\n");
  const Outcome json = encode("dog\tdog\n", {"--json", "--special", "--pair"});
  CHECK(parse_json(json.out, "answer")["type_ids"] == Json::array({0, 0, 0, 1, 1}));
  refused(encode("a\tb\ndog\n", {"--pair"}), "line 2: there is no tab; --pair expects two texts with a tab between them");
}

TEST_CASE("WordPiece: ids and pieces decode to the text") {
  const std::string tokenizer = (folder() / "t").string();
  const Outcome ids = encode("The dog sees a bird.\n\nthe birds\n", {"--ids", "--special"});
  CHECK(run({"tokenizer", "decode", "--tokenizer", tokenizer}, ids.out).out == "the dog sees a bird.\n\nthe birds\n");
  CHECK(run({"tokenizer", "decode", "--tokenizer", tokenizer, "--pieces"}, "the dog ##s ,\n").out == "the dogs,\n");
  refused(run({"tokenizer", "decode", "--tokenizer", tokenizer}, "1\n60000\n"), "line 2: token id 60000 is not in the vocabulary");
}

TEST_CASE("WordPiece: --cased keeps capitals") {
  const TempFolder made;
  const Outcome trained = run({"tokenizer", "train", "--type", "wordpiece", "--cased", "--vocab-size", "60", "--output",
                               (made / "t").string(), (folder() / "text").string(), "-q"});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(run({"tokenizer", "encode", "--tokenizer", (made / "t").string()}, "The Bird\n").out == "The Bird\n");
}

TEST_CASE("WordPiece: flags of the other type are refused, and so is a broken folder") {
  const TempFolder made;
  const std::string text = (folder() / "text").string(), output = (made / "t").string();
  const auto train = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"tokenizer", "train", "--output", output, text};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  refused(train({"--type", "wordpiece", "--model", "bpe"}), "--model has no effect with --type wordpiece");
  refused(train({"--type", "wordpiece", "--source-lang", "de"}), "--source-lang has no effect with --type wordpiece");
  refused(train({"--cased"}), "--cased has no effect with --type sentencepiece");
  refused(train({"--limit-alphabet", "5"}), "--limit-alphabet has no effect with --type sentencepiece");
  refused(train({"--type", "wordpice"}), "--type 'wordpice' is unknown");
  refused(train({"--type", "wordpiece", "--vocab-size", "7"}),
          "a vocabulary of 7 ids was asked for; the special tokens and the text's characters");
  refused(encode("x\n", {"--side", "source"}), "--side source has no effect");
  fs::create_directories(made / "broken");
  write_text(made / "broken/vocab.txt", "[PAD]\n[UNK]\n");
  refused(run({"tokenizer", "encode", "--tokenizer", (made / "broken").string()}, "x\n"),
          "the vocabulary lacks the classifier token '[CLS]'");
}
