// Which pieces of a sequence are hidden from a masked language model, and what stands in their place.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/random.h"

namespace attend {

/// What masking has to know of a vocabulary.
struct MaskingVocabulary {
  std::optional<std::int32_t> cls, sep, mask;
  std::vector<bool> is_special;       ///< by id, as long as the vocabulary: never masked, never drawn
  std::vector<bool> is_continuation;  ///< by id: goes on with the word of the piece before. For MaskUnit::kWord only

  std::int64_t size() const { return static_cast<std::int64_t>(is_special.size()); }
};

enum class MaskUnit { kPiece, kWord };

struct MaskingOptions {
  double probability = 0.15;         ///< of a piece that is not special
  std::int64_t max_predictions = 0;  ///< most pieces masked in a sequence; 0: as many as the probability says
  MaskUnit unit = MaskUnit::kPiece;
};

/// What the model has to find: positions in a sequence, rising, and the ids that stood there.
struct MaskedPieces {
  std::vector<std::int64_t> positions, labels;
};

/// The rule of Devlin et al. 2019, section 3.1. Of the pieces that are not special the probability's share, rounded, at
/// least one, is chosen. Of these 80 % become [MASK], 10 % a random piece that is not special, 10 % stay as they are.
///
/// With whole words, words are chosen in random order, and one that would exceed the share is passed over, as in the
/// original. Where no word fits, the shortest is taken whole (of more pieces than max_predictions only the first ones).
/// A word does not reach over a special token.
class Masker {
 public:
  /// Throws UserError for a vocabulary without [MASK] or without ordinary pieces, and options out of their ranges.
  Masker(MaskingVocabulary vocabulary, const MaskingOptions& options);

  /// Changes the sequence. None is chosen where all of its pieces are special.
  MaskedPieces mask(std::span<std::int64_t> ids, RandomStream& random) const;

 private:
  std::vector<std::int64_t> choose(std::span<const std::int64_t> ids, RandomStream& random) const;

  MaskingVocabulary vocabulary_;
  MaskingOptions options_;
  std::vector<std::int32_t> ordinary_ids_;
};

}  // namespace attend
