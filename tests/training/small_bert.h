// A BERT of a few thousand parameters and a vocabulary of a few words, for tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/bert/heads.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend::small_bert {

/// What differs from test to test.
struct Settings {
  /// After [PAD] [UNK] [CLS] [SEP] [MASK], whose ids are 0 to 4.
  std::vector<std::string> pieces{"the", "a", "cat", "dog", "sleep", "##s", "in", "house", "garden", ".", "good", "bad", "film", "not", "very"};
  std::int64_t num_segments = 2;
  double initializer_range = 0.02;
};

inline void write_tokenizer(const std::filesystem::path& folder, const Settings& settings = {}) {
  std::filesystem::create_directories(folder);
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const std::string& piece : settings.pieces) vocabulary += piece + "\n";
  write_text(folder / "vocab.txt", vocabulary);
}

inline BertConfig config(const WordPieceTokenizer& tokenizer, const Settings& settings = {}) {
  BertConfig config;
  config.vocab_size = tokenizer.vocab_size();
  config.hidden_size = 32;
  config.num_layers = 1;
  config.num_heads = 2;
  config.intermediate_size = 64;
  config.max_positions = 32;
  config.type_vocab_size = settings.num_segments;
  config.dropout = config.classifier_dropout = 0;
  config.initializer_range = settings.initializer_range;
  return config;
}

/// A folder as `attend pretrain bert` leaves it, untrained.
inline void write_model(const std::filesystem::path& folder, const Settings& settings = {}) {
  write_tokenizer(folder, settings);
  make_bert(config(WordPieceTokenizer(folder), settings), BertMaskedLanguageModel::NextSentence::kYes, /*seed=*/1, torch::kCPU)->save(folder);
}

}  // namespace attend::small_bert
