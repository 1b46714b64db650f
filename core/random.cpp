#include "core/random.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace attend {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio: splitmix64's step

/// splitmix64's finaliser: a bijection of 64 bits in which every input bit moves every output bit.
std::uint64_t scramble(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

/// A running hash of 64-bit words; the order and the number of words matter.
class WordHash {
 public:
  void add(std::uint64_t word) { hash_ = scramble(hash_ ^ scramble(word + kGolden * ++count_)); }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0, count_ = 0;
};

constexpr int kFeistelRounds = 8;

}  // namespace

std::uint64_t mix_seed(std::uint64_t seed, std::string_view name, std::initializer_list<std::uint64_t> counters) {
  WordHash hash;
  hash.add(seed);
  hash.add(name.size());
  for (std::size_t i = 0; i < name.size(); i += 8) {
    std::uint64_t word = 0;  // little-endian whatever the machine
    for (std::size_t j = i; j < name.size() && j < i + 8; ++j) word |= std::uint64_t{static_cast<unsigned char>(name[j])} << (8 * (j - i));
    hash.add(word);
  }
  hash.add(counters.size());
  for (const std::uint64_t counter : counters) hash.add(counter);
  return hash.value();
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view name, std::initializer_list<std::uint64_t> counters) {
  std::uint64_t position = mix_seed(seed, name, counters);
  for (std::uint64_t& word : state_.words) word = scramble(position += kGolden);
}

// xoshiro256** of D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators" (2021).
std::uint64_t RandomStream::next() {
  auto& s = state_.words;
  const std::uint64_t result = std::rotl(s[1] * 5, 7) * 9;
  const std::uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = std::rotl(s[3], 45);
  return result;
}

// D. Lemire, "Fast random integer generation in an interval" (2019): the high word of a 128-bit product, drawn again
// where the low word falls in the part that would favour some results.
std::uint64_t RandomStream::below(std::uint64_t bound) {
  if (bound == 0) throw std::invalid_argument("RandomStream::below(0)");
  using Wide = unsigned __int128;
  const std::uint64_t unfair = (0 - bound) % bound;
  while (true) {
    const Wide product = Wide{next()} * bound;
    if (static_cast<std::uint64_t>(product) >= unfair) return static_cast<std::uint64_t>(product >> 64);
  }
}

double RandomStream::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));  // 1 - u lies in (0, 1]
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

Permutation::Permutation(std::uint64_t size, std::uint64_t key)
    : size_(size), key_(key), half_bits_(size < 2 ? 1 : static_cast<int>((std::bit_width(size - 1) + 1) / 2)) {}

// A Feistel network permutes [0, 4^half_bits), at most four times `size`; walking its cycle until a value below `size`
// comes leaves a permutation of [0, size).
std::uint64_t Permutation::operator()(std::uint64_t position) const {
  if (position >= size_) throw std::out_of_range("Permutation: position " + std::to_string(position) + " of " + std::to_string(size_));
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  do {
    std::uint64_t left = position >> half_bits_, right = position & mask;
    for (int round = 0; round < kFeistelRounds; ++round) {
      WordHash hash;
      hash.add(key_);
      hash.add(static_cast<std::uint64_t>(round));
      hash.add(right);
      left ^= hash.value() & mask;
      std::swap(left, right);
    }
    position = left << half_bits_ | right;
  } while (position >= size_);
  return position;
}

}  // namespace attend
