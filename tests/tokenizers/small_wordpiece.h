// Small WordPiece folders, made as a test needs them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "tests/support/temp_folder.h"
#include "tests/tokenizers/small_text.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

/// Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, then these from 5.
inline const std::vector<std::string>& small_pieces() {
  static const std::vector<std::string> pieces{
      "the", "dog", "##s",  "un",  "##want", "##ed", "want", "runn", "##ing", ",",  "low", "lowest", "##er", ".",    //  5 to 18
      "a",   "b",   "##a",  "##b", "[",      "]",    "mask", "'",    "s",     "n",  "##'", "é",      "e",    "##e",  // 19 to 32
      "中",  "国",  "##中", "i",   "do",     "not",  "##t",  "!",    "ä",     "##ä"};                                // 33 to 42
  return pieces;
}

inline std::string small_vocabulary() {
  std::string lines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const std::string& piece : small_pieces()) lines += piece + "\n";
  return lines;
}

/// vocab.txt of small_pieces(), and tokenizer_config.json where settings are given.
inline const std::filesystem::path& write_small_wordpiece(const std::filesystem::path& folder, const std::string& settings = {}) {
  std::filesystem::create_directories(folder);
  write_text(folder / "vocab.txt", small_vocabulary());
  if (!settings.empty()) write_text(folder / "tokenizer_config.json", settings);
  return folder;
}

/// A tokenizer.json as the reference writes it, of small_pieces(), for tests to change.
inline Json small_tokenizer_json() {
  Json vocabulary = Json::object();
  int id = 0;
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) vocabulary[token] = id++;
  for (const std::string& piece : small_pieces()) vocabulary[piece] = id++;
  Json json = parse_json(R"({
    "version": "1.0", "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0}, "padding": null, "added_tokens": [],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
      "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
               {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
      "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true}})",
                         "test");
  json["model"] =
      Json{{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"continuing_subword_prefix", "##"}, {"max_input_chars_per_word", 100}};
  json["model"]["vocab"] = vocabulary;
  return json;
}

}  // namespace attend
