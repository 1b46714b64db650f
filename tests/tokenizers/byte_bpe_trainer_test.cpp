#include "tokenizers/byte_bpe_trainer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <map>

#include "core/random.h"
#include "tests/support/captured_stderr.h"
#include "tests/tokenizers/small_byte_bpe.h"
#include "tokenizers/gpt2_splitter.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;
using Strings = std::vector<std::string>;
using Catch::Contains;

/// Trains on a text in one file; the folder's files are there while it lives.
struct Learnt {
  TempFolder folder;
  std::int64_t size = 0;

  explicit Learnt(const std::string& text, const ByteBpeVocabularyConfig& vocabulary = {}) {
    write_text(folder / "text", text);
    captured_stderr([&] { size = train_byte_bpe_tokenizer({.files = {folder / "text"}, .vocabulary = vocabulary}, folder / "t"); });
  }
  /// The merges of merges.txt.
  Strings merges() const {
    Strings lines = lines_of(read_text(folder / "t/merges.txt"));
    CHECK(lines.front() == "#version: 0.2");
    lines.erase(lines.begin());
    return lines;
  }
  ByteBpeTokenizer tokenizer() const { return ByteBpeTokenizer(folder / "t"); }
};

std::string refusal(const std::string& text, const ByteBpeVocabularyConfig& vocabulary) {
  return user_error_of([&] { Learnt(text, vocabulary); });
}

TEST_CASE("byte-level BPE learns the most frequent pairs; bytes first, the end of text last") {
  const Learnt learnt("ab ab abc abc\n", {.vocab_size = 300});
  // "ab" in all four words, then what stands before it in three, then " ab" and "c" (one of the two has a space).
  CHECK(learnt.merges() == Strings{"a b", "\u0120 ab", "\u0120ab c"});
  CHECK(learnt.size == 260);
  CHECK(learnt.tokenizer().id_of("!") == 0);
  CHECK(learnt.tokenizer().id_of("ab") == 256);
  CHECK(learnt.tokenizer().end_of_text_id() == 259);
  CHECK(learnt.tokenizer().is_special(259));
}

TEST_CASE("byte-level BPE: of pairs seen as often the one with the lower ids is merged first") {
  CHECK(Learnt("dcba dcba", {.vocab_size = 258}).merges() == Strings{"b a"});
  CHECK(Learnt("abcd\nabcd", {.vocab_size = 258}).merges() == Strings{"a b"});
  CHECK(Learnt("aaa aaa", {.vocab_size = 300}).merges() == Strings{"a a", "aa a"});  // four pairs of a and a
}

TEST_CASE("byte-level BPE: a pair seen once is not merged unless asked for") {
  CHECK(Learnt("ab cd\ncd", {.vocab_size = 300}).merges() == Strings{"c d"});
  CHECK(Learnt("ab cd\ncd", {.vocab_size = 300, .min_frequency = 1}).merges().size() == 3);
  CHECK(Learnt("ab cd\ncd", {.vocab_size = 300, .min_frequency = 3}).merges().empty());
}

TEST_CASE("byte-level BPE: line breaks are text, and <|endoftext|> separates texts") {
  CHECK(Learnt("a  \n\nb  \n\nc  \n\n", {.vocab_size = 258}).merges().size() == 1);
  CHECK(Learnt("  \n", {.vocab_size = 400}).size == 257);  // one word, seen once
  const Learnt learnt("ab<|endoftext|>ab<|endoftext|>ab", {.vocab_size = 300});
  CHECK(learnt.merges() == Strings{"a b"});
}

TEST_CASE("byte-level BPE: without an end of text there is none, for transformers either") {
  const Learnt learnt("ab ab", {.vocab_size = 257, .end_of_text = false});
  CHECK(learnt.size == 257);
  CHECK(learnt.tokenizer().vocab_size() == 257);
  CHECK_FALSE(learnt.tokenizer().end_of_text_id().has_value());
  CHECK(read_json_file(learnt.folder / "t/tokenizer_config.json")["eos_token"].is_null());
}

TEST_CASE("a character model has the bytes that occur, in GPT-2's order, and no merges") {
  const Learnt learnt("hello\nbee", {.model = BytePieces::kChar});
  CHECK(learnt.size == 7);
  CHECK(learnt.merges().empty());
  CHECK(learnt.tokenizer().encode("hello\n<|endoftext|>") == Ids{2, 1, 3, 3, 4, 5, 6});  // b e h l o \n
  CHECK(learnt.tokenizer().decode(Ids{2, 1, 3, 3, 4, 5}) == "hello\n");
  CHECK_THAT(user_error_of([&] { learnt.tokenizer().encode("hex"); }), Contains("the text has 'x'"));
  CHECK(Learnt("hello\nbee", {.model = BytePieces::kChar, .end_of_text = false}).size == 6);
  CHECK(Learnt("\u00e9", {.model = BytePieces::kChar, .end_of_text = false}).size == 2);  // its two bytes
}

TEST_CASE("byte-level BPE: a text that is too small gives a smaller vocabulary, with a warning") {
  const TempFolder folder;
  write_text(folder / "text", "ab ab\n");
  const std::string logged = captured_stderr([&] {
    set_log_level(LogLevel::kNormal);
    CHECK(train_byte_bpe_tokenizer({.files = {folder / "text"}, .vocabulary = {.vocab_size = 500}}, folder / "t") == 258);
    set_log_level(LogLevel::kQuiet);
  });
  CHECK_THAT(logged, Contains("the text yields a vocabulary of 258 ids; 500 were asked for"));
}

TEST_CASE("byte-level BPE: what cannot be learnt is refused with a sentence") {
  CHECK_THAT(refusal("", {}), Contains("text is empty; expected text"));
  CHECK_THAT(refusal("good\nb\xff", {}), Contains("text, line 2: not valid UTF-8"));
  CHECK_THAT(refusal("ab", {.vocab_size = 256}), Contains("a vocabulary of 256 ids was asked for; expected 257 (every byte and "));
  CHECK_THAT(refusal("ab", {.vocab_size = 255, .end_of_text = false}),
             Contains("a vocabulary of 255 ids was asked for; expected 256 (every byte) to 16000000"));
  CHECK_THAT(refusal("ab", {.vocab_size = 20'000'000}), Contains("a vocabulary of 20000000 ids was asked for"));
  CHECK(refusal("ab", {.min_frequency = 0}) == "the minimum frequency is 0; expected 1 or more");
  CHECK(user_error_of([] { train_byte_bpe_tokenizer({}, "nowhere"); }) == "no text to learn a vocabulary from");
  CHECK_THAT(user_error_of([] { train_byte_bpe_tokenizer({.files = {"no-such-file"}}, "nowhere"); }), Contains("no-such-file"));
  CHECK_THAT(user_error_of([] { train_byte_bpe_tokenizer({.files = {"-"}}, "nowhere"); }), Contains("standard input"));
}

TEST_CASE("byte-level BPE: the folder depends on nothing but the arguments, and the order of files does not matter") {
  const TempFolder folder;
  const std::string text = small_text(true);
  const std::size_t middle = text.find('\n', text.size() / 2);
  write_text(folder / "all", text);
  write_text(folder / "half1", text.substr(0, middle));  // cut where words are cut
  write_text(folder / "half2", text.substr(middle));
  captured_stderr([&] {
    train_byte_bpe_tokenizer({.files = {folder / "all"}, .vocabulary = {.vocab_size = 350}}, folder / "one");
    train_byte_bpe_tokenizer({.files = {folder / "half2", folder / "half1"}, .vocabulary = {.vocab_size = 350}}, folder / "two");
  });
  for (const char* file : {"vocab.json", "merges.txt", "tokenizer_config.json"})
    CHECK(read_text(folder / "one" / file) == read_text(folder / "two" / file));
  const ByteBpeTokenizer tokenizer(folder / "one");
  CHECK(tokenizer.vocab_size() == 350);
  CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
  CHECK(tokenizer.encode(text).size() < text.size() / 2);
}

/// Merges by recounting everything each time, to hold the learner against.
Strings learnt_slowly(const std::string& text, std::size_t num_merges) {
  std::vector<Strings> words;
  for_each_gpt2_word(text, [&](std::string_view word) {
    words.emplace_back();
    for (const char byte : word) words.back().emplace_back(byte_letter(static_cast<unsigned char>(byte)));
  });
  Strings known, merges;
  for (const unsigned char byte : bytes_in_letter_order()) known.emplace_back(byte_letter(byte));
  const auto id_of = [&](const std::string& piece) { return std::find(known.begin(), known.end(), piece) - known.begin(); };
  while (merges.size() < num_merges) {
    std::map<std::pair<std::ptrdiff_t, std::ptrdiff_t>, int> counts;
    for (const Strings& word : words)
      for (std::size_t i = 1; i < word.size(); ++i) ++counts[{id_of(word[i - 1]), id_of(word[i])}];
    const auto best = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best == counts.end() || best->second < 2) break;
    const std::string first = known[static_cast<std::size_t>(best->first.first)],
                      second = known[static_cast<std::size_t>(best->first.second)];
    merges.push_back(first + " " + second);
    if (id_of(first + second) == static_cast<std::ptrdiff_t>(known.size())) known.push_back(first + second);
    for (Strings& word : words)
      for (std::size_t i = 1; i < word.size(); ++i)
        if (word[i - 1] == first && word[i] == second) {
          word[i - 1] += second;
          word.erase(word.begin() + static_cast<std::ptrdiff_t>(i));
        }
  }
  return merges;
}

TEST_CASE("property: byte-level BPE: the merges are what counting all pairs anew each time gives") {
  for (std::uint64_t round = 0; round < 40; ++round) {
    RandomStream stream(3, "byte-bpe-trainer-test", {round});
    std::string text;
    for (int i = 0; i < 200; ++i)
      text += stream.below(5) == 0 ? ' ' : stream.below(9) == 0 ? '\n' : static_cast<char>('a' + stream.below(1 + round % 4));
    INFO(text);
    const Strings slow = learnt_slowly(text, 30), fast = Learnt(text, {.vocab_size = 287}).merges();
    // Pieces made twice are merges without a new id, so the fast one may have more of them.
    REQUIRE(fast.size() >= slow.size());
    CHECK(Strings(fast.begin(), fast.begin() + static_cast<std::ptrdiff_t>(slow.size())) == slow);
  }
}

// Eight times the text may take 24 times as long, eight of them for the text and the rest for a busy machine; a quadratic way takes 64.
TEST_CASE("byte-level BPE: learning takes time about linear in the text, with or without spaces") {
  for (const bool has_spaces : {true, false}) {
    std::string text;
    RandomStream stream(4, "byte-bpe-trainer-time");
    while (text.size() < 1'600'000) {
      for (std::uint64_t length = 3 + stream.below(8); length > 0; --length) text += static_cast<char>('a' + stream.below(26));
      if (has_spaces) text += ' ';
    }
    const auto seconds_of = [](const std::string& learnt) {
      const std::clock_t start = std::clock();  // of this process alone
      CHECK(Learnt(learnt, {.vocab_size = 4000}).size == 4000);
      return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    };
    const double small = seconds_of(text.substr(0, 200'000)), large = seconds_of(text);
    INFO((has_spaces ? "with" : "without") << " spaces: " << small << " s, eight times the text " << large << " s");
    CHECK(large < 24 * small);
  }
}

}  // namespace
}  // namespace attend
