// NumPy's legacy generator, numpy.random.RandomState: what models of Python draw with it must be drawn again. Our own streams are in
// core/random.h.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace attend {

/// numpy.random.seed(seed) and what is drawn after it, number for number.
class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed) : twister_(seed) {}

  /// Uniform in [0, most]: numbers are cut to the bits of `most`, and drawn again where they lie above it.
  std::uint32_t up_to(std::uint32_t most);
  /// numpy.random.permutation(items).
  std::vector<std::int64_t> permutation(std::vector<std::int64_t> items);

 private:
  std::mt19937 twister_;  // the standard fixes its numbers, and its seeding is NumPy's
};

}  // namespace attend
