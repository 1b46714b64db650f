// How a text, or a pair of texts, becomes the input of a model that reads: the same for every kind of tokenizer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/big_bird_tokenizer.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "tokenizers/unknown_tokens.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

/// One sequence, special tokens included, and the segment (0 or 1) each id is of.
struct EncodedText {
  std::vector<std::int32_t> ids, type_ids;
  std::int64_t num_removed = 0;  ///< ids that the greatest length cut
  UnknownShare unknown = {};     ///< of the text's own tokens
};

/// Every member is const and may be called from several threads at once.
class InputEncoder {
 public:
  virtual ~InputEncoder() = default;

  /// At most `max_length` ids, at least one. Throws UserError where the tokenizer's own ones take more.
  virtual EncodedText encode(std::string_view text, std::optional<std::string_view> second, std::int64_t max_length) const = 0;
  virtual std::int64_t vocab_size() const = 0;
  /// What the vocabulary has under an id, which must lie in [0, vocab_size()): "##ing", " the", "[SEP]". Well-formed UTF-8.
  virtual std::string piece(std::int32_t id) const = 0;
  /// What stands for a masked word; nothing where the tokenizer has no such token.
  virtual std::optional<std::int32_t> mask_id() const = 0;
  virtual bool is_special(std::int32_t id) const = 0;
  /// Special tokens behind a text.
  virtual std::int64_t num_closing_tokens() const = 0;
  /// Segments that a pair needs of a model.
  virtual std::int64_t num_pair_segments() const = 0;
  /// Differs where the ids of some text would.
  virtual const std::string& fingerprint() const = 0;
  /// The tokenizer's model_max_length: what its model was trained to read; 0 where it says nothing usable.
  virtual std::int64_t max_length() const = 0;
  /// Writes the tokenizer's files, with this model_max_length. The folder is made where absent.
  virtual void save(const std::filesystem::path& folder, std::int64_t max_length) const = 0;
};

/// BERT's: [CLS] text [SEP], and second [SEP] of segment 1. The longer text loses ids until both fit.
std::shared_ptr<const InputEncoder> make_input_encoder(std::shared_ptr<const WordPieceTokenizer> tokenizer);
/// The same of Big Bird's, in which the second is of segment 0 too, unless the folder asks for segments: as transformers gives it.
std::shared_ptr<const InputEncoder> make_input_encoder(std::shared_ptr<const BigBirdTokenizer> tokenizer);
/// GPT's: the text, and after a line break the second; one segment. A text loses ids at its end; of a pair the longer one, until both fit,
/// and the line break stays. An empty input is the end-of-text token. Throws UserError for a tokenizer without one.
std::shared_ptr<const InputEncoder> make_input_encoder(std::shared_ptr<const ByteBpeTokenizer> tokenizer);

/// By what lies in a model folder. Throws UserError where that is no tokenizer that is known, or one that cannot lower-case.
std::shared_ptr<const InputEncoder> load_input_encoder(const std::filesystem::path& folder, LetterCase letter_case = LetterCase::kAsFolder);

}  // namespace attend
