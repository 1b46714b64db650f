// A tokenizer whose ids below 256 are bytes: what is generated can be written down in a test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/text.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/byte_bpe_tokenizer.h"

namespace attend::test {

constexpr std::int64_t kEndOfText = 256;

/// What a byte is written as in the files of GPT-2's tokenizer.
inline std::string byte_piece(int byte) {
  const auto stands_for_itself = [](int b) { return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174; };
  char32_t code_point = byte;
  if (!stands_for_itself(byte)) {
    code_point = 256;
    for (int earlier = 0; earlier < byte; ++earlier) code_point += !stands_for_itself(earlier);
  }
  std::string piece;
  append_utf8(piece, code_point);
  return piece;
}

/// Writes a tokenizer into a folder: the bytes, and special tokens from id 256 on, the first of which ends a text.
inline void write_byte_tokenizer(const std::filesystem::path& folder, const std::vector<std::string>& special = {"<|endoftext|>"}) {
  Json vocab = Json::object(), added = Json::array();
  for (int byte = 0; byte < 256; ++byte) vocab[byte_piece(byte)] = byte;
  for (const std::string& token : special) {
    const auto id = static_cast<std::int64_t>(vocab.size());
    vocab[token] = id;
    added.push_back({{"id", id},
                     {"content", token},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const Json byte_level{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const Json model{
      {"type", "BPE"},     {"dropout", nullptr},     {"unk_token", nullptr}, {"continuing_subword_prefix", ""}, {"end_of_word_suffix", ""},
      {"fuse_unk", false}, {"byte_fallback", false}, {"vocab", vocab},       {"merges", Json::array()}};
  write_json_file(folder / "tokenizer.json", {{"version", "1.0"},
                                              {"truncation", nullptr},
                                              {"padding", nullptr},
                                              {"added_tokens", added},
                                              {"normalizer", nullptr},
                                              {"pre_tokenizer", byte_level},
                                              {"post_processor", nullptr},
                                              {"decoder", byte_level},
                                              {"model", model}});
  const Json end_of_text = special.empty() ? Json(nullptr) : Json(special.front());
  write_json_file(
      folder / "tokenizer_config.json",
      {{"tokenizer_class", "GPT2Tokenizer"}, {"bos_token", end_of_text}, {"eos_token", end_of_text}, {"unk_token", end_of_text}});
}

inline std::shared_ptr<const ByteBpeTokenizer> byte_tokenizer(const std::vector<std::string>& special = {"<|endoftext|>"}) {
  const TempFolder folder;
  write_byte_tokenizer(folder.path(), special);
  return std::make_shared<const ByteBpeTokenizer>(folder.path());
}

}  // namespace attend::test
