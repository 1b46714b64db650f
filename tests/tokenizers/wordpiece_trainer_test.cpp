#include "tokenizers/wordpiece_trainer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <set>

#include "core/random.h"
#include "tests/support/captured_stderr.h"
#include "tests/tokenizers/small_wordpiece.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;
using Catch::Contains;

/// The lines of vocab.txt learnt from a text.
Strings learnt(const std::string& text, const WordPieceVocabularyConfig& vocabulary, Casing casing = Casing::kLower) {
  const TempFolder folder;
  write_text(folder / "text", text);
  std::int64_t size = 0;
  captured_stderr(
      [&] { size = train_wordpiece_tokenizer({.files = {folder / "text"}, .vocabulary = vocabulary, .casing = casing}, folder / "t"); });
  const Strings pieces = lines_of(read_text(folder / "t/vocab.txt"));
  CHECK(size == static_cast<std::int64_t>(pieces.size()));
  return pieces;
}

std::string refusal(const std::string& text, const WordPieceVocabularyConfig& vocabulary) {
  return user_error_of([&] { learnt(text, vocabulary); });
}

TEST_CASE("special tokens, characters, continuations, then the most frequent pairs") {
  // ab: a ##b 5 times, then ab ##c 3 times; "d" stands alone and is never continued.
  const Strings pieces = learnt("ab ab abc abc\nABC d\n", {.vocab_size = 100});
  CHECK(pieces == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "##b", "##c", "ab", "abc"});
}

TEST_CASE("of pairs seen as often the one whose pieces were known first is joined first") {
  // ##b ##c, ##c ##d and a ##b are all seen twice: a (5) is the first of all.
  const Strings pieces = learnt("abcd abcd", {.vocab_size = 13});
  CHECK(pieces == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "##b", "##c", "##d", "ab"});
}

TEST_CASE("what is joined twice in a word is counted anew") {
  // x ##a ##a ##a ##a: ##a ##a is seen 3 times a word, joined from the left twice.
  const Strings pieces = learnt("xaaaa xaaaa", {.vocab_size = 100});
  CHECK(pieces == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "x", "##a", "##aa", "xaa", "xaaaa"});
}

TEST_CASE("a pair seen once is not joined unless asked for") {
  CHECK(learnt("ab cd cd", {.vocab_size = 100}).back() == "cd");
  CHECK(learnt("ab cd cd", {.vocab_size = 100, .min_frequency = 1}).back() == "ab");
  CHECK(learnt("ab cd cd", {.vocab_size = 100, .min_frequency = 3}).back() == "##d");
}

TEST_CASE("learning stops at the size asked for") {
  CHECK(learnt("abcd abcd abcd", {.vocab_size = 14}).size() == 14);
  CHECK(learnt("abcd abcd abcd", {.vocab_size = 12}).size() == 12);
}

TEST_CASE("case and accents are kept where they are asked for") {
  const Strings kept = learnt("\u00c9a \u00c9a", {.vocab_size = 100}, Casing::kKeep);
  CHECK(kept == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "\u00c9", "##a", "\u00c9a"});
  CHECK(learnt("\u00c9a \u00c9a", {.vocab_size = 100}).back() == "ea");
}

TEST_CASE("rare characters beyond the alphabet get no piece, and words with them teach nothing") {
  const Strings pieces = learnt("ab ab zb zb ac", {.vocab_size = 100, .limit_alphabet = 2});
  CHECK(pieces == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b", "ab"});
}

TEST_CASE("words over 100 characters teach nothing") {
  const std::string word(101, 'a');
  CHECK(learnt(word + " " + word + " b", {.vocab_size = 100}) == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "b"});
}

TEST_CASE("punctuation and ideographs are words") {
  const Strings pieces = learnt("a.b a.b \u4e2d\u56fd\u4e2d\u56fd", {.vocab_size = 100});
  CHECK(pieces == Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "a", "b", "\u4e2d", "\u56fd"});
}

TEST_CASE("a text that is too small gives a smaller vocabulary, with a warning") {
  const TempFolder folder;
  write_text(folder / "text", "ab ab\n");
  const std::string logged = captured_stderr([&] {
    set_log_level(LogLevel::kNormal);
    CHECK(train_wordpiece_tokenizer({.files = {folder / "text"}, .vocabulary = {.vocab_size = 50}}, folder / "t") == 9);
    set_log_level(LogLevel::kQuiet);
  });
  CHECK_THAT(logged, Contains("the text yields a vocabulary of 9 ids; 50 were asked for"));
}

TEST_CASE("what cannot be learnt is refused with a sentence") {
  CHECK_THAT(refusal("", {}), Contains("is empty; expected text, a sentence a line"));
  CHECK_THAT(refusal("\n\n", {}), Contains("is empty"));
  CHECK_THAT(refusal("good\nb\xff", {}), Contains("text, line 2: not valid UTF-8"));
  CHECK(refusal("ab", {.vocab_size = 5}) ==
        "a vocabulary of 5 ids was asked for; expected more than the 5 special tokens, at most 16000000");
  CHECK(refusal("ab", {.vocab_size = 7}) ==
        "a vocabulary of 7 ids was asked for; the special tokens and the text's characters, with and without ##, are 8");
  CHECK(refusal("ab", {.min_frequency = 0}) == "the minimum frequency is 0; expected 1 or more");
  CHECK(refusal("ab", {.limit_alphabet = 0}) == "the alphabet is 0; expected 1 or more");
  CHECK(user_error_of([] { train_wordpiece_tokenizer({}, "nowhere"); }) == "no text to learn a vocabulary from");
  CHECK_THAT(user_error_of([] { train_wordpiece_tokenizer({.files = {"no-such-file"}}, "nowhere"); }), Contains("no-such-file"));
  CHECK_THAT(user_error_of([] { train_wordpiece_tokenizer({.files = {"-"}}, "nowhere"); }), Contains("standard input"));
}

TEST_CASE("the folder is ready to use, depends on nothing but the arguments, and files are one text") {
  const TempFolder folder;
  const std::string text = small_text(false);
  write_text(folder / "all", text);
  write_text(folder / "half1", text.substr(0, text.find('\n', text.size() / 2) + 1));
  write_text(folder / "half2", text.substr(text.find('\n', text.size() / 2) + 1));
  train_wordpiece_tokenizer({.files = {folder / "all"}, .vocabulary = {.vocab_size = 120}}, folder / "one");
  train_wordpiece_tokenizer({.files = {folder / "half2", folder / "half1"}, .vocabulary = {.vocab_size = 120}}, folder / "two");
  for (const char* file : {"vocab.txt", "tokenizer_config.json"})
    CHECK(read_text(folder / "one" / file) == read_text(folder / "two" / file));
  const WordPieceTokenizer tokenizer(folder / "one");
  CHECK(tokenizer.pad_id() == 0);
  CHECK(tokenizer.mask_id() == 4);
  CHECK(tokenizer.max_length() == 512);
  for (const std::string& line : lines_of(text)) {
    const std::vector<std::int32_t> ids = tokenizer.encode(line);
    CHECK(std::find(ids.begin(), ids.end(), tokenizer.unk_id()) == ids.end());
    std::string lowered = line;
    for (char& letter : lowered) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    CHECK(tokenizer.decode(ids) == lowered);
  }
}

/// Joins by recounting everything each time, to hold the learner against.
Strings learnt_slowly(const Strings& words, std::size_t size) {
  Strings pieces{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  std::set<char> starts, continuations;
  for (const std::string& word : words)
    for (std::size_t i = 0; i < word.size(); ++i) {
      starts.insert(word[i]);
      if (i > 0) continuations.insert(word[i]);
    }
  for (const char letter : starts) pieces.emplace_back(1, letter);
  for (const char letter : continuations) pieces.push_back(std::string("##") + letter);
  const auto id_of = [&](const std::string& piece) { return std::find(pieces.begin(), pieces.end(), piece) - pieces.begin(); };
  std::vector<Strings> cut;
  for (const std::string& word : words) {
    cut.emplace_back();
    for (std::size_t i = 0; i < word.size(); ++i) cut.back().push_back((i > 0 ? "##" : "") + std::string(1, word[i]));
  }
  while (pieces.size() < size) {
    std::map<std::pair<std::ptrdiff_t, std::ptrdiff_t>, int> counts;
    for (const Strings& word : cut)
      for (std::size_t i = 1; i < word.size(); ++i) ++counts[{id_of(word[i - 1]), id_of(word[i])}];
    auto best = counts.begin();
    for (auto at = counts.begin(); at != counts.end(); ++at)
      if (at->second > best->second) best = at;
    if (best == counts.end() || best->second < 2) break;
    const std::string first = pieces[static_cast<std::size_t>(best->first.first)],
                      second = pieces[static_cast<std::size_t>(best->first.second)];
    const std::string joined = first + second.substr(2);
    if (std::find(pieces.begin(), pieces.end(), joined) == pieces.end()) pieces.push_back(joined);
    for (Strings& word : cut)
      for (std::size_t i = 1; i < word.size(); ++i)
        if (word[i - 1] == first && word[i] == second) {
          word[i - 1] = joined;
          word.erase(word.begin() + static_cast<std::ptrdiff_t>(i));
        }
  }
  return pieces;
}

TEST_CASE("property: the vocabulary is what counting all pairs anew each time gives") {
  for (std::uint64_t round = 0; round < 60; ++round) {
    RandomStream stream(3, "wordpiece-trainer-test", {round});
    Strings words;
    std::string text;
    for (int i = 0; i < 40; ++i) {
      std::string word;
      for (std::uint64_t length = 1 + stream.below(7); word.size() < length;) word += static_cast<char>('a' + stream.below(1 + round % 4));
      words.push_back(word);
      text += word + (i % 5 == 4 ? "\n" : " ");
    }
    INFO(text);
    CHECK(learnt(text, {.vocab_size = 30}) == learnt_slowly(words, 30));
  }
}

TEST_CASE("learning takes time about linear in the text") {
  std::string text;
  RandomStream stream(4, "wordpiece-trainer-time");
  for (int i = 0; i < 60'000; ++i) {
    for (std::uint64_t length = 3 + stream.below(8); length > 0; --length) text += static_cast<char>('a' + stream.below(26));
    text += i % 12 ? ' ' : '\n';
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(learnt(text, {.vocab_size = 5000}).size() == 5000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

/// `count` different ideographs from U+4E00 on, the i-th so often that the first are the most frequent.
std::string ideographs(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    for (int times = i < count / 2 ? 3 : 2; times > 0; --times) append_utf8(text, U'\u4e00' + static_cast<char32_t>(i));
  return text + "\n";
}

std::string told(const std::string& text, const WordPieceVocabularyConfig& vocabulary) {
  const TempFolder folder;
  write_text(folder / "text", text);
  return captured_stderr([&] {
    set_log_level(LogLevel::kNormal);
    train_wordpiece_tokenizer({.files = {folder / "text"}, .vocabulary = vocabulary}, folder / "t");
    set_log_level(LogLevel::kQuiet);
  });
}

TEST_CASE("ids that are free go to characters beyond the usual alphabet, the most frequent first") {
  const std::string text = ideographs(1200);
  CHECK(learnt(text, {.vocab_size = 5000}).size() == 5 + 1200);
  const Strings full = learnt(text, {.vocab_size = 1105});
  CHECK(full.size() == 1105);
  CHECK(full.back() == "\u524b");                                                    // the 1,100th
  CHECK(learnt(text, {.vocab_size = 5000, .limit_alphabet = 1000}).size() == 1005);  // a limit that was asked for holds
  // Where the character stands in words decides which forms it gets.
  CHECK(learnt(ideographs(1000) + ideographs(1000) + "xy z\n", {.vocab_size = 5000}).size() == 5 + 1000 + 3);
}

TEST_CASE("how many words stay unknown is told, with the flag that changes it") {
  CHECK_THAT(told(ideographs(1200), {.vocab_size = 1005}),
             Contains("warning: the vocabulary, of the text's words: ") && Contains("(400 of 3000)") &&
                 Contains("raise --limit-alphabet (it is 1000)") && Contains("--vocab-size (1005)"));
  CHECK_THAT(told(ideographs(1200), {.vocab_size = 5000, .limit_alphabet = 600}),
             Contains("(1200 of 3000)") && Contains("raise --limit-alphabet (it is 600)") && !Contains("and --vocab-size"));
  CHECK_THAT(told(ideographs(1200), {.vocab_size = 5000}), !Contains("unknown to the tokenizer"));
}

}  // namespace
}  // namespace attend
