// A BERT of a few thousand parameters and a vocabulary of a few words, for tests.
#pragma once

#include <filesystem>
#include <string>

#include "models/bert/heads.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend::small_bert {

inline void write_tokenizer(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::string vocabulary;
  for (const char* piece : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "cat", "dog", "sleep", "##s", "in", "house", "garden", ".", "good", "bad", "film", "not", "very"})
    vocabulary += std::string(piece) + "\n";
  write_text(folder / "vocab.txt", vocabulary);
}

inline BertConfig config(const WordPieceTokenizer& tokenizer) {
  BertConfig config;
  config.vocab_size = tokenizer.vocab_size();
  config.hidden_size = 32;
  config.num_layers = 1;
  config.num_heads = 2;
  config.intermediate_size = 64;
  config.max_positions = 32;
  config.dropout = config.classifier_dropout = 0;
  return config;
}

/// A folder as `attend pretrain bert` leaves it, untrained.
inline void write_model(const std::filesystem::path& folder) {
  write_tokenizer(folder);
  make_bert(config(WordPieceTokenizer(folder)), BertMaskedLanguageModel::NextSentence::kYes, /*seed=*/1, torch::kCPU)->save(folder);
}

}  // namespace attend::small_bert
