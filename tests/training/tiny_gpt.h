// A tokenizer and an untrained GPT of 32 wide, as `attend pretrain gpt` would write them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "models/gpt/heads.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/byte_bpe_trainer.h"

namespace attend {

/// Single bytes of `text`, and the special tokens.
inline std::shared_ptr<const ByteBpeTokenizer> write_tiny_byte_tokenizer(const std::string& text, const std::filesystem::path& folder,
                                                                         const std::vector<std::string>& special = {}) {
  set_log_level(LogLevel::kQuiet);
  const TempFolder scratch;
  write_text(scratch / "text.txt", text);
  train_byte_bpe_tokenizer({.files = {scratch / "text.txt"}, .vocabulary = {.model = BytePieces::kChar}, .special_tokens = special},
                           folder);
  return std::make_shared<const ByteBpeTokenizer>(folder);
}

inline GptConfig tiny_gpt_config(const ByteBpeTokenizer& tokenizer, std::int64_t max_positions = 32) {
  GptConfig config;
  config.vocab_size = tokenizer.vocab_size();
  config.hidden_size = 32;
  config.num_layers = 1;
  config.num_heads = 2;
  config.dropout = 0;
  config.max_positions = max_positions;
  config.initializer_range = 0.1;  // so that an untrained model's answers differ from token to token
  config.bos_id = config.eos_id = tokenizer.end_of_text_id();
  return config;
}

}  // namespace attend
