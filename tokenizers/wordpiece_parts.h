// What a WordPieceTokenizer is made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizers/added_tokens.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/piece_table.h"
#include "tokenizers/wordpiece_files.h"

namespace attend {

struct WordPieceParts {
  WordPieceParts(WordPieceFiles read, const std::filesystem::path& folder);

  WordPieceFiles files;
  BertNormalizer normalizer;
  PieceTable table;
  AddedTokenFinder tokens, normalized_tokens;  // found before cleaning, and after it
  std::vector<std::string> pieces;             // by id, added tokens too
  std::unordered_map<std::string_view, std::int32_t> ids;
  std::vector<bool> special;
  std::vector<bool> skipped;                              // by id: left out of decoded text
  std::unordered_map<std::int32_t, std::string> decoded;  // of tokens found in cleaned text: they decode to what they were found as
  std::int32_t pad_id = 0, cls_id = 0, sep_id = 0, unk_id = 0;
  std::optional<std::int32_t> mask_id;
  std::string fingerprint;

 private:
  void collect_tokens();
  std::int32_t needed_id(const std::string& piece, const char* what, const std::filesystem::path& folder) const;
  std::string hash() const;
};

}  // namespace attend
