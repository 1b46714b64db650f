// A tokenizer whose ids are the bytes, and texts whose tokens tell where they stand.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/text_corpus.h"
#include "tests/support/temp_folder.h"

namespace attend {

/// A byte is its own id; 256 ends a text.
class ByteTokenizer : public Tokenizer {
 public:
  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }
  std::vector<std::string> pieces(std::string_view text) const override {
    std::vector<std::string> pieces;
    for (const char byte : text) pieces.emplace_back(1, byte);
    return pieces;
  }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string text;
    for (const std::int32_t id : ids)
      if (id < 256) text += static_cast<char>(id);
    return text;
  }
  std::optional<std::int32_t> id_of(std::string_view piece) const override {
    return piece.size() == 1 ? std::optional<std::int32_t>(static_cast<unsigned char>(piece[0])) : std::nullopt;
  }
  std::int64_t vocab_size() const override { return 257; }
};

inline const EndOfText kByteEnd{.id = 256, .spelling = "<|endoftext|>"};

/// A token file of documents of so many tokens: the i-th token of all has id i.
inline std::shared_ptr<const TokenFile> make_token_file(const TempFolder& folder, const std::vector<std::size_t>& lengths) {
  static int count = 0;
  const auto path = folder / (std::to_string(count++) + ".tokens");
  std::int32_t id = 0;
  std::size_t all = 0;
  for (const std::size_t length : lengths) all += length;
  TokenFileWriter writer(path, {static_cast<std::int64_t>(all), std::string(64, '0')});
  for (const std::size_t length : lengths) {
    std::vector<std::int32_t> ids(length);
    for (std::int32_t& one : ids) one = id++;
    writer.append(ids);
  }
  writer.commit();
  return std::make_shared<const TokenFile>(path);
}

}  // namespace attend
