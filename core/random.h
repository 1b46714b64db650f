// Named random streams. A stream is a function of (seed, name, counters), never of what ran before it, so a resumed
// run draws what the uninterrupted one would have drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace attend {

/// 64 bits that depend on all arguments: a seed for torch::manual_seed or a RandomStream.
std::uint64_t mix_seed(std::uint64_t seed, std::string_view name, std::initializer_list<std::uint64_t> counters = {});

/// xoshiro256** seeded by mix_seed through splitmix64. Equal on every machine and compiler: it uses no <random>
/// distribution. Its state can be saved.
class RandomStream {
 public:
  struct State {
    std::uint64_t words[4];
    bool operator==(const State&) const = default;
  };

  RandomStream(std::uint64_t seed, std::string_view name, std::initializer_list<std::uint64_t> counters = {});
  explicit RandomStream(const State& state) : state_(state) {}

  std::uint64_t next();                      ///< 64 uniform bits
  std::uint64_t below(std::uint64_t bound);  ///< uniform in [0, bound), unbiased; bound > 0
  double uniform();                          ///< in [0, 1), 53 bits
  double normal();                           ///< N(0, 1), Box-Muller, one draw a call
  const State& state() const { return state_; }

  template <class Sequence>
  void shuffle(Sequence& items) {  // Fisher-Yates
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  State state_;
};

/// A permutation of [0, size) that needs no memory: position -> index by a keyed Feistel network with cycle walking.
class Permutation {
 public:
  Permutation(std::uint64_t size, std::uint64_t key);
  std::uint64_t operator()(std::uint64_t position) const;

 private:
  std::uint64_t size_, key_;
  int half_bits_;
};

}  // namespace attend
