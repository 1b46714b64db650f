// How many tokens a batch may have.
#include "training/batch_memory.h"

#include <catch2/catch.hpp>

#include "models/device_memory.h"
#include "tests/support/refusal.h"

namespace attend {

using Catch::Contains;

TEST_CASE("a batch takes what the straight line through two measurements allows, in steps of 256 tokens") {
  constexpr std::int64_t kMiB = 1 << 20;
  const BatchMemory first{.tokens = 2000, .bytes = 300 * kMiB}, second{.tokens = 8000, .bytes = 900 * kMiB};  // 100 MiB a 1,000 tokens
  CHECK(tokens_within(first, second, 900 * kMiB, 65536) == 7936);
  CHECK(tokens_within(first, second, 1300 * kMiB, 65536) == 11776);  // 12,000
  CHECK(tokens_within(first, second, 1300 * kMiB, 4096) == 4096);
  CHECK(tokens_within(first, second, 100000 * kMiB, 65536) == 65536);
  CHECK(tokens_within(first, {.tokens = 8000, .bytes = 300 * kMiB}, 301 * kMiB, 65536) == 65536);  // costs nothing
  CHECK_THAT(refusal_of([&] { tokens_within(first, second, 200 * kMiB, 65536); }),
             Contains("a batch of 2000 tokens takes 300 MiB; 200 MiB may be used"));
}

TEST_CASE("the host's peak is measured from where it is asked for") {
  constexpr std::int64_t kBytes = 64 << 20;
  std::int64_t large = 0;
  {
    const PeakMemory peak(torch::kCPU);
    { const auto tensor = torch::ones({kBytes / 4}); }
    large = peak.bytes();
  }
  const PeakMemory peak(torch::kCPU);
  CHECK(large > kBytes);
  CHECK(peak.bytes() <= large);
  CHECK(free_bytes(torch::kCPU) > 0);
}

}  // namespace attend
