#include "tokenizers/byte_stream.h"

#include <catch2/catch.hpp>

#include "core/random.h"

namespace attend {
namespace {

TEST_CASE("a character comes out when its last byte has come in") {
  Utf8Stream stream;
  CHECK(stream.add("a\xC3") == "a");
  CHECK(stream.add("\xA9") == "é");
  CHECK(stream.add("\xF0").empty());
  CHECK(stream.add("\x9F\x98").empty());
  CHECK(stream.add("\x80z") == "\U0001F600z");
  CHECK(stream.flush().empty());
  CHECK(stream.add("").empty());
}

TEST_CASE("what no further byte can complete is U+FFFD at once") {
  Utf8Stream stream;
  CHECK(stream.add("\xFF") == "\uFFFD");
  CHECK(stream.add("\x80") == "\uFFFD");
  CHECK(stream.add("\xC3") == "");
  CHECK(stream.add("a") ==
        "\uFFFD"
        "a");
  CHECK(stream.add("\xC0") == "\uFFFD");            // begins nothing
  CHECK(stream.add("\xE0\x80") == "\uFFFD\uFFFD");  // overlong
  CHECK(stream.add("\xED\xA0") == "\uFFFD\uFFFD");  // a surrogate
  CHECK(stream.add("\xF4\x90") == "\uFFFD\uFFFD");  // beyond U+10FFFF
  CHECK(stream.flush().empty());
}

TEST_CASE("at the end what still waits is one U+FFFD, and the stream is as new") {
  Utf8Stream stream;
  CHECK(stream.add("x\xE4\xB8") == "x");
  CHECK(stream.flush() == "\uFFFD");
  CHECK(stream.add("\xAD") == "\uFFFD");
  CHECK(stream.add("ok") == "ok");
}

TEST_CASE("property: however bytes are cut, the text is that of all of them, and each part is well-formed") {
  for (std::uint64_t round = 0; round < 3000; ++round) {
    RandomStream random(11, "byte-stream-test", {round});
    const std::vector<std::string> parts{"a",    "é",    "中",   "\U0001F600", "\xC3", "\xE4\xB8", "\xF0\x9F", "\x80",
                                         "\xFF", "\xED", "\xA0", "\xF4",       "\x90", "\xC0",     "\xE0"};
    std::string bytes;
    for (std::uint64_t count = random.below(12); count > 0; --count) bytes += parts[random.below(parts.size())];
    Utf8Stream stream;
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t length = std::min<std::size_t>(1 + random.below(4), bytes.size() - at);
      const std::string part = stream.add(std::string_view(bytes).substr(at, length));
      CHECK(is_valid_utf8(part));
      text += part;
      at += length;
    }
    text += stream.flush();
    CHECK(text == repair_utf8(bytes));
  }
}

}  // namespace
}  // namespace attend
