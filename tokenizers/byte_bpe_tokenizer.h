// GPT-2's tokenizer: text is split by a fixed pattern, each part's bytes are merged by learnt rules (byte-level BPE; Radford et al. 2019,
// section 2.2; Sennrich et al. 2016). Lossless: decode(encode(text)) is the text. Without merges it is a model of single bytes or
// characters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/tokenizer.h"

namespace attend {

struct ByteBpeParts;

/// Reads `tokenizer.json` (model BPE with ByteLevel, merges as "a b" or ["a", "b"]), or `vocab.json` with `merges.txt`, and gives what
/// transformers' GPT2Tokenizer gives. Special tokens spelled in a text are recognised. Linear in the text, with or without spaces.
class ByteBpeTokenizer : public Tokenizer {
 public:
  /// Throws UserError where files are missing or malformed, a merge names a piece that the vocabulary lacks, or the files ask for
  /// something this tokenizer does not do.
  explicit ByteBpeTokenizer(const std::filesystem::path& folder);
  ~ByteBpeTokenizer() override;
  ByteBpeTokenizer(ByteBpeTokenizer&&) noexcept;

  std::vector<std::int32_t> encode(std::string_view text) const override;
  /// Pieces in the byte alphabet of the files: "Ġ" is a space.
  std::vector<std::string> pieces(std::string_view text) const override;
  /// The bytes of the ids, special tokens left out; ill-formed UTF-8 (a character cut in two) becomes U+FFFD.
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::optional<std::int32_t> id_of(std::string_view piece) const override;
  std::int64_t vocab_size() const override;
  std::optional<std::int32_t> unknown_id() const override;

  /// The bytes an id stands for, not always whole characters; the spelling of a special token.
  const std::string& bytes(std::int32_t id) const;
  bool is_special(std::int32_t id) const;
  /// The token that ends a text ("<|endoftext|>", or what the folder names), which also separates documents.
  std::optional<std::int32_t> end_of_text_id() const;
  /// The token that the folder's template puts before a text, where it does (add_bos_token); `encode` adds none.
  bool adds_prefix_space() const;  ///< a text that does not begin with a space gets one
  std::optional<std::int32_t> begin_of_text_id() const;

  /// SHA-256 over what decides the ids; part of the key of tokenised data.
  const std::string& fingerprint() const;

  /// Writes vocab.json, merges.txt and tokenizer_config.json, which transformers 4 and 5 load, and tokenizer.json as it was read where
  /// it was. The folder is made where absent.
  void save(const std::filesystem::path& folder) const;
  /// The same, with another model_max_length, and with the end-of-text token as padding where none is named: transformers makes no batches
  /// without.
  void save_for_batches(const std::filesystem::path& folder, std::int64_t max_length) const;
  std::int64_t max_length() const;  ///< model_max_length; 0 where the folder says nothing usable

  /// True where the folder has the files of a byte-level BPE tokenizer.
  static bool present_in(const std::filesystem::path& folder);

 private:
  std::unique_ptr<const ByteBpeParts> parts_;
};

}  // namespace attend
