// Text to token ids and back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attend {

/// Text <-> ids of one language side. Every member is const and may be called from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of the text's pieces; no end-of-sentence token is added. Ill-formed UTF-8 counts as U+FFFD.
  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;
  /// The same pieces as text. A piece that is not in the vocabulary stands as it is; its id is the unknown token's.
  virtual std::vector<std::string> pieces(std::string_view text) const = 0;

  /// Text of the ids, special tokens left out. Throws UserError for an id outside [0, vocab_size()).
  virtual std::string decode(std::span<const std::int32_t> ids) const = 0;

  virtual std::optional<std::int32_t> id_of(std::string_view piece) const = 0;
  virtual std::int64_t vocab_size() const = 0;
  /// The id of what the vocabulary lacks; nothing for a tokenizer that can spell everything.
  virtual std::optional<std::int32_t> unknown_id() const { return std::nullopt; }
};

}  // namespace attend
