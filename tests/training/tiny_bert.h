// A folder with a vocabulary and an untrained BERT of 32 wide, as `attend pretrain bert` would write it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/bert/heads.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

struct TinyBert {
  std::vector<std::string> pieces;  ///< after [PAD] [UNK] [CLS] [SEP] [MASK], whose ids are 0 to 4
  std::int64_t num_layers = 1;
  std::int64_t max_positions = 32;
  std::int64_t num_segments = 2;
};

/// Words enough for sentences about cats and films.
inline const std::vector<std::string> kFewWords{"the",    "a", "cat",  "dog", "sleep", "##s", "in",  "house",
                                                "garden", ".", "good", "bad", "film",  "not", "very"};

inline std::shared_ptr<const WordPieceTokenizer> write_tiny_tokenizer(const std::vector<std::string>& pieces,
                                                                      const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const std::string& piece : pieces) vocabulary += piece + "\n";
  write_text(folder / "vocab.txt", vocabulary);
  write_text(folder / "tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})");
  return std::make_shared<const WordPieceTokenizer>(folder);
}

inline BertConfig tiny_bert_config(const TinyBert& tiny, const WordPieceTokenizer& tokenizer) {
  BertConfig config;
  config.vocab_size = tokenizer.vocab_size();
  config.hidden_size = 32;
  config.num_layers = tiny.num_layers;
  config.num_heads = 2;
  config.intermediate_size = 64;
  config.dropout = config.classifier_dropout = 0;  // it has little enough to learn with
  config.max_positions = tiny.max_positions;
  config.type_vocab_size = tiny.num_segments;
  config.initializer_range = 0.1;  // so that an untrained model's answers differ from token to token
  return config;
}

inline std::shared_ptr<const WordPieceTokenizer> write_tiny_bert(const TinyBert& tiny, const std::filesystem::path& folder) {
  auto tokenizer = write_tiny_tokenizer(tiny.pieces, folder);
  make_bert(tiny_bert_config(tiny, *tokenizer), BertMaskedLanguageModel::NextSentence::kNo, /*seed=*/5, torch::kCPU)->save(folder);
  return tokenizer;
}

}  // namespace attend
