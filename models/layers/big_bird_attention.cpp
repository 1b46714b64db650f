// Big Bird (Zaheer et al. 2020): a token attends to the tokens of N(i), a few blocks of the text (models/layers/big_bird_blocks.h):
//
//   ATTN_D(X)_i = x_i + sum_h softmax(Q_h(x_i) K_h(X_N(i))^T) V_h(X_N(i))                              (equation AT)
//
// with scores divided by sqrt(d), as always; x_i is the residual connection, which a layer adds itself. Queries of the first and the last
// block see all of their text, which other kernels do; the blocks between them are multiplied with the blocks that each sees, laid side by
// side. A block that is seen twice counts twice. Each text is cut into blocks from its own beginning, so that its contexts do not depend on
// the batch.
//
// Letters: B sequences, N tokens (packed), E width, H heads, D head width, Q queries, K keys; C blocks of T tokens of the long texts, R
// blocks of queries between their first and last ones, S blocks that each of these sees.
#include <cmath>
#include <limits>
#include <map>

#include <torch/torch.h>

#include "models/layers/attention_kernel.h"
#include "models/layers/big_bird_blocks.h"
#include "models/layers/inner_attention.h"

namespace attend {
namespace {

using Indices = std::vector<std::int64_t>;

constexpr std::int64_t kMostFixed = 5;
constexpr float kUnseen = -std::numeric_limits<float>::infinity();

/// What becomes of the tokens of a batch.
struct Routes {
  Indices seeing_all;             // tokens whose queries see all: those of short texts, and the first and last blocks of long ones
  Indices seeing_lengths;         // of each text
  Indices between;                // the tokens of the R blocks
  Indices long_tokens;            // of long texts
  Indices places;                 // where each of them lies among the C blocks
  Indices seen;                   // [R, H, S]: a block of a head, c H + h
  std::vector<float> log_counts;  // [R, H, S]: the logarithm of how often it counts
  std::int64_t num_blocks = 0;    // C
};

class BigBirdAttention final : public InnerAttention {
 public:
  explicit BigBirdAttention(const AttentionConfig& config) : config_(config) {}

  torch::Tensor forward(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    require_bidirectional(causality);
    const Routes routes = routes_of(tokens);
    if (routes.between.empty()) {
      const AttentionShape shape = shape_of(tokens, tokens);
      return kernel_for(qkv_N3E.narrow(1, 0, config_.hidden_size), shape).self_attend(qkv_N3E, shape);
    }
    const auto context_NE = torch::cat({contexts_of_all(qkv_N3E, tokens, routes), contexts_of_blocks(qkv_N3E, routes)});
    Indices order(static_cast<std::size_t>(tokens.tokens()));
    std::int64_t row = 0;
    for (const Indices* part : {&routes.seeing_all, &routes.between})
      for (const std::int64_t token : *part) order[static_cast<std::size_t>(token)] = row++;
    return context_NE.index_select(0, ids_tensor(order, qkv_N3E.device()));
  }

  torch::Tensor weights(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    require_bidirectional(causality);
    const auto heads = qkv_N3E.unflatten(1, {3, config_.num_heads, -1}).unbind(1);
    const auto q_BHQD = tokens.pad(heads[0]).transpose(1, 2), k_BHKD = tokens.pad(heads[1]).transpose(1, 2);
    const auto counts_BHQK = counts_of(tokens).to(qkv_N3E.options()) * tokens.is_token_BL().unsqueeze(1).unsqueeze(2);
    const double sqrt_d = std::sqrt(static_cast<double>(q_BHQD.size(3)));
    return torch::softmax(torch::matmul(q_BHQD, k_BHKD.transpose(2, 3)) / sqrt_d + counts_BHQK.log(), -1);
  }

  std::unique_ptr<LayerPast> start_past(const DecodedRows&, const torch::TensorOptions&) const override {
    TORCH_CHECK(false, "Big Bird's last block is seen by all of a text; it cannot go on from what was read");
  }

 private:
  static void require_bidirectional(Causality causality) {
    TORCH_CHECK(causality == Causality::kBidirectional, "Big Bird's last block is seen by all of a text");
  }
  double dropout() const { return is_training() ? config_.dropout : 0; }
  AttentionShape shape_of(const PackedLayout& queries, const PackedLayout& keys) const {
    return {.queries = queries, .keys = keys, .num_heads = config_.num_heads, .dropout = dropout()};
  }

  /// The random blocks of a long text's blocks between its first and last: [H, num_blocks - 2, random].
  Indices random_blocks(std::int64_t num_blocks) const {
    if (is_training()) return big_bird_drawn_blocks(config_, num_blocks);
    return Indices(static_cast<std::size_t>(config_.num_heads * (num_blocks - 2) * config_.choice.random), kBigBirdAnsweringBlock);
  }

  Routes routes_of(const PackedLayout& tokens) const {
    Routes routes;
    std::map<std::int64_t, Indices> random;  // by a text's number of blocks
    for (std::int64_t b = 0; b < tokens.batch(); ++b) {
      const std::int64_t length = tokens.lengths()[b], begin = tokens.offsets()[b], end = begin + length;
      const std::int64_t size = config_.choice.block, blocks = big_bird_blocks(config_.choice, length);
      const bool sees_all = big_bird_sees_all(config_.choice, length);
      const std::int64_t last_begin = begin + (blocks - 1) * size;
      for (std::int64_t token = begin; token < end; ++token)
        (sees_all || token < begin + size || token >= last_begin ? routes.seeing_all : routes.between).push_back(token);
      routes.seeing_lengths.push_back(sees_all ? length : size + end - last_begin);
      if (sees_all) continue;
      for (std::int64_t i = 0; i < length; ++i) {
        routes.long_tokens.push_back(begin + i);
        routes.places.push_back(routes.num_blocks * size + i);
      }
      const auto [drawn, is_new] = random.try_emplace(blocks);
      if (is_new) drawn->second = random_blocks(blocks);
      add_seen(blocks, drawn->second, routes);
      routes.num_blocks += blocks;
    }
    return routes;
  }

  void add_seen(std::int64_t blocks, const Indices& random, Routes& routes) const {
    const std::int64_t wanted = config_.choice.random;
    const auto add = [&](std::int64_t block, std::int64_t head, double count) {
      routes.seen.push_back((routes.num_blocks + block) * config_.num_heads + head);
      routes.log_counts.push_back(static_cast<float>(std::log(count)));
    };
    for (std::int64_t row = 0; row < blocks - 2; ++row) {
      const Indices fixed = big_bird_fixed_blocks(row + 1, blocks);
      for (std::int64_t head = 0; head < config_.num_heads; ++head) {
        for (std::int64_t s = 0; s < kMostFixed; ++s) {
          const bool is_there = s < static_cast<std::int64_t>(fixed.size());
          const std::int64_t block = is_there ? fixed[static_cast<std::size_t>(s)] : 0;
          // While the model answers, all random blocks are one, which is among the fixed ones.
          const bool stands_for_random = is_there && !is_training() && block == kBigBirdAnsweringBlock;
          add(block, head, !is_there ? 0 : stands_for_random ? 1 + static_cast<double>(wanted) : 1);
        }
        if (is_training())
          for (std::int64_t r = 0; r < wanted; ++r)
            add(random[static_cast<std::size_t>((head * (blocks - 2) + row) * wanted + r)], head, 1);
      }
    }
  }

  torch::Tensor contexts_of_all(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, const Routes& routes) const {
    const PackedLayout queries(routes.seeing_lengths, tokens.device());
    const AttentionShape shape = shape_of(queries, tokens);
    const auto q_NE = qkv_N3E.narrow(1, 0, config_.hidden_size).index_select(0, ids_tensor(routes.seeing_all, qkv_N3E.device()));
    return kernel_for(q_NE, shape).cross_attend(q_NE, qkv_N3E.narrow(1, config_.hidden_size, 2 * config_.hidden_size), shape);
  }

  torch::Tensor contexts_of_blocks(const torch::Tensor& qkv_N3E, const Routes& routes) const {
    const auto device = qkv_N3E.device();
    const std::int64_t size = config_.choice.block, heads = config_.num_heads, width = config_.hidden_size / heads;
    const std::int64_t slots = kMostFixed + (is_training() ? config_.choice.random : 0);
    const auto places = ids_tensor(routes.places, device), seen = ids_tensor(routes.seen, device);
    const auto long_tokens = ids_tensor(routes.long_tokens, device), between = ids_tensor(routes.between, device);

    // Keys and values in blocks of each head, zeros where a text does not fill its last one; then those that each block of queries sees.
    const auto side_by_side = [&](std::int64_t which) {
      const auto x_NE = qkv_N3E.narrow(1, which * config_.hidden_size, config_.hidden_size).index_select(0, long_tokens);
      const auto x_CTE = torch::zeros({routes.num_blocks * size, config_.hidden_size}, x_NE.options()).index_copy(0, places, x_NE);
      const auto blocks = x_CTE.view({routes.num_blocks, size, heads, width}).transpose(1, 2).reshape({-1, size * width});
      return blocks.index_select(0, seen).view({-1, slots * size, width});  // [R H, S T, D]
    };
    const auto q_NE = qkv_N3E.narrow(1, 0, config_.hidden_size).index_select(0, between) / std::sqrt(static_cast<double>(width));
    const auto q = q_NE.view({-1, size, heads, width}).transpose(1, 2).reshape({-1, size, width});  // [R H, T, D]

    auto unfilled_CT = torch::full({routes.num_blocks * size}, kUnseen, torch::TensorOptions(device));
    unfilled_CT = unfilled_CT.index_fill(0, places, 0).view({-1, size});
    const auto log_counts = torch::tensor(at::ArrayRef<float>(routes.log_counts)).to(device);
    const auto blocks_of_seen = torch::floor_divide(seen, heads);
    const auto bias = (unfilled_CT.index_select(0, blocks_of_seen) + log_counts.unsqueeze(1)).view({-1, 1, slots * size});

    const auto scores = torch::bmm(q, side_by_side(1).transpose(1, 2));
    auto weights = torch::softmax(scores + bias.to(scores.scalar_type()), -1);
    if (dropout() > 0) weights = torch::dropout(weights, dropout(), /*train=*/true);
    const auto context = torch::bmm(weights, side_by_side(2));
    return context.view({-1, heads, size, width}).transpose(1, 2).reshape({-1, config_.hidden_size});
  }

  /// How often a query's context counts a key: whole numbers, mostly none.
  torch::Tensor counts_of(const PackedLayout& tokens) const {
    const std::int64_t most = big_bird_blocks(config_.choice, tokens.longest()), wanted = config_.choice.random;
    const auto counts_BHCC = torch::ones({tokens.batch(), config_.num_heads, most, most});
    for (std::int64_t b = 0; b < tokens.batch(); ++b) {
      const std::int64_t blocks = big_bird_blocks(config_.choice, tokens.lengths()[b]);
      if (big_bird_sees_all(config_.choice, tokens.lengths()[b])) continue;
      const Indices random = random_blocks(blocks);
      for (std::int64_t h = 0; h < config_.num_heads; ++h)
        for (std::int64_t row = 0; row < blocks - 2; ++row) {
          const auto counts_C = counts_BHCC[b][h][row + 1].zero_();
          for (const std::int64_t block : big_bird_fixed_blocks(row + 1, blocks)) counts_C[block] += 1;
          for (std::int64_t r = 0; r < wanted; ++r) counts_C[random[static_cast<std::size_t>((h * (blocks - 2) + row) * wanted + r)]] += 1;
        }
    }
    const auto block_L = torch::floor_divide(torch::arange(tokens.longest()), config_.choice.block);
    return counts_BHCC.index_select(2, block_L).index_select(3, block_L);
  }

  AttentionConfig config_;
};

}  // namespace

std::shared_ptr<InnerAttention> big_bird_attention(const AttentionConfig& config) { return std::make_shared<BigBirdAttention>(config); }

}  // namespace attend
