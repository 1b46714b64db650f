// Learning a WordPiece vocabulary, and writing the folder that transformers' BertTokenizer reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/fields.h"

namespace attend {

enum class Casing { kLower, kKeep };  ///< uncased (lower-cased, accents dropped) or cased

/// How a vocabulary is learnt. `vocab_size` counts every id, those of [PAD], [UNK], [CLS], [SEP] and [MASK] too.
struct WordPieceVocabularyConfig {
  static constexpr std::int64_t kUsualAlphabet = 1000;

  std::int64_t vocab_size = 8000;
  std::int64_t min_frequency = 2;
  std::optional<std::int64_t> limit_alphabet;  ///< nothing: kUsualAlphabet, and more where ids would stay free

  static void fields(auto& self, auto&& visit) {
    visit("vocab_size", self.vocab_size, "number of ids, the five special tokens counted");
    visit("min_frequency", self.min_frequency, "a piece must be seen as often as this");
    visit("limit_alphabet", self.limit_alphabet,
          "most characters that get a piece of their own, the most frequent; words with others are [UNK] [1000, and more where ids are "
          "free]");
  }
};

struct WordPieceTraining {
  std::vector<std::filesystem::path> files = {};  ///< text, a sentence a line; blank lines mean nothing here
  WordPieceVocabularyConfig vocabulary = {};
  Casing casing = Casing::kLower;
};

/// Learns the vocabulary and writes vocab.txt and tokenizer_config.json into `folder`, which is made where absent. Words are counted
/// once, then the pair of neighbouring pieces that is seen most often is joined, again and again; of pairs seen as often the one whose
/// pieces were known first. The files depend on nothing but the arguments. Returns the number of ids, which is less than asked for, with
/// a warning, where the text is too small. Memory grows with the number of different words, of which the rarest are forgotten beyond
/// four million. Where nothing is left to join, characters beyond the usual alphabet get the ids that are free; what share of the text's
/// words stays unknown is told, with the flag that changes it. Throws UserError for missing or empty files,
/// ill-formed UTF-8 (with the line), and sizes that cannot be.
std::int64_t train_wordpiece_tokenizer(const WordPieceTraining& training, const std::filesystem::path& folder);

}  // namespace attend
