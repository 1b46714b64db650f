// Softmax over the keys that stand near a query in one of several orders of the tokens: what LSH attention computes, once its hashes have
// said which tokens belong together. Time and memory grow with the tokens, not with their square.
//
// Letters: M rows, a token of one head each, of all texts and heads; R rounds, D head width.
#pragma once

#include <cstdint>

#include <torch/types.h>

#include "models/layers/attention_mask.h"

namespace attend {

/// Which rows belong together in each round. Rows of one bucket are of one text and one head, and their order is the text's.
struct Buckets {
  torch::Tensor bucket_RM;   ///< int64
  std::int64_t num_buckets;  ///< of a round
  Reach reach;               ///< how far a query sees, counted in tokens of its bucket; finite
};

/// sum over j in P_i of exp(q_i k_j - z_i) v_j, z_i the logarithm of the sum of the weights: q_MD, k_MD, v_MD -> context_MD. P_i is the
/// union over the rounds of the rows of i's bucket within reach, i itself only where that leaves no other.
torch::Tensor attend_in_buckets(const torch::Tensor& q_MD, const torch::Tensor& k_MD, const torch::Tensor& v_MD, const Buckets& buckets);

}  // namespace attend
