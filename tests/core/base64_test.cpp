#include <catch2/catch.hpp>

#include <string_view>

#include "core/base64.h"

namespace attend {

TEST_CASE("base64 is RFC 4648's") {
  const auto of = [](std::string_view text) { return base64(std::as_bytes(std::span(text.data(), text.size()))); };
  CHECK(of("").empty());
  CHECK(of("f") == "Zg==");
  CHECK(of("fo") == "Zm8=");
  CHECK(of("foo") == "Zm9v");
  CHECK(of("foobar") == "Zm9vYmFy");
  CHECK(of(std::string_view("\xff\xfe\x00", 3)) == "//4A");
}

}  // namespace attend
