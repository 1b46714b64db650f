// What a ByteBpeTokenizer is made of.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/added_tokens.h"
#include "tokenizers/byte_bpe_files.h"
#include "tokenizers/byte_pair_merger.h"
#include "tokenizers/tokenizer_settings.h"
#include "tokenizers/word_table.h"

namespace attend {

struct ByteBpeParts {
  explicit ByteBpeParts(const std::filesystem::path& folder);

  ByteBpeFiles files;
  BytePairMerger merger;
  WordTable words;                             // those whose bytes are joined into one piece
  AddedTokenFinder tokens, normalized_tokens;  // the latter are looked for in what the former leave
  std::vector<std::string> pieces;             // by id, added tokens too
  std::vector<std::string> bytes;              // by id: what it stands for in a text
  PieceIds ids;
  std::vector<bool> special;
  std::array<std::int32_t, 256> byte_ids{};  // -1 for a byte that the vocabulary lacks
  std::optional<std::int32_t> byte_unk_id, eos_id, bos_id;
  std::string fingerprint;

 private:
  void collect_pieces();
  void collect_tokens();
  void collect_words();
  std::string hash() const;
};

}  // namespace attend
