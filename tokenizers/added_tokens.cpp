#include "tokenizers/added_tokens.h"

#include <algorithm>
#include <functional>

#include "core/text.h"
#include "tokenizers/bert_normalizer.h"

namespace attend {
namespace {

/// Where the code point before `end` begins; `end` is not 0.
std::size_t previous(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return begin;
}

bool is_space(char32_t code_point) { return bert_classes()[code_point] & bert_class::kSpace; }

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word_character(utf8_at(text, previous(text, begin)).code_point)) &&
         (end == text.size() || !is_word_character(utf8_at(text, end).code_point));
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens, const std::vector<std::string>& spellings)
    : tokens_(std::move(tokens)), spellings_(spellings) {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (!index_.try_emplace(spellings_[i], i).second) continue;
    auto& lengths = lengths_[static_cast<unsigned char>(spellings_[i].front())];
    if (lengths.empty()) first_bytes_ += spellings_[i].front();
    const auto place = std::lower_bound(lengths.begin(), lengths.end(), spellings_[i].size(), std::greater<>{});
    if (place == lengths.end() || *place != spellings_[i].size()) lengths.insert(place, spellings_[i].size());
  }
}

AddedTokenFinder::Match AddedTokenFinder::match_at(std::string_view text, std::size_t at) const {
  for (const std::size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
    if (length > text.size() - at) continue;
    if (const auto found = index_.find(text.substr(at, length)); found != index_.end()) return {length, &tokens_[found->second]};
  }
  return {};
}

std::vector<AddedTokenFinder::Found> AddedTokenFinder::split(std::string_view text) const {
  std::vector<Found> parts;
  std::size_t covered = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (first_bytes_.size() == 1) at = text.find(first_bytes_.front(), at);
    if (at == std::string_view::npos) break;
    const auto [length, token] = match_at(text, at);
    if (length == 0) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + length;
    at = end;
    if (token->single_word && !stands_alone(text, begin, end)) continue;
    if (token->lstrip) {
      while (begin > covered && is_space(utf8_at(text, previous(text, begin)).code_point)) begin = previous(text, begin);
      begin = std::max(begin, covered);
    }
    if (token->rstrip)
      for (; end < text.size() && is_space(utf8_at(text, end).code_point);) end += utf8_at(text, end).length;
    if (covered < begin) parts.push_back({covered, begin, nullptr});
    parts.push_back({begin, end, token});
    covered = end;
  }
  if (covered < text.size()) parts.push_back({covered, text.size(), nullptr});
  return parts;
}

}  // namespace attend
