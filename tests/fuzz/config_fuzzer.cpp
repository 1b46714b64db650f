#include "core/json.h"
#include "models/bert/config.h"
#include "models/gpt/config.h"
#include "models/lstm/config.h"
#include "models/transformer/config.h"
#include "tests/fuzz/fuzz.h"

namespace {

/// What is read passes its own checks, needs a number of parameters that can be counted, and reads back the same after it was written.
template <class Read, class Write>
void check(const attend::Json& json, Read read, Write write) {
  using namespace attend;
  fuzz::expect_value_or_refusal([&] {
    const auto config = read(json, "config.json");
    config.validate();
    const auto parameters = static_cast<double>(config.least_parameters());
    fuzz::promise(parameters > 0 && parameters < 9e18, "parameters can be counted");
    const Json written = write(config);
    fuzz::promise(write(read(parse_json(written.dump(), "written"), "written")) == written, "what was written reads back the same");
  });
}

}  // namespace

/// A config.json, for each of the families that may find it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  return fuzz::expect_value_or_refusal([&] {
    const Json json = parse_json(fuzz::text_of(data, size), "fuzz");
    if (!json.is_object()) return;
    check(json, bert_from_hf, bert_to_hf);
    check(json, gpt_from_hf, gpt_to_hf);
    check(json, transformer_from_hf, transformer_to_hf);
    check(json, lstm_from_hf, lstm_to_hf);
  });
}
