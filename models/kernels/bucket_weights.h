// Weights of one query over keys that it sees in some of several rounds, on a CPU: which it sees, how often, the exponentials.
#pragma once

#include <cstdint>
#include <vector>

namespace attend::kernels {

/// A query sees a key in a round where the key's place less its own is between -left and right.
struct BucketQuery {
  std::vector<const std::int32_t*> key_places;  // of each round, `num_keys` of them
  std::vector<std::int32_t> places;             // the query's
  std::size_t round;                            // the one that is computed
  std::int64_t num_keys;                        // whole vectors
  std::int32_t left, right;
};

/// Scores of keys that are not seen in the query's round become minus infinity; `shares` are one over the number of rounds in which a key
/// is seen. Returns the largest score.
float hide_unseen(const BucketQuery& query, float* scores, float* shares);

/// scores -> exp(scores - offset) * shares * scale. Returns their sum.
float bucket_weights(float* scores, const float* shares, std::int64_t num_keys, float offset, float scale);

}  // namespace attend::kernels
