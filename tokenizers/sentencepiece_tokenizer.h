// A SentencePiece model: text to pieces, and the tokenizer whose ids are the model's own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tokenizers/tokenizer.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace attend {

/// One loaded model file. Safe to use from several threads.
class SentencePieceModel {
 public:
  /// Throws UserError for a missing or malformed file, which is checked and tried in a child process before it is loaded.
  explicit SentencePieceModel(const std::filesystem::path& path);
  ~SentencePieceModel();

  /// Pieces as the library gives them, in time linear in the text. Ill-formed UTF-8 counts as U+FFFD.
  std::vector<std::string> pieces(std::string_view text) const;
  std::vector<std::int32_t> ids(std::string_view text) const;
  /// The library's text of the pieces; pieces it does not know stand as they are.
  std::string text_of(const std::vector<std::string>& pieces) const;
  std::string text_of(const std::vector<int>& ids) const;

  std::int64_t size() const;
  std::int32_t unknown_id() const;
  std::optional<std::int32_t> id_of(std::string_view piece) const;
  const std::string& piece_of(std::int32_t id) const;

  const std::string& bytes() const { return bytes_; }  ///< the file

 private:
  bool is_unknown_alone(char32_t code_point) const;
  std::vector<std::size_t> cuts_of(std::string_view text) const;
  std::vector<std::string> pieces_of_parts(std::string_view text, const std::vector<std::size_t>& cuts) const;

  std::string bytes_;
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
  std::unordered_set<char32_t> characters_;  // of all pieces
};

/// Tokenizer with the ids of the model file itself.
class SentencePieceTokenizer : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(const std::filesystem::path& path) : model_(path) {}

  std::vector<std::int32_t> encode(std::string_view text) const override { return model_.ids(text); }
  std::vector<std::string> pieces(std::string_view text) const override { return model_.pieces(text); }
  /// As the library does: <unk> becomes " ⁇ ", control tokens nothing.
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::optional<std::int32_t> id_of(std::string_view piece) const override { return model_.id_of(piece); }
  std::int64_t vocab_size() const override { return model_.size(); }
  std::optional<std::int32_t> unknown_id() const override { return model_.unknown_id(); }

 private:
  SentencePieceModel model_;
};

/// Stops the library's own messages on standard error; what it has to say comes back in errors.
void silence_sentencepiece();

/// Throws the UserError for an id that is not in a vocabulary.
[[noreturn]] void refuse_id(std::int64_t id, std::int64_t vocab_size);

}  // namespace attend
