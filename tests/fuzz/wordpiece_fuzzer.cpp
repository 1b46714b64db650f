#include "core/text.h"
#include "tests/fuzz/fuzz.h"
#include "tokenizers/wordpiece_tokenizer.h"

/// tokenizer.json, vocab.txt and tokenizer_config.json, and a text for the tokenizer that they make.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  static const fuzz::Folder folder;
  const auto parts = fuzz::parts_of(data, size, 4);
  folder.write({"tokenizer.json", "vocab.txt", "tokenizer_config.json"}, parts);
  return fuzz::expect_value_or_refusal([&] {
    const WordPieceTokenizer tokenizer(folder.path());
    const auto ids = tokenizer.encode(parts[3]);
    for (const std::int32_t id : ids) fuzz::promise(id >= 0 && id < tokenizer.vocab_size(), "ids lie in the vocabulary");
    fuzz::promise(tokenizer.pieces(parts[3]).size() == ids.size(), "a piece for each id");
    fuzz::promise(is_valid_utf8(tokenizer.decode(ids)), "decoded text is UTF-8");
  });
}
