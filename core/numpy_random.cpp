#include "core/numpy_random.h"

#include <bit>
#include <limits>
#include <utility>

namespace attend {

std::uint32_t NumpyRandom::up_to(std::uint32_t most) {
  if (most == 0) return 0;  // nothing is drawn
  const std::uint32_t mask = std::numeric_limits<std::uint32_t>::max() >> std::countl_zero(most);
  std::uint32_t drawn = 0;
  do drawn = static_cast<std::uint32_t>(twister_()) & mask;
  while (drawn > most);
  return drawn;
}

std::vector<std::int64_t> NumpyRandom::permutation(std::vector<std::int64_t> items) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[up_to(static_cast<std::uint32_t>(i - 1))]);
  return items;
}

}  // namespace attend
