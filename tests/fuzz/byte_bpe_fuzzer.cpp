#include "core/text.h"
#include "tests/fuzz/fuzz.h"
#include "tokenizers/byte_bpe_tokenizer.h"

/// tokenizer.json, vocab.json, merges.txt and tokenizer_config.json, and a text for the tokenizer that they make.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  static const fuzz::Folder folder;
  const auto parts = fuzz::parts_of(data, size, 5);
  folder.write({"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"}, parts);
  return fuzz::expect_value_or_refusal([&] {
    const ByteBpeTokenizer tokenizer(folder.path());
    const auto ids = tokenizer.encode(parts[4]);
    for (const std::int32_t id : ids) fuzz::promise(id >= 0 && id < tokenizer.vocab_size(), "ids lie in the vocabulary");
    tokenizer.decode(ids);
  });
}
