// BERT's tokenizer: clean, split at spaces and punctuation, longest pieces first. Ids, spans and word numbers are the reference's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/bert_normalizer.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/unknown_tokens.h"

namespace attend {

/// The pieces of one text; the model's template adds nothing here.
struct WordPieces {
  std::vector<std::int32_t> ids;
  std::vector<TextSpan> spans;      ///< one a piece
  std::vector<std::int32_t> words;  ///< one a piece: the number of its word, not falling; see the functions that fill it
};

/// Which text of a pair loses pieces, always at its end. kLongestFirst: the longer one until both are as long, then both; where their
/// room is odd, the text that was longer keeps one piece more, the second where neither was.
enum class Truncation { kLongestFirst, kOnlyFirst, kOnlySecond };

/// What a model is given: [CLS] first [SEP], and second [SEP] where there is one.
struct EncodedInput {
  std::vector<std::int32_t> ids, type_ids;  ///< type 0 up to the first [SEP], 1 after it
  std::vector<TextSpan> spans;              ///< one an id, in its own text; {0, 0} for what the template adds
  std::vector<std::int32_t> words;          ///< one an id, in its own text; -1 for what the template adds
  std::int64_t second_begin = 0;            ///< index of the second text's first piece; ids.size() where there is no second
  std::int64_t num_removed = 0;             ///< pieces that truncation cut
};

/// Of ids with the numbers of their words: what the template added (-1) is not counted.
UnknownShare unknown_share(std::span<const std::int32_t> ids, std::span<const std::int32_t> words, std::int32_t unk_id);
/// kLower: capitals of the text go, accents stay as the folder says.
enum class LetterCase { kAsFolder, kLower };

struct WordPieceParts;

/// Reads `tokenizer.json` (model WordPiece), or `vocab.txt` with `tokenizer_config.json`, and gives what transformers' BertTokenizer
/// gives. Special tokens spelled in a text are recognised. Texts are at most 4 GiB.
class WordPieceTokenizer : public Tokenizer {
 public:
  /// Throws UserError where files are missing or malformed, or ask for something this tokenizer does not do.
  explicit WordPieceTokenizer(const std::filesystem::path& folder, LetterCase letter_case = LetterCase::kAsFolder);
  ~WordPieceTokenizer() override;
  WordPieceTokenizer(WordPieceTokenizer&&) noexcept;

  std::vector<std::int32_t> encode(std::string_view text) const override;
  /// What stands in the vocabulary for the text: an unknown word is "[UNK]" here.
  std::vector<std::string> pieces(std::string_view text) const override;
  /// As transformers decodes with skip_special_tokens=True: "##" joined, spaces before punctuation and contractions taken out where the
  /// folder asks for it.
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::optional<std::int32_t> id_of(std::string_view piece) const override;
  /// One more than the largest id.
  std::int64_t vocab_size() const override;
  std::optional<std::int32_t> unknown_id() const override { return unk_id(); }

  /// With where each piece lies in the text; `words` counts what lies between spaces and punctuation, punctuation marks themselves too.
  WordPieces encode_with_spans(std::string_view text) const;
  /// Of a text that is cut into words already (a tagged corpus): `words` are indices of the argument, spans lie within that word. A word
  /// of which nothing is left, or that is empty, has no pieces.
  WordPieces encode_words(const std::vector<std::string>& words) const;
  /// With the template, at most `max_length` ids (0: any number). Throws UserError where the template takes more, and as the reference
  /// where kOnlyFirst or kOnlySecond would leave nothing of that text, or there is no second.
  EncodedInput encode_input(std::string_view text, std::optional<std::string_view> second = std::nullopt, std::int64_t max_length = 0,
                            Truncation truncation = Truncation::kLongestFirst) const;
  /// The same of pieces at hand.
  EncodedInput add_template(const WordPieces& first, const WordPieces* second = nullptr, std::int64_t max_length = 0,
                            Truncation truncation = Truncation::kLongestFirst) const;

  std::int32_t pad_id() const;
  std::int32_t cls_id() const;
  std::int32_t sep_id() const;
  std::int32_t unk_id() const;
  std::optional<std::int32_t> mask_id() const;  ///< a vocabulary may lack [MASK]

  /// The text of an id, "" for one that a vocabulary with holes leaves out. The id must lie in [0, vocab_size()).
  const std::string& piece(std::int32_t id) const;
  bool is_continuation(std::int32_t id) const;  ///< "##..."
  bool is_special(std::int32_t id) const;

  bool lowercases() const;
  std::int64_t max_length() const;  ///< model_max_length of tokenizer_config.json; 0 where it says nothing usable

  /// SHA-256 over what decides the ids; part of the key of tokenised data.
  const std::string& fingerprint() const;

  /// Writes vocab.txt and tokenizer_config.json, which transformers 4 and 5 load, and tokenizer.json as it was read where it was;
  /// `max_length` in place of the model_max_length that was read. The folder is made where absent.
  void save(const std::filesystem::path& folder, std::optional<std::int64_t> max_length = std::nullopt) const;

  /// True where the folder has the files of a WordPiece tokenizer.
  static bool present_in(const std::filesystem::path& folder);

 private:
  std::unique_ptr<const WordPieceParts> parts_;
};

}  // namespace attend
