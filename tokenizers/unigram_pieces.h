// The most probable pieces of a word in a unigram language model (Kudo 2018, "Subword Regularization", section 3.1): of all ways to cut it,
// the one whose pieces' log-probabilities have the largest sum.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attend {

class UnigramPieces {
 public:
  struct Piece {
    std::string text;
    double score = 0;  ///< its log-probability
  };
  /// `pieces` by id; of two that are the same the later one counts. `unknown_id` is what a character that begins no piece becomes.
  UnigramPieces(std::vector<Piece> pieces, std::int32_t unknown_id);

  /// Appends the ids of a word, well-formed UTF-8; neighbours that are unknown are one.
  void append_ids(std::string_view word, std::vector<std::int32_t>& ids) const;

  std::int64_t size() const { return static_cast<std::int64_t>(pieces_.size()); }
  const std::string& text(std::int32_t id) const { return pieces_[static_cast<std::size_t>(id)].text; }
  std::int32_t unknown_id() const { return unknown_id_; }

 private:
  std::vector<Piece> pieces_;
  std::int32_t unknown_id_;
  double unknown_score_;
  std::unordered_map<std::uint64_t, std::int32_t> edges_;  // of a trie: (node, byte) to node; the root is 0
  std::vector<std::int32_t> ids_;                          // of the piece that ends at a node; -1: none
};

}  // namespace attend
