// Small byte-level BPE folders, made as a test needs them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "tests/support/temp_folder.h"
#include "tests/tokenizers/small_text.h"
#include "tokenizers/byte_alphabet.h"
#include "tokenizers/byte_bpe_tokenizer.h"

namespace attend {

/// In the order of rank; 256 + i is the id of what the i-th makes, 267 that of <|endoftext|>.
inline const std::vector<std::string>& small_merges() {
  static const std::vector<std::string> merges{"t h",   "th e",     "\u0120 the",    "a b",           "b c", "a a",  //
                                               "aa aa", "\u0120 d", "\u010a \u010a", "\u00c3 \u00a9", "' s"};
  return merges;
}

/// Every byte by its letter, what small_merges() make, <|endoftext|>.
inline Json small_byte_vocabulary() {
  Json vocabulary = Json::object();
  for (const unsigned char byte : bytes_in_letter_order()) vocabulary[std::string(byte_letter(byte))] = vocabulary.size();
  for (const std::string& merge : small_merges()) {
    const std::size_t space = merge.find(' ');
    vocabulary[merge.substr(0, space) + merge.substr(space + 1)] = vocabulary.size();
  }
  vocabulary["<|endoftext|>"] = vocabulary.size();
  return vocabulary;
}

inline std::string small_merge_lines() {
  std::string lines = "#version: 0.2\n";
  for (const std::string& merge : small_merges()) lines += merge + "\n";
  return lines;
}

/// vocab.json and merges.txt, and tokenizer_config.json where settings are given.
inline const std::filesystem::path& write_small_byte_bpe(const std::filesystem::path& folder, const std::string& settings = {}) {
  std::filesystem::create_directories(folder);
  write_json_file(folder / "vocab.json", small_byte_vocabulary());
  write_text(folder / "merges.txt", small_merge_lines());
  if (!settings.empty()) write_text(folder / "tokenizer_config.json", settings);
  return folder;
}

/// A tokenizer.json as the reference writes it, for tests to change.
inline Json small_byte_bpe_json() {
  Json json = parse_json(R"({
    "version": "1.0", "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}, "padding": null,
    "added_tokens": [{"id": 267, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
    "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": false,
              "byte_fallback": false, "ignore_merges": false}})",
                         "test");
  json["model"]["vocab"] = small_byte_vocabulary();
  json["model"]["merges"] = small_merges();
  return json;
}

inline std::filesystem::path write_byte_bpe_json(const std::filesystem::path& folder, const Json& json) {
  std::filesystem::create_directories(folder);
  write_json_file(folder / "tokenizer.json", json);
  return folder;
}

}  // namespace attend
