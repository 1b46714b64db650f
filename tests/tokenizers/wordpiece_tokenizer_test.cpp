#include "tokenizers/wordpiece_tokenizer.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "core/random.h"
#include "tests/tokenizers/small_wordpiece.h"

namespace attend {
namespace {

using Ids = std::vector<std::int32_t>;
using Strings = std::vector<std::string>;
using Spans = std::vector<TextSpan>;

const WordPieceTokenizer& uncased() {
  static const TempFolder folder;
  static const WordPieceTokenizer tokenizer(write_small_wordpiece(folder / "uncased"));
  return tokenizer;
}

const WordPieceTokenizer& cased() {
  static const TempFolder folder;
  static const WordPieceTokenizer tokenizer(write_small_wordpiece(folder / "cased", R"({"do_lower_case": false})"));
  return tokenizer;
}

TEST_CASE("the longest piece is taken first, then the longest continuation") {
  CHECK(uncased().pieces("the dogs") == Strings{"the", "dog", "##s"});
  CHECK(uncased().encode("the dogs") == Ids{5, 6, 7});
  CHECK(uncased().pieces("unwanted running") == Strings{"un", "##want", "##ed", "runn", "##ing"});
  CHECK(uncased().pieces("lower lowest") == Strings{"low", "##er", "lowest"});
}

TEST_CASE("a word of which any part is unknown is unknown as a whole, at any place") {
  CHECK(uncased().pieces("unwantedX") == Strings{"[UNK]"});
  CHECK(uncased().pieces("xdog dog") == Strings{"[UNK]", "dog"});
  CHECK(uncased().pieces("\u0378") == Strings{"[UNK]"});
}

TEST_CASE("no text has no pieces") {
  for (const char* text : {"", " ", "\t\n ", "\u200b", "\u0301"}) CHECK(uncased().encode(text).empty());
  CHECK(uncased().encode_with_spans("").words.empty());
  CHECK(uncased().encode_words({}).ids.empty());
}

TEST_CASE("each punctuation mark is a word, and so is each ideograph") {
  const WordPieces found = uncased().encode_with_spans("dog,\u4e2d\u56fd.dog");
  CHECK(found.ids == Ids{6, 14, 33, 34, 18, 6});
  CHECK(found.words == Ids{0, 1, 2, 3, 4, 5});
  CHECK(found.spans == Spans{{0, 3}, {3, 4}, {4, 7}, {7, 10}, {10, 11}, {11, 14}});
}

TEST_CASE("spans are bytes of the original text, accents left out") {
  const WordPieces found = uncased().encode_with_spans("  D\u00d3GS b\u0301ae\u0301");
  CHECK(found.ids == Ids{6, 7, 20, 21, 32});
  CHECK(found.spans == Spans{{2, 6}, {6, 7}, {8, 9}, {11, 12}, {12, 13}});
  CHECK(found.words == Ids{0, 0, 1, 1, 1});
}

TEST_CASE("an unknown word's span is the whole word") {
  const WordPieces found = uncased().encode_with_spans("the \u00dfxyz, dog");
  CHECK(found.ids == Ids{5, 1, 14, 6});
  CHECK(found.spans == Spans{{0, 3}, {4, 9}, {9, 10}, {11, 14}});
}

TEST_CASE("a word of 100 characters is cut, one of 101 is unknown") {
  const std::string hundred(100, 'a');
  CHECK(uncased().encode(hundred).size() == 100);
  CHECK(uncased().encode(hundred + "a") == Ids{1});
  CHECK(uncased().encode_with_spans(hundred + "a").spans == Spans{{0, 101}});
  std::string accented = "e";  // 100 letters are left of 200 characters
  for (int i = 1; i < 100; ++i) accented += "e\u0301";
  CHECK(uncased().encode(accented).size() == 100);
  CHECK(cased().encode(accented) == Ids{1});
}

TEST_CASE("case and accents are kept where the folder says so") {
  CHECK(cased().pieces("The dog") == Strings{"[UNK]", "dog"});
  CHECK(cased().pieces("\u00e9 \u00e4\u00e4") == Strings{"\u00e9", "\u00e4", "##\u00e4"});
  CHECK(uncased().pieces("\u00e9 \u00e4\u00e4") == Strings{"e", "a", "##a"});
  CHECK_FALSE(cased().lowercases());
  CHECK(uncased().lowercases());
}

TEST_CASE("special tokens spelled in the text are recognised, in their own case only") {
  const WordPieces found = uncased().encode_with_spans("the[MASK]s [SEP]");
  CHECK(found.ids == Ids{5, 4, 27, 3});
  CHECK(found.words == Ids{0, 1, 2, 3});
  CHECK(found.spans == Spans{{0, 3}, {3, 9}, {9, 10}, {11, 16}});
  CHECK(uncased().pieces("[mask]") == Strings{"[", "mask", "]"});
}

TEST_CASE("words at hand keep their numbers, and spans lie within them") {
  const WordPieces found = uncased().encode_words({"dogs", "", "\u200b", "a,b", "[MASK]", "the dog"});
  CHECK(found.ids == Ids{6, 7, 19, 14, 20, 4, 5, 6});
  CHECK(found.words == Ids{0, 0, 3, 3, 3, 4, 5, 5});
  CHECK(found.spans == Spans{{0, 3}, {3, 4}, {0, 1}, {1, 2}, {2, 3}, {0, 6}, {0, 3}, {4, 7}});
}

TEST_CASE("the template stands around one text and around two") {
  const EncodedInput one = uncased().encode_input("the dogs");
  CHECK(one.ids == Ids{2, 5, 6, 7, 3});
  CHECK(one.type_ids == Ids{0, 0, 0, 0, 0});
  CHECK(one.words == Ids{-1, 0, 1, 1, -1});
  CHECK(one.spans == Spans{{0, 0}, {0, 3}, {4, 7}, {7, 8}, {0, 0}});
  CHECK(one.second_begin == 5);
  CHECK(one.num_removed == 0);
  const EncodedInput two = uncased().encode_input("the dogs", "a b");
  CHECK(two.ids == Ids{2, 5, 6, 7, 3, 19, 20, 3});
  CHECK(two.type_ids == Ids{0, 0, 0, 0, 0, 1, 1, 1});
  CHECK(two.words == Ids{-1, 0, 1, 1, -1, 0, 1, -1});
  CHECK(two.second_begin == 5);
  CHECK(uncased().encode_input("", "").ids == Ids{2, 3, 3});
}

/// How many pieces of texts of so many pieces stay within so many ids.
std::pair<int, int> kept(int first, int second, std::int64_t max_length, Truncation truncation) {
  std::string texts[2];
  for (int i = 0; i < first; ++i) texts[0] += "a ";
  for (int i = 0; i < second; ++i) texts[1] += "b ";
  const EncodedInput input = uncased().encode_input(texts[0], texts[1], max_length, truncation);
  CHECK(static_cast<std::int64_t>(input.ids.size()) <= max_length);
  CHECK(input.num_removed == first + second + 3 - static_cast<int>(input.ids.size()));
  return {static_cast<int>(std::count(input.ids.begin(), input.ids.end(), 19)),
          static_cast<int>(std::count(input.ids.begin(), input.ids.end(), 20))};
}

TEST_CASE("the longest text is cut first, and the one that was longer keeps the odd piece") {
  using Two = std::pair<int, int>;
  const auto longest = Truncation::kLongestFirst;
  CHECK(kept(2, 3, 8, longest) == Two{2, 3});
  CHECK(kept(2, 8, 10, longest) == Two{2, 5});
  CHECK(kept(8, 2, 10, longest) == Two{5, 2});
  CHECK(kept(4, 4, 10, longest) == Two{3, 4});
  CHECK(kept(4, 8, 10, longest) == Two{3, 4});
  CHECK(kept(8, 4, 10, longest) == Two{4, 3});
  CHECK(kept(8, 8, 10, longest) == Two{3, 4});
  CHECK(kept(8, 8, 3, longest) == Two{0, 0});
  CHECK(kept(0, 8, 10, longest) == Two{0, 7});
  CHECK(kept(5, 3, 8, Truncation::kOnlyFirst) == Two{2, 3});
  CHECK(kept(5, 3, 9, Truncation::kOnlySecond) == Two{5, 1});
  CHECK(kept(5, 3, 3, Truncation::kOnlySecond) == Two{0, 0});
  CHECK(uncased().encode_input("a a a a", std::nullopt, 4).ids == Ids{2, 19, 19, 3});
  CHECK(uncased().encode_input("a a a a", std::nullopt, 2).ids == Ids{2, 3});
}

TEST_CASE("what cannot be cut to the length is refused") {
  CHECK(user_error_of([] { uncased().encode_input("a", std::nullopt, 1); }) ==
        "a maximum length of 1 was asked for; the special tokens around the text alone are 2");
  CHECK(user_error_of([] { uncased().encode_input("a", "b", 2); }) ==
        "a maximum length of 2 was asked for; the special tokens around the text alone are 3");
  CHECK(user_error_of([] { uncased().encode_input("a", "b", -1); }).starts_with("a maximum length of -1"));
  CHECK(user_error_of([] { uncased().encode_input("a", "b b b", 6, Truncation::kOnlyFirst); }) ==
        "the text that is not to be cut has 3 pieces, and there is room for 3 in all");
  CHECK(user_error_of([] { uncased().encode_input("a a a a", std::nullopt, 4, Truncation::kOnlySecond); }) ==
        "the second text is to be cut, but there is none");
}

TEST_CASE("decoding joins continuations, cleans spaces and leaves special tokens out") {
  CHECK(uncased().decode(Ids{2, 5, 6, 7, 3, 0, 0}) == "the dogs");
  CHECK(uncased().decode(Ids{5, 6, 14, 6, 18}) == "the dog, dog.");
  CHECK(uncased().decode(Ids{6, 26, 27}) == "dog ' s");  // piece by piece: the mark stands alone
  CHECK(uncased().decode(Ids{37, 38, 40}) == "do not!");
  CHECK(uncased().decode(Ids{7, 5}) == "##s the");  // nothing to join to
  CHECK(uncased().decode(Ids{}) == "");
  CHECK(uncased().decode(Ids{2, 3}) == "");
  CHECK(user_error_of([] { uncased().decode(Ids{43}); }) == "token id 43 is not in the vocabulary; expected 0 to 42");
  CHECK(user_error_of([] { uncased().decode(Ids{-1}); }).starts_with("token id -1"));
}

TEST_CASE("the whole text is cleaned once more where the folder asks for it") {
  const TempFolder folder;
  const WordPieceTokenizer tokenizer(write_small_wordpiece(folder / "t", R"({"clean_up_tokenization_spaces": true})"));
  CHECK(tokenizer.decode(Ids{6, 26, 27}) == "dog's");
}

TEST_CASE("ids, pieces and what they are") {
  CHECK(uncased().vocab_size() == 43);
  CHECK(uncased().pad_id() == 0);
  CHECK(uncased().unk_id() == 1);
  CHECK(uncased().cls_id() == 2);
  CHECK(uncased().sep_id() == 3);
  CHECK(uncased().mask_id() == 4);
  CHECK(uncased().id_of("##ing") == 13);
  CHECK_FALSE(uncased().id_of("ing"));
  CHECK(uncased().piece(13) == "##ing");
  CHECK(uncased().is_continuation(13));
  CHECK_FALSE(uncased().is_continuation(5));
  CHECK(uncased().is_special(4));
  CHECK_FALSE(uncased().is_special(5));
  CHECK(uncased().max_length() == 0);
}

TEST_CASE("a vocabulary may lack [MASK], and its spelling is then plain text") {
  const TempFolder folder;
  write_text(folder / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[\n]\nmask\n");
  const WordPieceTokenizer tokenizer(folder.path());
  CHECK_FALSE(tokenizer.mask_id());
  CHECK(tokenizer.pieces("[MASK]") == Strings{"[", "mask", "]"});
}

TEST_CASE("fingerprints tell apart what gives other ids, and nothing else") {
  CHECK(uncased().fingerprint().size() == 64);
  CHECK(uncased().fingerprint() != cased().fingerprint());
  const TempFolder folder;
  CHECK(WordPieceTokenizer(write_small_wordpiece(folder / "same", R"({"model_max_length": 512})")).fingerprint() ==
        uncased().fingerprint());
  write_small_wordpiece(folder / "other");
  write_text(folder / "other/vocab.txt", small_vocabulary() + "more\n");
  CHECK(WordPieceTokenizer(folder / "other").fingerprint() != uncased().fingerprint());
}

TEST_CASE("a megabyte without a space, of marks, or of long words takes linear time") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(uncased().encode(std::string(1 << 20, 'a')) == Ids{1});
  std::string words;
  for (int i = 0; i < 10'000; ++i) words += std::string(100, i % 2 ? 'a' : 'b') + " ";
  CHECK(uncased().encode(words).size() == 1'000'000);
  CHECK(uncased().encode(std::string(1 << 20, '[')).size() == 1 << 20);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("property: spans and words agree with the ids, and a text of known words comes back") {
  const Strings words{"the", "dogs", "unwanted", "running", "lowest", "a", "b", "do", "not", "n"};
  for (std::uint64_t round = 0; round < 500; ++round) {
    RandomStream stream(1, "wordpiece-test", {round});
    std::string text;
    for (std::uint64_t i = 0; i <= round % 9; ++i) text += (i == 0 ? "" : " ") + words[stream.below(words.size())];
    const WordPieces found = uncased().encode_with_spans(text);
    CHECK(found.ids == uncased().encode(text));
    REQUIRE(found.spans.size() == found.ids.size());
    REQUIRE(found.words.size() == found.ids.size());
    for (std::size_t i = 0; i < found.ids.size(); ++i) {
      const std::string& piece = uncased().piece(found.ids[i]);
      const bool continues = uncased().is_continuation(found.ids[i]);
      CHECK(text.substr(found.spans[i].begin, found.spans[i].end - found.spans[i].begin) == piece.substr(continues ? 2 : 0));
      CHECK(continues == (i > 0 && found.words[i] == found.words[i - 1]));
    }
    CHECK(uncased().decode(found.ids) == text);
  }
}

}  // namespace
}  // namespace attend
