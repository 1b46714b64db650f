#include "core/json.h"
#include "tests/fuzz/fuzz.h"

/// A document, which reads back the same after it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  return fuzz::expect_value_or_refusal([&] {
    const Json value = parse_json(fuzz::text_of(data, size), "fuzz");
    fuzz::promise(parse_json(value.dump(2), "written") == value, "what was written reads back the same");
  });
}
