// Learning a byte-level BPE vocabulary, and writing the folder that transformers' GPT2Tokenizer reads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"

namespace attend {

/// kBpe: all 256 bytes, and what merges make of them. kChar: the bytes that occur in the text, and nothing else; of a text in ASCII its
/// characters.
enum class BytePieces { kBpe, kChar };
template <>
struct EnumNames<BytePieces> {
  static constexpr std::array values{std::pair{BytePieces::kBpe, "bpe"}, std::pair{BytePieces::kChar, "char"}};
};

/// How a vocabulary is learnt. `vocab_size` counts every id, that of <|endoftext|> too; a model of single bytes is as large as it is.
struct ByteBpeVocabularyConfig {
  BytePieces model = BytePieces::kBpe;
  std::int64_t vocab_size = 8000;
  std::int64_t min_frequency = 2;
  bool end_of_text = true;

  static void fields(auto& self, auto&& visit) {
    visit("model", self.model, "pieces made by merges, or single bytes only");
    visit("vocab_size", self.vocab_size, "number of ids, <|endoftext|> counted");
    visit("min_frequency", self.min_frequency, "a pair must be seen as often as this to be merged");
    visit("end_of_text", self.end_of_text, "whether there is an <|endoftext|>, as the last id");
  }
};

struct ByteBpeTraining {
  std::vector<std::filesystem::path> files = {};  ///< text; each file is one text, its line breaks are part of it
  ByteBpeVocabularyConfig vocabulary = {};
  std::vector<std::string> special_tokens = {};  ///< more of them, the last ids; vocab_size counts them too
};

/// Learns the vocabulary and writes vocab.json, merges.txt and tokenizer_config.json into `folder`, which is made where absent. Ids: the
/// bytes in GPT-2's order, what merges make in the order in which it was made, <|endoftext|>. Of pairs seen as often the one whose first id
/// is lower is merged first, then the one whose second is, as Hugging Face's trainer does. <|endoftext|> spelled in a text separates texts.
/// The files depend on nothing but the arguments. Returns the number of ids, which is less than asked for, with a warning, where the text
/// is too small. Memory grows with the number of different words, of which the rarest are forgotten beyond four million. Throws UserError
/// for missing or empty files, ill-formed UTF-8 (with the line), and sizes that cannot be.
std::int64_t train_byte_bpe_tokenizer(const ByteBpeTraining& training, const std::filesystem::path& folder);

}  // namespace attend
