// attend tokenizer train|encode|decode: learns a vocabulary, turns text into pieces or ids and back.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/commands/open_tokenizer.h"
#include "apps/common.h"
#include "tokenizers/byte_bpe_trainer.h"
#include "tokenizers/sentencepiece_trainer.h"
#include "tokenizers/wordpiece_trainer.h"

namespace attend {

struct TokenizerTrainOptions {
  CommonOptions common;
  std::string type = "sentencepiece";
  std::optional<PieceModel> model;  ///< the type's own where not given
  std::filesystem::path output;
  std::vector<std::filesystem::path> files;           ///< one model of all of them
  std::vector<std::filesystem::path> source, target;  ///< or one model a side
  VocabularyConfig vocabulary;                        ///< its vocab_size is that of every type
  WordPieceVocabularyConfig wordpiece;                ///< its min_frequency is that of byte-level BPE too
  bool cased = false, end_of_text = true;
  std::string source_language, target_language;
  std::vector<std::string> language_codes;
};

/// Writes the tokenizer's folder. Throws UserError as train_marian_tokenizer, train_wordpiece_tokenizer and train_byte_bpe_tokenizer do,
/// and for flags that do not go together.
int run_tokenizer_train(const TokenizerTrainOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
