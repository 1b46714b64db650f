#include "metrics/entities.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace attend {
namespace {

constexpr std::string_view kOutside = "O";
constexpr std::string_view kNoType = "_";

bool is_one_of(char letter, std::string_view letters) { return letters.find(letter) != std::string_view::npos; }

/// What follows the first letter, and a hyphen where there is one: "place" of "B-place", "_" of "B".
std::string_view type_of(std::string_view tag) {
  std::size_t letter = 1;  // the bytes of the first code point
  while (letter < tag.size() && (static_cast<unsigned char>(tag[letter]) & 0xC0) == 0x80) ++letter;
  std::string_view type = tag.substr(letter);
  if (const std::size_t hyphen = type.find('-'); hyphen != std::string_view::npos) type.remove_prefix(hyphen + 1);
  return type.empty() ? kNoType : type;
}

}  // namespace

bool is_entity_tag(std::string_view tag) {
  if (tag.empty() || !is_one_of(tag[0], "OBIESLUMW")) return false;
  return tag.size() == 1 || (tag[0] != 'O' && tag[1] == '-');
}

std::optional<std::string> first_other_tag(std::span<const std::string> tags) {
  const auto found = std::find_if_not(tags.begin(), tags.end(), is_entity_tag);
  return found == tags.end() ? std::nullopt : std::optional(*found);
}

std::string as_iobes(std::string_view entity_tag) {
  constexpr std::string_view kFrom = "LUWM", kTo = "ESSI";
  std::string tag(entity_tag);
  if (!is_entity_tag(tag)) return tag;
  if (const std::size_t letter = kFrom.find(tag[0]); letter != std::string_view::npos) tag[0] = kTo[letter];
  return tag;
}

bool EntityScores::Scanner::ends_before(std::string_view tag, std::int64_t position) {
  const char next = tag[0];
  const std::string_view next_type = type_of(tag);
  const bool changes_type = type != next_type;
  const bool ends =
      is_one_of(prefix, "ES") || (is_one_of(prefix, "BI") && is_one_of(next, "BSO")) || (!is_one_of(prefix, "O.") && changes_type);
  const bool starts =
      is_one_of(next, "BS") || (is_one_of(next, "IE") && is_one_of(prefix, "OES")) || (!is_one_of(next, "O.") && changes_type);
  ended_type = type;
  ended_begin = begin;
  if (starts) begin = position;
  prefix = next;
  type = next_type;
  return ends;
}

void EntityScores::take(std::string_view gold_tag, std::string_view predicted_tag) {
  const bool gold_ends = gold_.ends_before(gold_tag, position_);
  const bool predicted_ends = predicted_.ends_before(predicted_tag, position_);
  ++position_;
  const auto counts_of = [this](std::string_view type) -> MatchCounts& {
    const auto found = types_.find(type);
    return found != types_.end() ? found->second : types_[std::string(type)];
  };
  if (gold_ends) ++counts_of(gold_.ended_type).gold;
  if (predicted_ends) ++counts_of(predicted_.ended_type).predicted;
  if (gold_ends && predicted_ends && gold_.ended_type == predicted_.ended_type && gold_.ended_begin == predicted_.ended_begin)
    ++counts_of(gold_.ended_type).correct;
}

void EntityScores::add(std::span<const std::string> gold, std::span<const std::string> predicted) {
  if (gold.size() != predicted.size())
    throw std::invalid_argument(std::to_string(gold.size()) + " gold tags, " + std::to_string(predicted.size()) + " predicted");
  for (std::size_t i = 0; i < gold.size(); ++i)
    if (gold[i].empty() || predicted[i].empty()) throw std::invalid_argument("an empty tag");
  for (std::size_t i = 0; i < gold.size(); ++i) {
    take(gold[i], predicted[i]);
    num_equal_ += gold[i] == predicted[i];
  }
  num_tags_ += static_cast<std::int64_t>(gold.size());
  take(kOutside, kOutside);  // an entity ends with its sentence; the scanners hold no view of its tags from here on
}

double EntityScores::accuracy() const { return num_tags_ == 0 ? 0 : static_cast<double>(num_equal_) / static_cast<double>(num_tags_); }

PrecisionRecall EntityScores::averaged(Average average) const {
  std::vector<MatchCounts> counts;
  for (const auto& [type, of_type] : types_) counts.push_back(of_type);
  return attend::averaged(counts, average);
}

}  // namespace attend
