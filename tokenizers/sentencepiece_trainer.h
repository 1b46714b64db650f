// Learning subword vocabularies with SentencePiece, and writing the folder that transformers' MarianTokenizer reads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"

namespace attend {

enum class PieceModel { kUnigram, kBpe, kChar, kWord };
template <>
struct EnumNames<PieceModel> {
  static constexpr std::array values{std::pair{PieceModel::kUnigram, "unigram"}, std::pair{PieceModel::kBpe, "bpe"},
                                     std::pair{PieceModel::kChar, "char"}, std::pair{PieceModel::kWord, "word"}};
};

/// How a vocabulary is learnt. `vocab_size` counts every id, those of </s>, <unk> and <pad> too.
struct VocabularyConfig {
  PieceModel model = PieceModel::kUnigram;
  std::int64_t vocab_size = 8000;
  double character_coverage = 1.0;

  static void fields(auto& self, auto&& visit) {
    visit("model", self.model, "how text is cut into pieces");
    visit("vocab_size", self.vocab_size, "number of ids, </s>, <unk> and <pad> counted");
    visit("character_coverage", self.character_coverage, "share of the text's characters that get a piece of their own; the rest is <unk>");
  }
};

inline constexpr const char* kLanguageCodesHelp =
    "codes that lines begin with, as >>de<<: de,fr [what at least half of a file's lines begin with]";

enum class Sides { kJoint, kSeparate };  ///< one SentencePiece model for both languages, or one each

struct MarianTokenizerTraining {
  std::vector<std::filesystem::path> source_files = {}, target_files = {};  ///< with Sides::kJoint the two lists are one text
  Sides sides = Sides::kJoint;
  VocabularyConfig vocabulary = {};  ///< with Sides::kSeparate, of each side; the ids are those of the union
  std::string source_language = {}, target_language = {};
  /// The language codes that lines begin with, "de" or ">>de<<"; none: those of files of which half of the lines or more begin with one.
  std::vector<std::string> language_codes = {};
};

/// Learns the vocabulary and writes source.spm, target.spm, vocab.json and tokenizer_config.json into `folder`, which
/// is made where absent. The files depend on nothing but the arguments. Returns the number of ids, which is less than
/// asked for, with a warning, where the text is too small. Of texts over 128 MB lines are taken evenly up to that size.
/// Throws UserError for missing or empty files, ill-formed UTF-8 (with the line), and sizes SentencePiece refuses.
std::int64_t train_marian_tokenizer(const MarianTokenizerTraining& training, const std::filesystem::path& folder);

}  // namespace attend
