// Entities in sequences of tags, counted as conlleval and seqeval (its default mode) count them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "metrics/precision_recall.h"

namespace attend {

/// "O", "B-place", "I-place", "E-place", "S-place", or the letter alone; of other schemes L and U (BILOU), M and W (BMEWO). Where a data
/// set's tags are others (parts of speech, types without a letter), entities mean nothing and accuracy is the figure to look at.
bool is_entity_tag(std::string_view tag);

/// The first tag that is none of an entity, or nothing where all are: why there are no entities to count.
std::optional<std::string> first_other_tag(std::span<const std::string> tags);

/// The same tag in IOBES' letters: L is E, U and W are S, M is I. EntityScores, like seqeval's default mode, knows only those.
std::string as_iobes(std::string_view entity_tag);

/// Precision, recall and F1 of whole entities: right where type, first and last token are.
///
/// A tag is a prefix letter and a type, "B-place". An entity starts at B or S; at I or E after O, E or S; and wherever the type
/// changes. So IOB2, IOB1 and IOBES are all understood, and ill-formed sequences have entities too: I-place after O starts one,
/// I-person after B-place another. A letter alone has no type, and a tag without hyphen is its first letter and the rest, as in seqeval.
class EntityScores {
 public:
  /// One sentence. Throws std::invalid_argument where the lengths differ or a tag is empty.
  void add(std::span<const std::string> gold, std::span<const std::string> predicted);

  /// The share of tags that are equal, entities or not. 0 of nothing.
  double accuracy() const;
  /// Over all entities; kMicro is what both programs print as the overall figure.
  PrecisionRecall averaged(Average average) const;
  /// Counts by type, in alphabetical order. The type of a letter alone is "_".
  const std::map<std::string, MatchCounts, std::less<>>& types() const { return types_; }

 private:
  /// Goes along one side's tags.
  struct Scanner {
    char prefix = 'O';
    std::string_view type;
    std::int64_t begin = 0;  ///< of the entity that is open, or that was last

    /// Takes the next tag in; true where an entity ended before it, of `ended_type` from `ended_begin`.
    bool ends_before(std::string_view tag, std::int64_t position);
    std::string_view ended_type;
    std::int64_t ended_begin = 0;
  };

  void take(std::string_view gold_tag, std::string_view predicted_tag);

  Scanner gold_, predicted_;
  std::int64_t position_ = 0;  // over all sentences
  std::int64_t num_tags_ = 0, num_equal_ = 0;
  std::map<std::string, MatchCounts, std::less<>> types_;
};

}  // namespace attend
