#include <catch2/catch.hpp>

#include "core/text.h"
#include "metrics/bleu_tokenizers.h"
#include "metrics/ter_tokenizer.h"

namespace attend {
namespace {

std::string utf8(CodePointView text) {
  std::string result;
  for (const char32_t c : text) append_utf8(result, c);
  return result;
}

std::string tokenized(const std::string& line, BleuTokenizer tokenizer) {
  return utf8(join_words(split_words(tokenize_for_bleu(to_code_points(line), tokenizer))));
}

std::string normalized(const std::string& line, const TerOptions& options) {
  return utf8(join_words(split_words(tokenize_for_ter(to_code_points(line), options))));
}

}  // namespace

TEST_CASE("13a separates punctuation but not numbers and apostrophes") {
  const auto tokenize = [](const std::string& line) { return tokenized(line, BleuTokenizer::k13a); };
  CHECK(tokenize("Hello, world!") == "Hello , world !");
  CHECK(tokenize("1,000.5 and 5.") == "1,000.5 and 5 .");
  CHECK(tokenize("don't well-known 5-6") == "don't well-known 5 - 6");
  CHECK(tokenize("(a+b)/c_d") == "( a + b ) / c _ d");
  CHECK(tokenize("&quot;x&quot; &amp;lt; &gt;") == "\" x \" < >");
  CHECK(tokenize("a <skipped>b") == "a b");
  CHECK(tokenize("a-\nb\nc") == "ab c");
  CHECK(tokenize("« Où ? »") == "« Où ? »");
  CHECK(tokenize("") == "");
}

TEST_CASE("intl separates all of Unicode's punctuation and symbols") {
  const auto tokenize = [](const std::string& line) { return tokenized(line, BleuTokenizer::kIntl); };
  CHECK(tokenize("«Où?»") == "« Où ? »");
  CHECK(tokenize("don't well-known") == "don ' t well - known");
  CHECK(tokenize("1,000.5 5€ x≤y") == "1,000.5 5 € x ≤ y");
  CHECK(tokenize("in 1999.") == "in 1999.");  // as mteval-v14.pl has it
  CHECK(tokenize("in 1999. Yes.") == "in 1999 . Yes .");
  CHECK(tokenize("&quot;") == "& quot ;");
}

TEST_CASE("zh takes Chinese characters apart") {
  const auto tokenize = [](const std::string& line) { return tokenized(line, BleuTokenizer::kZh); };
  CHECK(tokenize("我有3.5公斤iPhone。") == "我 有 3.5 公 斤 iPhone 。");
  CHECK(tokenize("a—b") == "a — b");  // general punctuation lies in sacreBLEU's mistaken range
  CHECK(tokenize("𠀀𠀁") == "𠀀𠀁");  // and extension B does not
  CHECK(tokenize("ひらがな") == "ひらがな");
}

TEST_CASE("char and none") {
  CHECK(tokenized("ab é c", BleuTokenizer::kChar) == "a b é c");
  CHECK(tokenized("a,b  c.", BleuTokenizer::kNone) == "a,b c.");
}

TEST_CASE("TER's normalization") {
  CHECK(normalized("The DOG's tail, 5.5", {}) == "the dog's tail, 5.5");
  CHECK(normalized("The DOG's tail, 5.5", {.case_sensitive = true}) == "The DOG's tail, 5.5");
  CHECK(normalized("The dog's tail, 5.5-6&amp;c", {.normalized = true}) == "the dog 's tail , 5.5 - 6 & c");
  CHECK(normalized("a.b, c (d)!", {.no_punct = true}) == "ab c d");
  CHECK(normalized("中文。字", {.normalized = true}) == "中文。字");
  CHECK(normalized("中文。字", {.normalized = true, .asian_support = true}) == "中 文 。 字");
  CHECK(normalized("中文。字！", {.no_punct = true, .asian_support = true}) == "中文字");
}

}  // namespace attend
