#include "tokenizers/unknown_tokens.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "core/log.h"
#include "tests/support/captured_stderr.h"
#include "tests/tokenizers/small_wordpiece.h"
#include "tokenizers/input_encoder.h"
#include "tokenizers/marian_tokenizer.h"

namespace attend {
namespace {

using Catch::Contains;

template <class Work>
std::string said(const Work& work) {
  set_log_level(LogLevel::kNormal);
  std::string text = captured_stderr(work);
  set_log_level(LogLevel::kQuiet);
  return text;
}

TEST_CASE("the share of unknown tokens is told once a text, as a warning where it is large") {
  CHECK(said([] { tell_unknown({.tokens = 1000, .unknown = 0}, "x.txt", "hint"); }) == "");
  CHECK(said([] { tell_unknown({.tokens = 1000, .unknown = 5}, "x.txt", "hint"); }) ==
        "x.txt: 0.5 % of the tokens are unknown to the tokenizer (5 of 1000)\n");
  CHECK(said([] { tell_unknown({.tokens = 1000, .unknown = 810}, "x.txt", "do this"); }) ==
        "warning: x.txt: 81.0 % of the tokens are unknown to the tokenizer (810 of 1000); do this\n");
}

TEST_CASE("of lines the first that is mostly unknown is told, and no other") {
  const std::string text = said([] {
    UnknownLines lines;
    lines.look_at({.tokens = 10, .unknown = 4}, 1);
    lines.look_at({.tokens = 2, .unknown = 2}, 2);
    lines.look_at({.tokens = 10, .unknown = 5}, 3);
    lines.look_at({.tokens = 10, .unknown = 10}, 4);
  });
  CHECK_THAT(text, Contains("line 3: 5 of its 10 tokens are unknown") && !Contains("line 4") && !Contains("line 2:"));
}

TEST_CASE("ids that only the model has are told, but where they round the number up") {
  CHECK(!spare_ids_warning(100, 100));
  CHECK(!spare_ids_warning(101, 100));
  CHECK(!spare_ids_warning(50257, 50304));
  CHECK_THAT(spare_ids_warning(100, 102).value(), Contains("the model has 102 ids, the tokenizer 100") && Contains("added_tokens.json"));
}

TEST_CASE("tokenizers say what is unknown of a text, special tokens not counted") {
  const TempFolder folder;
  const auto tokenizer = std::make_shared<const WordPieceTokenizer>(write_small_wordpiece(folder / "t"));
  CHECK(tokenizer->unknown_id() == 1);
  const auto encoder = make_input_encoder(tokenizer);
  const UnknownShare one = encoder->encode("the dog кошка", std::nullopt, 100).unknown;
  CHECK(one.tokens == 3);
  CHECK(one.unknown == 1);
  const UnknownShare pair = encoder->encode("кошка", "лодка the", 100).unknown;
  CHECK(pair.tokens == 3);
  CHECK(pair.unknown == 2);
  UnknownShare sum = one;
  sum.add(pair);
  CHECK(sum.share() == 0.5);
  const MarianTokenizer marian(small_tokenizer());
  CHECK(marian.source().unknown_id() == marian.unk_id());
}

}  // namespace
}  // namespace attend
