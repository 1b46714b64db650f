#include <sentencepiece_processor.h>

#include "tests/fuzz/fuzz.h"
#include "tokenizers/sentencepiece_check.h"

/// A model file. What passes our check is given to the library in this very process, to see whether the check finds all that it trusts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  return fuzz::expect_value_or_refusal([&] {
    const std::string_view model = fuzz::text_of(data, size);
    check_sentencepiece_model(model, "fuzz");
    sentencepiece::SentencePieceProcessor processor;
    if (!processor.LoadFromSerializedProto(model).ok()) return;
    std::vector<std::string> pieces;
    std::string decoded;
    if (processor.Encode("A probe \xef\xbc\xa1\xe3\x8d\xbf, zwei R\xc3\xa4ume", &pieces).ok())
      fuzz::promise(processor.Decode(pieces, &decoded).ok(), "pieces decode");
  });
}
