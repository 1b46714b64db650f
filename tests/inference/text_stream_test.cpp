#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"
#include "core/text.h"
#include "inference/text_stream.h"

using namespace attend;

namespace {

// What a stream shows after each piece, and at the end.
std::vector<std::string> shown(const std::vector<std::string>& pieces, const StopStrings& stops) {
  TextStream stream(stops);
  std::vector<std::string> texts;
  for (const auto& piece : pieces) texts.push_back(stream.push(piece));
  texts.push_back(stream.finish());
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a character cut between tokens is held back until it is whole") {
  const StopStrings none({});
  REQUIRE(shown({"a", "\xC3", "\xA9", "b"}, none) == Texts{"a", "", "é", "b", ""});
  REQUIRE(shown({"\xF0\x9F", "\x98", "\x80!"}, none) == Texts{"", "", "😀!", ""});
  REQUIRE(shown({"x\xE2\x82"}, none) == Texts{"x", "\xEF\xBF\xBD"});  // never completed: one U+FFFD, as Unicode recommends
  REQUIRE(shown({"\xC3", "a"}, none) == Texts{"",
                                              "\xEF\xBF\xBD"
                                              "a",
                                              ""});                                                     // completed by nothing that fits
  REQUIRE(shown({"\x80", "\xC1"}, none) == Texts{"\xEF\xBF\xBD", "\xEF\xBF\xBD", ""});                  // no byte can mend these
  REQUIRE(shown({"\xED\xA0", "\x80"}, none) == Texts{"\xEF\xBF\xBD\xEF\xBF\xBD", "\xEF\xBF\xBD", ""});  // a surrogate
}

TEST_CASE("no part of a stop string is ever shown") {
  const StopStrings stops({"\n\nQ:", "END"});
  REQUIRE(shown({"yes", "\n", "\nQ", ": more", " text"}, stops) == Texts{"yes", "", "", "", "", ""});
  REQUIRE(shown({"yes\n", "\nX"}, stops) == Texts{"yes", "\n\nX", ""});  // it was none after all
  REQUIRE(shown({"yes\n"}, stops) == Texts{"yes", "\n"});                // nothing more came
  REQUIRE(shown({"an E", "N", "ENDED"}, stops) == Texts{"an ", "", "EN", ""});
  REQUIRE(shown({"ENEND"}, stops) == Texts{"EN", ""});
  REQUIRE(shown({"1END2\n\nQ:"}, stops) == Texts{"1", ""});  // the first of both
}

TEST_CASE("a stop string that overlaps itself is found at its first place") {
  const StopStrings stops({"aab"});
  REQUIRE(shown({"a", "a", "a", "b"}, stops) == Texts{"", "", "a", "", ""});
  REQUIRE(stops.unsettled_end("xaa") == 1);
  REQUIRE(stops.unsettled_end("xa") == 1);
  REQUIRE(stops.unsettled_end("xaab") == 4);
  REQUIRE(stops.longest() == 3);
}

TEST_CASE("stop strings of several bytes a character") {
  const StopStrings stops({"é!"});
  REQUIRE(shown({"caf\xC3", "\xA9", "!", "x"}, stops) == Texts{"caf", "", "", "", ""});
  REQUIRE(shown({"caf\xC3", "\xA8"}, stops) == Texts{"caf", "è", ""});
}

TEST_CASE("stop strings that cannot be are refused") {
  REQUIRE_THROWS_AS(StopStrings({"a", ""}), UserError);
  REQUIRE_THROWS_AS(StopStrings({"\xff"}), UserError);
  REQUIRE(StopStrings({}).empty());
}

TEST_CASE("however the bytes are cut, what is shown is the finished text, and each part is well-formed") {
  // Few letters, so that stop strings and broken characters are frequent.
  const Texts bytes{"a", "b", "\n", "\xC3", "\xA9", "\xF0", "\x9F", "\x98", "\x80", "é", "\xff"};
  const std::vector<Texts> stop_lists{{}, {"ab"}, {"a\nb", "\n\n"}, {"é"}, {"aab", "bé", "abab"}};
  RandomStream random(1, "text stream");
  for (int round = 0; round < 20'000; ++round) {
    const StopStrings stops(stop_lists[random.below(stop_lists.size())]);
    Texts pieces(1 + random.below(8));
    std::string whole, all;
    for (auto& piece : pieces) {
      for (auto count = random.below(5); count > 0; --count) piece += bytes[random.below(bytes.size())];
      whole += piece;
    }
    CAPTURE(whole);
    const std::string expected = finished_text(whole, stops);
    for (const auto& text : shown(pieces, stops)) {
      REQUIRE(is_valid_utf8(text));
      all += text;
      REQUIRE(expected.starts_with(all));
    }
    REQUIRE(all == expected);
    REQUIRE(!stops.find(all).has_value());
  }
}
