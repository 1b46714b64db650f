// Big Bird's tokenizer: a unigram model whose words begin with their space, "\xe2\x96\x81the", and tokens that are cut out of the text
// before.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/unigram_pieces.h"

namespace attend {

/// Reads `tokenizer.json` (model Unigram), or the pieces of `spiece.model`, with tokenizer_config.json, and gives the ids that
/// transformers' BigBirdTokenizer gives (5.23): nothing is normalised, spaces that follow one another are one, and a space that no word
/// follows is a piece. Special tokens are those of the settings, those that spiece.model has as symbols, and what is added; the vocabulary
/// gets an id for each that it lacks.
class BigBirdTokenizer : public Tokenizer {
 public:
  /// Throws UserError where files are missing or malformed, or are another model's.
  explicit BigBirdTokenizer(const std::filesystem::path& folder);

  std::vector<std::int32_t> encode(std::string_view text) const override;
  std::vector<std::string> pieces(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::optional<std::int32_t> id_of(std::string_view piece) const override;
  std::int64_t vocab_size() const override { return static_cast<std::int64_t>(pieces_.size()); }
  std::optional<std::int32_t> unknown_id() const override { return words_->unknown_id(); }

  const std::string& piece(std::int32_t id) const { return pieces_[static_cast<std::size_t>(id)]; }
  bool is_special(std::int32_t id) const { return special_[static_cast<std::size_t>(id)]; }
  std::int32_t pad_id() const { return pad_id_; }
  std::int32_t cls_id() const { return cls_id_; }
  std::int32_t sep_id() const { return sep_id_; }
  std::int32_t mask_id() const { return mask_id_; }
  /// Whether a model is told which text of a pair a token is of: transformers tells it only where `model_input_names` asks for it.
  bool has_segments() const { return has_segments_; }
  std::int64_t max_length() const { return max_length_; }  ///< model_max_length; 0 where it says nothing usable
  const std::string& fingerprint() const { return fingerprint_; }

  /// Writes the files as they were read, with `max_length` as model_max_length where it is not 0. The folder is made where absent.
  void save(const std::filesystem::path& folder, std::int64_t max_length) const;

  static bool present_in(const std::filesystem::path& folder);

 private:
  void append_words(std::string_view text, std::vector<std::int32_t>& ids) const;

  std::string file_, bytes_;  // the vocabulary's
  Json settings_ = Json::object();
  std::unique_ptr<const UnigramPieces> words_;
  AddedTokenFinder tokens_;
  std::vector<std::string> pieces_;  // by id, added ones too
  std::vector<bool> special_;        // by id: left out of decoded text
  std::unordered_map<std::string, std::int32_t> ids_;
  std::int32_t pad_id_ = 0, cls_id_ = 0, sep_id_ = 0, mask_id_ = 0;
  bool begins_with_space_ = true, has_segments_ = false;
  std::int64_t max_length_ = 0;
  std::string fingerprint_;
};

}  // namespace attend
