// The merges of a byte-level BPE tokenizer's files, from names to ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tokenizers/byte_pair_merger.h"
#include "tokenizers/tokenizer_settings.h"

namespace attend {

class MergeReader {
 public:
  /// `pieces` must outlive it. `name` is the file's, for messages.
  MergeReader(const std::vector<std::string>& pieces, std::string name) : ids_(ids_of(pieces)), name_(std::move(name)) {}

  /// Throws UserError where one of the two, or what they make, is not in the vocabulary, and where the pair was there before. `place` is
  /// where it stands in the file: "line 5".
  void add(std::string_view first, std::string_view second, const std::string& place);
  /// The same of "first second".
  void add_line(std::string_view line, const std::string& place);

  std::vector<PairMerge> take() { return std::move(merges_); }

 private:
  std::int32_t id_of(std::string_view piece, std::string_view first, std::string_view second, const std::string& place) const;

  PieceIds ids_;
  std::string name_;
  std::vector<PairMerge> merges_;
  std::unordered_set<std::uint64_t> seen_;
};

/// merges.txt: "#version: 0.2", then a merge a line.
std::vector<PairMerge> read_merges(const std::filesystem::path& path, const std::vector<std::string>& pieces);
std::string merge_lines(const std::vector<PairMerge>& merges, const std::vector<std::string>& pieces);

}  // namespace attend
