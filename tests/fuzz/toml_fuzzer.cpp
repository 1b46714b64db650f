#include "core/field_io.h"
#include "tests/fuzz/fuzz.h"

/// A configuration. What is written from it is read again, and is the same text when written once more.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  return fuzz::expect_value_or_refusal([&] {
    const Json value = toml_to_json(fuzz::text_of(data, size), "fuzz");
    const std::string written = json_to_toml(value);
    std::string again;
    try {
      again = json_to_toml(toml_to_json(written, "written"));
    } catch (const UserError& error) {
      std::cerr << written << '\n' << error.what() << '\n';
      fuzz::promise(false, "what was written is TOML");
    }
    fuzz::promise(again == written, "what was written reads back the same");
  });
}
