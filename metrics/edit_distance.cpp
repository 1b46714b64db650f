#include "metrics/edit_distance.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace attend {

namespace {

constexpr std::int32_t kUnreachedCost = 1 << 30;
constexpr std::int64_t kBeamWidth = 25;  // Tercom's: cells looked at on either side of the diagonal

}  // namespace

void BeamEditDistance::fill_row(std::span<const char32_t> hypothesis, std::size_t i, const Row& above, Row& row) const {
  const auto num_reference = static_cast<std::int64_t>(reference_.size());
  row.assign(reference_.size() + 1, Cell{kUnreachedCost, Edit::kUnreached});

  // The diagonal of a table that is not square; where it is so steep that two rows' beams would not meet, the beam is widened.
  const double slope = static_cast<double>(num_reference) / static_cast<double>(hypothesis.size());
  const std::int64_t beam = kBeamWidth < slope / 2 ? static_cast<std::int64_t>(std::ceil(slope / 2 + kBeamWidth)) : kBeamWidth;
  const auto diagonal = static_cast<std::int64_t>(std::floor(static_cast<double>(i) * slope));
  const std::int64_t first = std::max<std::int64_t>(0, diagonal - beam);
  const std::int64_t end = i == hypothesis.size() ? num_reference + 1 : std::min(num_reference + 1, diagonal + beam);

  for (std::int64_t j = first; j < end; ++j) {
    Cell best{kUnreachedCost, Edit::kUnreached};
    const auto offer = [&best](std::int32_t cost, Edit edit) {
      if (cost < best.cost) best = {cost, edit};
    };
    // Tercom's preference among equal costs: the order of these three.
    if (j > 0) {
      const bool same = hypothesis[i - 1] == reference_[j - 1];
      offer(above[j - 1].cost + (same ? 0 : 1), same ? Edit::kKeep : Edit::kSubstitute);
    }
    offer(above[j].cost + 1, Edit::kDelete);
    if (j > 0) offer(row[j - 1].cost + 1, Edit::kInsert);
    row[j] = best;
  }
}

Alignment BeamEditDistance::align(std::span<const char32_t> hypothesis) {
  rows_.resize(hypothesis.size() + 1);
  rows_[0].resize(reference_.size() + 1);
  for (std::size_t j = 0; j <= reference_.size(); ++j) rows_[0][j] = {static_cast<std::int32_t>(j), Edit::kInsert};
  for (std::size_t i = 1; i <= hypothesis.size(); ++i) fill_row(hypothesis, i, rows_[i - 1], rows_[i]);
  return trace(hypothesis);
}

std::int64_t BeamEditDistance::distance(std::span<const char32_t> hypothesis, std::size_t num_shared) {
  assert(hypothesis.size() + 1 == rows_.size() && num_shared <= hypothesis.size());
  scratch_above_ = rows_[num_shared];
  for (std::size_t i = num_shared + 1; i <= hypothesis.size(); ++i) {
    fill_row(hypothesis, i, scratch_above_, scratch_);
    std::swap(scratch_above_, scratch_);
  }
  return scratch_above_.back().cost;
}

Alignment BeamEditDistance::trace(std::span<const char32_t> hypothesis) const {
  Alignment result;
  result.distance = rows_.back().back().cost;
  result.hypothesis_position.resize(reference_.size());
  result.reference_is_wrong.resize(reference_.size());
  result.hypothesis_is_wrong.resize(hypothesis.size());
  std::size_t i = hypothesis.size();
  std::size_t j = reference_.size();
  while (i > 0 || j > 0) {
    const Edit edit = rows_[i][j].edit;
    assert(edit != Edit::kUnreached);
    const bool wrong = edit != Edit::kKeep;
    if (edit != Edit::kInsert) result.hypothesis_is_wrong[--i] = wrong;
    if (edit != Edit::kDelete) {
      --j;
      result.reference_is_wrong[j] = wrong;
      // After the decrement above i is this word's own position; an inserted word follows word i - 1.
      result.hypothesis_position[j] = static_cast<std::int64_t>(i) - (edit == Edit::kInsert ? 1 : 0);
    }
  }
  return result;
}

}  // namespace attend
