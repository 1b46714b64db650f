// LSH attention (Kitaev et al. 2020, "Reformer", section 2). Keys are the queries, scaled to length one, k_j = q_j / |q_j|; query i sees
// the keys that a hash puts into its bucket:
//
//   o_i = sum_{j in P_i} exp(q_i k_j - z(i, P_i)) v_j,   z the logarithm of the sum over P_i      (equations 2 and 3)
//   h(x) = argmax([x R; -x R]), R random                                                          (section 2, "Locality sensitive hashing")
//   P_i the union over the rounds r of P_i^r = {j : h_r(q_i) = h_r(q_j)}                          (equation 6, appendix A)
//
// without i itself, where there is another. No division by sqrt(d), which the paper's equations leave out and its program has not either.
//
// The paper cuts the tokens, sorted by bucket, into chunks of m, each of which sees itself and the one before. Where those begin depends on
// every token of the text, so what a token sees would change with what comes after it. Here P_i^r holds the last m tokens of the bucket up
// to i, or in an encoder the m / 2 on each side of it: a causal output is then a function of the past, and a step of decoding is the
// whole text's. The random numbers are the same in every model of the same shape, never drawn anew: the same text has the same answer.
//
// Letters: B sequences, H heads, L tokens of the longest, Q queries, K keys, D head width; N tokens (packed), R rounds, F half of the
// buckets, P places of decoded rows, E width.
#include <algorithm>
#include <cmath>
#include <limits>

#include <torch/torch.h>

#include "core/random.h"
#include "models/layers/bucket_attention.h"
#include "models/layers/inner_attention.h"
#include "models/layers/row_attention.h"

namespace attend {
namespace {

// Of the queries' type: autocast on a GPU would make norms, and so the keys, float32.
torch::Tensor unit_keys(const torch::Tensor& q) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  return q / q.norm(2, -1, /*keepdim=*/true).clamp_min(1e-6);
}

// The hash of every round and head.
class Hash : public torch::nn::Module {
 public:
  explicit Hash(const AttentionConfig& config) : buckets_(config.choice.buckets), rounds_(config.choice.rounds) {
    const std::int64_t width = config.hidden_size / config.num_heads;
    auto rotations = torch::empty({rounds_, config.num_heads, width, buckets_ / 2});
    RandomStream stream(0, "reformer rotations");
    auto* number = rotations.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < rotations.numel(); ++i) number[i] = static_cast<float>(stream.normal());
    // Of bfloat16's numbers, so that a model in bfloat16 has the same.
    rotations_RHDF_ = register_buffer("rotations", rotations.to(torch::kBFloat16).to(torch::kFloat32));
  }

  torch::Tensor buckets_RNH(const torch::Tensor& q_NHD) const {
    const torch::NoGradGuard no_gradient;
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    if (buckets_ == 1) return torch::zeros({rounds_, q_NHD.size(0), q_NHD.size(1)}, q_NHD.options().dtype(torch::kInt64));
    const auto q_HND = q_NHD.detach().to(torch::kFloat32).transpose(0, 1);
    std::vector<torch::Tensor> rounds;
    for (std::int64_t r = 0; r < rounds_; ++r) {
      const auto rotated_HNF = torch::bmm(q_HND, rotations_RHDF_[r].to(torch::kFloat32));
      const auto [most, at_most] = rotated_HNF.max(2);
      const auto [least, at_least] = rotated_HNF.min(2);
      rounds.push_back(torch::where(most >= -least, at_most, at_least + buckets_ / 2).t());
    }
    return torch::stack(rounds);
  }

 private:
  std::int64_t buckets_, rounds_;
  torch::Tensor rotations_RHDF_;
};

struct Heads {
  torch::Tensor q_NHD, v_NHD;
};

Heads heads_of(const torch::Tensor& qv_N2E, std::int64_t num_heads) {
  const auto heads = qv_N2E.unflatten(1, {2, num_heads, -1}).unbind(1);
  return {heads[0], heads[1]};
}

/// Unit keys and values of all that was read, and the buckets of each.
class BucketPast final : public LayerPast {
 public:
  BucketPast(const DecodedRows& rows, const AttentionConfig& config, const Hash& hash, const torch::TensorOptions& options)
      : rows_(rows), config_(config), hash_(hash), width_(config.hidden_size / config.num_heads) {
    kv_PH2D_ = torch::empty({rows.num_places(), config.num_heads, 2 * width_}, options);
    bucket_PHR_.resize(static_cast<std::size_t>(rows.num_places() * config.num_heads * config.choice.rounds));
  }

  void keep_prompts(const torch::Tensor& qv_N2E, const PackedLayout&) override { keep(heads_of(qv_N2E, config_.num_heads), 0); }

  // A row's head is a row of its own, since each sees other tokens.
  torch::Tensor step(const torch::Tensor& qv_R2E) override {
    TORCH_CHECK(rows_.steps_done() < rows_.max_steps(), "the past holds ", rows_.max_steps(), " steps");
    const Heads heads = heads_of(qv_R2E, config_.num_heads);
    keep(heads, rows_.current_place());
    const auto q = heads.q_NHD.flatten(0, 1) * std::sqrt(static_cast<double>(width_));  // which those who attend divide by
    const auto kv = kv_PH2D_.flatten(0, 1);
    torch::Tensor context;
    if (can_attend_rows(q, 1)) {
      const float* base = kv.const_data_ptr<float>();
      context = attend_rows(q, 1, rows_.most_keys(), [&](std::int64_t row, const float** keys) {
        const float** next = keys;
        each_seen(row, [&](std::int64_t key) { *next++ = base + key * 2 * width_; });
        return next - keys;
      });
    } else {
      std::vector<std::int64_t> keys, lengths;
      for (std::int64_t row = 0; row < q.size(0); ++row) {
        const std::size_t before = keys.size();
        each_seen(row, [&](std::int64_t key) { keys.push_back(key); });
        lengths.push_back(static_cast<std::int64_t>(keys.size() - before));
      }
      context = attend_gathered(q, kv, keys, lengths, 1);
    }
    return context.view({qv_R2E.size(0), -1});
  }

 private:
  void keep(const Heads& heads, std::int64_t place) {
    const std::int64_t num = heads.q_NHD.size(0);
    kv_PH2D_.narrow(0, place, num).copy_(torch::cat({unit_keys(heads.q_NHD), heads.v_NHD}, 2));
    const auto bucket_NHR = hash_.buckets_RNH(heads.q_NHD).permute({1, 2, 0}).to(torch::kCPU).contiguous();
    const auto* from = bucket_NHR.const_data_ptr<std::int64_t>();
    std::copy(from, from + bucket_NHR.numel(), bucket_PHR_.begin() + place * config_.num_heads * config_.choice.rounds);
  }

  // Calls each(place * H + head) for what the current token of `row` / H sees in the head `row` % H.
  template <class Each>
  void each_seen(std::int64_t row, const Each& each) const {
    const std::int64_t head = row % config_.num_heads, rounds = config_.choice.rounds;
    std::vector<std::int64_t> keys;
    rows_.each_place(row / config_.num_heads, 0, [&](std::int64_t place) { keys.push_back(place * config_.num_heads + head); });
    const std::int64_t own = keys.back();
    keys.pop_back();
    std::vector<bool> is_seen(keys.size());
    for (std::int64_t r = 0; r < rounds; ++r) {
      std::int64_t left = config_.choice.chunk - 1;
      for (std::size_t l = keys.size(); l-- > 0 && left > 0;)
        if (bucket_PHR_[keys[l] * rounds + r] == bucket_PHR_[own * rounds + r]) {
          is_seen[l] = true;
          --left;
        }
    }
    bool is_alone = true;
    for (std::size_t l = 0; l < keys.size(); ++l)
      if (is_seen[l]) {
        each(keys[l]);
        is_alone = false;
      }
    if (is_alone) each(own);
  }

  const DecodedRows& rows_;
  AttentionConfig config_;
  const Hash& hash_;
  std::int64_t width_;
  torch::Tensor kv_PH2D_;
  std::vector<std::int16_t> bucket_PHR_;
};

class ReformerAttention final : public InnerAttention {
 public:
  explicit ReformerAttention(const AttentionConfig& config)
      : config_(config), hash_(register_module("hash", std::make_shared<Hash>(config))) {}

  torch::Tensor forward(const torch::Tensor& qv_N2E, const PackedLayout& tokens, Causality causality) const override {
    const Heads heads = heads_of(qv_N2E, config_.num_heads);
    const auto sequence_head_NH = sequences_N(tokens).unsqueeze(1) * config_.num_heads +
                                  torch::arange(config_.num_heads, torch::TensorOptions(tokens.device()).dtype(torch::kInt64));
    const auto bucket_RNH = hash_->buckets_RNH(heads.q_NHD) + sequence_head_NH * config_.choice.buckets;
    const Buckets buckets{.bucket_RM = bucket_RNH.flatten(1),
                          .num_buckets = tokens.batch() * config_.num_heads * config_.choice.buckets,
                          .reach = Reach::of(causality, std::min(config_.choice.chunk, 2 * tokens.longest()))};
    const auto q_MD = heads.q_NHD.flatten(0, 1);
    return attend_in_buckets(q_MD, unit_keys(q_MD), heads.v_NHD.flatten(0, 1), buckets).view({tokens.tokens(), -1});
  }

  torch::Tensor weights(const torch::Tensor& qv_N2E, const PackedLayout& tokens, Causality causality) const override {
    const auto q_NHD = heads_of(qv_N2E, config_.num_heads).q_NHD;
    const auto q_BHQD = tokens.pad(q_NHD).transpose(1, 2);
    const auto may_attend_BHQK = union_of_rounds(hash_->buckets_RNH(q_NHD), tokens, Reach::of(causality, config_.choice.chunk));
    const auto scores_BHQK = torch::matmul(q_BHQD, unit_keys(q_BHQD).transpose(2, 3));
    return torch::softmax(scores_BHQK.masked_fill(may_attend_BHQK.logical_not(), -std::numeric_limits<double>::infinity()), -1);
  }

  std::unique_ptr<LayerPast> start_past(const DecodedRows& rows, const torch::TensorOptions& options) const override {
    return std::make_unique<BucketPast>(rows, config_, *hash_, options);
  }

 private:
  static torch::Tensor sequences_N(const PackedLayout& tokens) {
    std::vector<std::int64_t> sequences;
    for (std::int64_t b = 0; b < tokens.batch(); ++b) sequences.insert(sequences.end(), tokens.lengths()[b], b);
    return ids_tensor(sequences, tokens.device());
  }

  // P_i as it is written: a token's number in its bucket is how many of the bucket come before it.
  static torch::Tensor union_of_rounds(const torch::Tensor& bucket_RNH, const PackedLayout& tokens, const Reach& reach) {
    torch::Tensor seen_BHQK;
    for (const auto& bucket_NH : bucket_RNH.unbind(0)) {
      const auto bucket_BHL = tokens.pad(bucket_NH).transpose(1, 2);
      const auto is_key_B11K = tokens.is_token_BL().unsqueeze(1).unsqueeze(2);
      const auto same_BHQK = (bucket_BHL.unsqueeze(3) == bucket_BHL.unsqueeze(2)).logical_and(is_key_B11K);
      const auto number_BHL = same_BHQK.tril(-1).sum(3);
      const auto distance_BHQK = number_BHL.unsqueeze(2) - number_BHL.unsqueeze(3);
      const auto near_BHQK = same_BHQK.logical_and(distance_BHQK >= -reach.left).logical_and(distance_BHQK <= reach.right);
      seen_BHQK = seen_BHQK.defined() ? seen_BHQK.logical_or(near_BHQK) : near_BHQK;
    }
    const auto itself_QK = torch::eye(tokens.longest(), seen_BHQK.options());
    const auto others_BHQK = seen_BHQK.logical_and(itself_QK.logical_not());
    return others_BHQK.logical_or(others_BHQK.any(3, /*keepdim=*/true).logical_not().logical_and(itself_QK));
  }

  AttentionConfig config_;
  std::shared_ptr<Hash> hash_;
};

}  // namespace

std::shared_ptr<InnerAttention> reformer_attention(const AttentionConfig& config) { return std::make_shared<ReformerAttention>(config); }

}  // namespace attend
