// The files of a WordPiece tokenizer's folder, read into one description and written from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/bert_normalizer.h"

namespace attend {

inline constexpr std::int64_t kWordCharacters = 100;  ///< BERT's longest word; a longer one is [UNK]

/// All that decides how a text becomes ids and ids a text. The defaults are BERT's.
struct WordPieceFiles {
  std::vector<std::string> pieces;  ///< the model's vocabulary by id; "" for an id that it leaves out
  std::vector<AddedToken> added;    ///< cut out of a text before it is split; ids of `pieces`, or new ones after them
  std::string unk = "[UNK]", cls = "[CLS]", sep = "[SEP]", pad = "[PAD]", mask = "[MASK]";
  Json further_special = Json::object();  ///< settings of other special tokens, as they were read
  std::string continuation_prefix = "##";
  std::int64_t max_word_characters = kWordCharacters;
  BertNormalization normalization;
  bool has_decoder = true;  ///< joins continuations; without one pieces stand between spaces
  std::string decoder_prefix = "##";
  bool decoder_cleans = true;                 ///< spaces before punctuation go, piece by piece
  bool cleans_spaces = false;                 ///< and once more in the whole text: clean_up_tokenization_spaces
  std::int64_t max_length = 0;                ///< model_max_length; 0 where it says nothing usable
  std::optional<std::string> tokenizer_json;  ///< as it was read
};

/// Reads tokenizer.json, or vocab.txt where there is none, and tokenizer_config.json beside either. Throws UserError for what is
/// missing, malformed, or asks for what WordPieceTokenizer does not do.
WordPieceFiles read_wordpiece_files(const std::filesystem::path& folder);

/// Writes vocab.txt, tokenizer_config.json and, where it was read from one, tokenizer.json. The folder is made where absent.
void write_wordpiece_files(const WordPieceFiles& files, const std::filesystem::path& folder);

}  // namespace attend
