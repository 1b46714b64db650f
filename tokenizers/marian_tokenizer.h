// The tokenizer folder of MarianMT models: SentencePiece only segments, the ids come from vocab.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tokenizers/tokenizer.h"

namespace attend {

/// Reads `source.spm`, `target.spm`, `vocab.json` (`target_vocab.json` besides where tokenizer_config.json says
/// `separate_vocabs`), tokenizer_config.json, and of older folders special_tokens_map.json and added_tokens.json, and
/// gives the ids and texts that transformers' MarianTokenizer gives, without the padding.
class MarianTokenizer {
 public:
  /// Throws UserError where files are missing, malformed, or do not fit one another.
  explicit MarianTokenizer(const std::filesystem::path& folder);
  ~MarianTokenizer();

  const Tokenizer& source() const { return *source_; }
  /// For encoding the target language, and for decoding what a model generated.
  const Tokenizer& target() const { return *target_; }

  std::int64_t eos_id() const { return eos_id_; }
  std::int64_t pad_id() const { return pad_id_; }
  std::int64_t unk_id() const { return unk_id_; }
  const std::string& eos_piece() const { return eos_piece_; }
  /// Ids of the source side; the target's are target().vocab_size(), the same unless vocabularies are separate.
  std::int64_t vocab_size() const { return source_->vocab_size(); }

  const std::string& source_language() const { return source_language_; }  ///< "" where the folder does not say
  const std::string& target_language() const { return target_language_; }

  /// SHA-256 over the files that decide the ids; part of the key of tokenised data.
  const std::string& fingerprint() const { return fingerprint_; }

  /// True where the folder has the files.
  static bool present_in(const std::filesystem::path& folder);

 private:
  std::unique_ptr<const Tokenizer> source_, target_;
  std::int64_t eos_id_ = 0, pad_id_ = 0, unk_id_ = 0;
  std::string eos_piece_, source_language_, target_language_, fingerprint_;
};

/// The ">>...<<" that a text begins with and that the side's vocabulary lacks: it becomes one unknown token, whatever words stand in it.
/// "" for other texts.
std::string_view unknown_language_code(const Tokenizer& side, std::string_view text);

/// Copies the tokenizer's files, those that exist, for a model folder that carries its tokenizer.
void copy_tokenizer_files(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace attend
