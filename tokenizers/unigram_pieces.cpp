#include "tokenizers/unigram_pieces.h"

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace attend {
namespace {

constexpr double kUnknownPenalty = 10;  // an unknown character is so much less probable than the least probable piece

std::uint64_t edge(std::int32_t node, char byte) { return static_cast<std::uint64_t>(node) << 8 | static_cast<unsigned char>(byte); }

}  // namespace

UnigramPieces::UnigramPieces(std::vector<Piece> pieces, std::int32_t unknown_id)
    : pieces_(std::move(pieces)), unknown_id_(unknown_id), ids_{-1} {
  double least = 0;
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    least = id == 0 ? pieces_[id].score : std::min(least, pieces_[id].score);
    std::int32_t node = 0;
    for (const char byte : pieces_[id].text) {
      const auto [found, is_new] = edges_.try_emplace(edge(node, byte), static_cast<std::int32_t>(ids_.size()));
      if (is_new) ids_.push_back(-1);
      node = found->second;
    }
    if (node > 0) ids_[static_cast<std::size_t>(node)] = static_cast<std::int32_t>(id);
  }
  unknown_score_ = least - kUnknownPenalty;
}

void UnigramPieces::append_ids(std::string_view word, std::vector<std::int32_t>& ids) const {
  // The best way to each byte: its score, where its last piece begins, and which that is.
  struct Way {
    double score = 0;
    std::size_t begin = 0;
    std::int32_t id = -1;  // -1: none yet
  };
  std::vector<Way> ways(word.size() + 1);
  const auto offer = [&](std::size_t end, const Way& way) {
    if (ways[end].id < 0 || way.score > ways[end].score) ways[end] = way;
  };
  for (std::size_t begin = 0; begin < word.size();) {
    const std::size_t character = utf8_at(word, begin).length;
    const double score = ways[begin].score;
    bool has_single = false;
    std::int32_t node = 0;
    for (std::size_t end = begin; end < word.size();) {
      const auto found = edges_.find(edge(node, word[end]));
      if (found == edges_.end()) break;
      node = found->second;
      ++end;
      const std::int32_t id = ids_[static_cast<std::size_t>(node)];
      if (id < 0) continue;
      offer(end, {score + pieces_[static_cast<std::size_t>(id)].score, begin, id});
      has_single |= end - begin == character;
    }
    if (!has_single) offer(begin + character, {score + unknown_score_, begin, unknown_id_});
    begin += character;
  }
  const auto first = static_cast<std::ptrdiff_t>(ids.size());
  for (std::size_t end = word.size(); end > 0; end = ways[end].begin)
    if (ids.size() == static_cast<std::size_t>(first) || ways[end].id != unknown_id_ || ids.back() != unknown_id_)
      ids.push_back(ways[end].id);
  std::reverse(ids.begin() + first, ids.end());
}

}  // namespace attend
