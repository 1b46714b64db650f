// Appendix A of Kitaev et al. 2020, the rounds computed one after the other:
//
//   o_i = sum_r exp(z(i, P_i^r) - z(i, P_i)) o_i^r,
//   o_i^r = sum_{j in P_i^r} exp(q_i k_j - m_ij^r - z(i, P_i^r)) v_j,   m_ij^r = log N_ij, or 10^5 where i = j
//
// with N_ij in how many rounds i sees j, so that what is seen in several counts once. All rows stand in one line, ordered by bucket; it is
// cut into chunks, and a chunk sees itself, the one before and, where attention is not causal, the one after. Weights are not kept: the
// backward pass makes them again from each query's largest score and sum.
//
// Letters: M rows (tokens of one head), R rounds, D head width; C chunks of T rows, W keys that a chunk's queries may see (2 T or 3 T).
#include "models/layers/bucket_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/bucket_weights.h"

namespace attend {
namespace {

constexpr double kAlone = -1e5;  // a row's score with itself, which counts where it sees no other

// The line of one round's order: rows without a token in front, the rows, and such rows again to whole chunks.
class Line {
 public:
  Line(const Buckets& buckets, std::int64_t rows) : rows_(rows), num_buckets_(buckets.num_buckets), reach_(buckets.reach) {
    const std::int64_t side = std::min(std::max({reach_.left, reach_.right, std::int64_t{1}}), rows);
    size_ = (side + 15) / 16 * 16;  // whole vectors
    after_ = reach_.right > 0 ? size_ : 0;
    chunks_ = (rows + size_ - 1) / size_;
  }

  std::int64_t size() const { return size_; }
  std::int64_t width() const { return 2 * size_ + after_; }
  std::int64_t chunks() const { return chunks_; }
  std::int64_t back() const { return chunks_ * size_ - rows_ + after_; }

  // Rows in the line's order, with zeros in front (for keys) or without, and behind.
  torch::Tensor keys(const torch::Tensor& x_MD, const torch::Tensor& order_M) const { return placed(x_MD, order_M, size_, back()); }
  torch::Tensor queries(const torch::Tensor& x_MD, const torch::Tensor& order_M) const {
    return placed(x_MD, order_M, 0, chunks_ * size_ - rows_).unflatten(0, {chunks_, size_});
  }
  // Back to the rows' order.
  torch::Tensor rows(const torch::Tensor& x_CTD, const torch::Tensor& slot_M) const { return x_CTD.flatten(0, 1).index_select(0, slot_M); }
  torch::Tensor key_rows(const torch::Tensor& x, const torch::Tensor& slot_M) const {
    return x.narrow(0, size_, rows_).index_select(0, slot_M);
  }

  // A row's place: its slot in the line, with a gap between buckets that no query sees over. Two rows see one another in a round where
  // their places there say so; rows without a token stand before and behind all buckets.
  std::int64_t gap() const { return std::max(reach_.left, reach_.right) + 1; }
  torch::Tensor places(const torch::Tensor& place_M, const torch::Tensor& order_M) const {
    const auto front = torch::arange(-size_, 0, place_M.options()) - gap();
    const auto behind = torch::arange(rows_, rows_ + back(), place_M.options()) + gap() * num_buckets_;
    return torch::cat({front, place_M.index_select(0, order_M), behind});
  }

 private:
  torch::Tensor placed(const torch::Tensor& x_MD, const torch::Tensor& order_M, std::int64_t front, std::int64_t behind) const {
    auto line = torch::empty({front + rows_ + behind, x_MD.size(1)}, x_MD.options());
    line.narrow(0, 0, front).zero_();
    line.narrow(0, front + rows_, behind).zero_();
    auto rows = line.narrow(0, front, rows_);
    at::index_select_out(rows, x_MD, 0, order_M);
    return line;
  }

  std::int64_t rows_, num_buckets_, size_, after_, chunks_;
  Reach reach_;
};

struct Orders {
  torch::Tensor order_RM, slot_RM;  // which row stands in each slot; in which slot each row stands
  torch::Tensor place_RM;
};

Orders orders_of(const Buckets& buckets, std::int64_t gap) {
  Orders orders;
  orders.order_RM = std::get<1>(torch::sort(buckets.bucket_RM, /*stable=*/std::optional<bool>(true), 1));
  const auto slots = torch::arange(buckets.bucket_RM.size(1), buckets.bucket_RM.options()).expand_as(buckets.bucket_RM);
  orders.slot_RM = torch::empty_like(buckets.bucket_RM).scatter_(1, orders.order_RM, slots);
  TORCH_CHECK((buckets.num_buckets + 2) * gap + buckets.bucket_RM.size(1) < std::int64_t{1} << 30, "more places than 32 bits count");
  orders.place_RM = (orders.slot_RM + gap * buckets.bucket_RM).to(torch::kInt32);
  return orders;
}

torch::ScalarType sum_type(const torch::Tensor& x) { return x.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32; }

// Where the rows stand in each round, in the order of one of them.
struct Places {
  std::vector<torch::Tensor> of_round;
  std::size_t round;
  Reach reach;
};

// Of each query over a round's keys, or over all rounds'.
struct Sums {
  torch::Tensor most_CT1;    // the largest score
  torch::Tensor factor_CT1;  // of exp(score - most) / N: its sum over the keys, or, where weights are made again, one by that
};

// Of some chunks in a row, in the line of one round.
class Chunks {
 public:
  Chunks(const Line& line, std::int64_t first, std::int64_t count) : line_(line), first_(first), count_(count) {}

  torch::Tensor windows(const torch::Tensor& keys) const {  // [.., D] -> [C, D, W]
    return keys.narrow(0, first_ * line_.size(), (count_ - 1) * line_.size() + line_.width()).unfold(0, line_.width(), line_.size());
  }
  torch::Tensor queries(const torch::Tensor& x_CTD) const { return x_CTD.narrow(0, first_, count_); }
  // The sums over windows, which overlap.
  void add_windows(torch::Tensor& sums, const torch::Tensor& x_CWD) const {
    for (std::int64_t w = 0; w < line_.width(); w += line_.size())
      sums.narrow(0, first_ * line_.size() + w, count_ * line_.size()).unflatten(0, {count_, -1}).add_(x_CWD.narrow(1, w, line_.size()));
  }
  // Of each query with itself.
  static torch::Tensor own(const torch::Tensor& x_CTW) { return x_CTW.diagonal(x_CTW.size(1), 1, 2); }

  // In how many rounds each query sees each key, 0 where it does not in this one.
  torch::Tensor times_seen(const Places& places) const {
    torch::Tensor times_CTW, here_CTW;
    for (std::size_t r = 0; r < places.of_round.size(); ++r) {
      const auto key_CW = windows(places.of_round[r]);
      const auto query_CT = key_CW.narrow(1, line_.size(), line_.size());
      const auto distance_CTW = key_CW.unsqueeze(1) - query_CT.unsqueeze(2);
      const auto seen_CTW = (distance_CTW >= -places.reach.left).logical_and_(distance_CTW <= places.reach.right);
      if (r == places.round) here_CTW = seen_CTW;
      times_CTW = times_CTW.defined() ? times_CTW + seen_CTW : seen_CTW.to(torch::kFloat32);
    }
    return times_CTW.mul_(here_CTW);
  }

  // Scores of a round, in which a query's own stands for it where it is alone.
  torch::Tensor scores(const torch::Tensor& q_CTD, const torch::Tensor& keys) const {
    const auto scores_CTW = torch::bmm(q_CTD, windows(keys)).to(sum_type(keys));
    own(scores_CTW).fill_(kAlone);
    return scores_CTW;
  }

  // Scores become exp(score - most) / N, 0 where the round's query sees nothing. Where the sums are known already, they are divided by.
  Sums to_weights(const torch::Tensor& scores_CTW, const Places& places, const Sums& known = {}) const {
    if (scores_CTW.is_cpu() && scores_CTW.scalar_type() == torch::kFloat32) return to_weights_on_cpu(scores_CTW, places, known);
    auto times_CTW = times_seen(places);
    scores_CTW.masked_fill_(times_CTW == 0, -std::numeric_limits<double>::infinity());
    const auto most_CT1 = known.most_CT1.defined() ? known.most_CT1 : scores_CTW.amax(2, /*keepdim=*/true);
    scores_CTW.sub_(most_CT1).exp_().div_(times_CTW.clamp_min_(1));
    if (known.factor_CT1.defined()) scores_CTW.mul_(known.factor_CT1);
    return {most_CT1, scores_CTW.sum(2, /*keepdim=*/true)};
  }

 private:
  Sums to_weights_on_cpu(const torch::Tensor& scores_CTW, const Places& places, const Sums& known) const {
    const std::int64_t size = line_.size(), width = line_.width(), rounds = static_cast<std::int64_t>(places.of_round.size());
    const Sums found{torch::empty({count_, size, 1}), torch::empty({count_, size, 1})};
    auto *scores = scores_CTW.mutable_data_ptr<float>(), *most = found.most_CT1.mutable_data_ptr<float>(),
         *sum = found.factor_CT1.mutable_data_ptr<float>();
    const bool is_known = known.most_CT1.defined();
    const float *offsets = is_known ? known.most_CT1.const_data_ptr<float>() : most,
                *factors = is_known ? known.factor_CT1.const_data_ptr<float>() : nullptr;
    at::parallel_for(0, count_ * size, 64, [&](std::int64_t begin, std::int64_t end) {
      kernels::BucketQuery query{.key_places = std::vector<const std::int32_t*>(rounds),
                                 .places = std::vector<std::int32_t>(rounds),
                                 .round = places.round,
                                 .num_keys = width,
                                 .left = static_cast<std::int32_t>(places.reach.left),
                                 .right = static_cast<std::int32_t>(places.reach.right)};
      std::vector<float> shares(static_cast<std::size_t>(width));
      for (std::int64_t row = begin; row < end; ++row) {
        for (std::int64_t r = 0; r < rounds; ++r) {
          query.key_places[r] = places.of_round[r].const_data_ptr<std::int32_t>() + (first_ + row / size) * size;
          query.places[r] = query.key_places[r][size + row % size];
        }
        most[row] = kernels::hide_unseen(query, scores + row * width, shares.data());
        sum[row] = kernels::bucket_weights(scores + row * width, shares.data(), width, offsets[row], factors ? factors[row] : 1.0f);
      }
    });
    return found;
  }

  const Line& line_;
  std::int64_t first_, count_;
};

// Chunks that are computed at once.
std::int64_t chunks_at_once(const Line& line, const torch::Tensor& q) {
  const std::int64_t numbers = q.is_cpu() ? 1 << 18 : 1 << 24;
  return std::max<std::int64_t>(1, numbers / (line.size() * line.width()));
}

template <class Each>
void each_block(const Line& line, std::int64_t at_once, const Each& each) {
  for (std::int64_t first = 0; first < line.chunks(); first += at_once) each(Chunks(line, first, std::min(at_once, line.chunks() - first)));
}

Places places_of(const Line& line, const Orders& orders, std::int64_t round, const Reach& reach) {
  Places places{.of_round = {}, .round = static_cast<std::size_t>(round), .reach = reach};
  for (std::int64_t r = 0; r < orders.place_RM.size(0); ++r)
    places.of_round.push_back(line.places(orders.place_RM[r], orders.order_RM[round]));
  return places;
}

struct BucketAttention : torch::autograd::Function<BucketAttention> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& q_MD, const torch::Tensor& k_MD,
                               const torch::Tensor& v_MD, const Buckets& buckets) {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const Line line(buckets, q_MD.size(0));
    const Orders orders = orders_of(buckets, line.gap());
    const auto sums = q_MD.options().dtype(sum_type(q_MD));
    torch::Tensor context_MD, most_M1, sum_M1;  // of the rounds until now: sum of weighted values, largest score, sum of weights
    for (std::int64_t r = 0; r < orders.order_RM.size(0); ++r) {
      const auto order_M = orders.order_RM[r];
      const auto q_CTD = line.queries(q_MD, order_M), keys = line.keys(k_MD, order_M), values = line.keys(v_MD, order_M);
      const auto places = places_of(line, orders, r, buckets.reach);
      auto context_CTD = torch::empty(q_CTD.sizes(), sums), most_CT1 = torch::empty({line.chunks(), line.size(), 1}, sums),
           sum_CT1 = torch::empty_like(most_CT1);
      each_block(line, chunks_at_once(line, q_MD), [&](const Chunks& chunks) {
        const auto weights_CTW = chunks.scores(chunks.queries(q_CTD), keys);
        const Sums sums_of_round = chunks.to_weights(weights_CTW, places);
        chunks.queries(context_CTD).copy_(torch::bmm(weights_CTW.to(values.scalar_type()), chunks.windows(values).transpose(1, 2)));
        chunks.queries(most_CT1).copy_(sums_of_round.most_CT1);
        chunks.queries(sum_CT1).copy_(sums_of_round.factor_CT1);
      });
      const auto slot_M = orders.slot_RM[r];
      const auto round_MD = line.rows(context_CTD, slot_M), round_most_M1 = line.rows(most_CT1, slot_M);
      const auto round_sum_M1 = line.rows(sum_CT1, slot_M);
      const auto all_most_M1 = r == 0 ? round_most_M1 : torch::maximum(most_M1, round_most_M1);
      const auto factor_M1 = (round_most_M1 - all_most_M1).exp_(), past_factor_M1 = r == 0 ? factor_M1 : (most_M1 - all_most_M1).exp_();
      context_MD = r == 0 ? round_MD : context_MD.mul_(past_factor_M1).addcmul_(round_MD, factor_M1);
      sum_M1 = r == 0 ? round_sum_M1 : sum_M1.mul_(past_factor_M1).addcmul_(round_sum_M1, factor_M1);
      most_M1 = all_most_M1;
    }
    context_MD.div_(sum_M1);
    context->save_for_backward({q_MD, k_MD, v_MD, context_MD, most_M1, sum_M1, orders.order_RM, orders.slot_RM, orders.place_RM});
    context->saved_data["num_buckets"] = buckets.num_buckets;
    context->saved_data["left"] = buckets.reach.left;
    context->saved_data["right"] = buckets.reach.right;
    return context_MD.to(q_MD.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const auto saved = context->get_saved_variables();
    const auto &q_MD = saved[0], &k_MD = saved[1], &v_MD = saved[2];
    const Orders orders{.order_RM = saved[6], .slot_RM = saved[7], .place_RM = saved[8]};
    const Reach reach{.left = context->saved_data["left"].toInt(), .right = context->saved_data["right"].toInt()};
    const Line line({.bucket_RM = {}, .num_buckets = context->saved_data["num_buckets"].toInt(), .reach = reach}, q_MD.size(0));
    const auto gradient_MD = gradients[0];
    const auto mean_M1 = (gradient_MD * saved[3]).sum(1, /*keepdim=*/true);  // of the gradients of a query's weights, by its weights
    auto q_gradient = torch::zeros(q_MD.sizes(), saved[3].options()), k_gradient = torch::zeros_like(q_gradient),
         v_gradient = torch::zeros_like(q_gradient);
    for (std::int64_t r = 0; r < orders.order_RM.size(0); ++r) {
      const auto order_M = orders.order_RM[r], slot_M = orders.slot_RM[r];
      const auto q_CTD = line.queries(q_MD, order_M), keys = line.keys(k_MD, order_M), values = line.keys(v_MD, order_M);
      const auto gradient_CTD = line.queries(gradient_MD, order_M);
      const auto most_CT1 = line.queries(saved[4], order_M), one_by_sum_CT1 = line.queries(saved[5].reciprocal(), order_M),
                 mean_CT1 = line.queries(mean_M1, order_M);
      const auto places = places_of(line, orders, r, reach);
      auto q_sums = torch::empty(q_CTD.sizes(), q_gradient.options()), k_sums = torch::zeros(keys.sizes(), q_gradient.options()),
           v_sums = torch::zeros_like(k_sums);
      each_block(line, chunks_at_once(line, q_MD), [&](const Chunks& chunks) {
        const auto q = chunks.queries(q_CTD), context_gradient = chunks.queries(gradient_CTD);
        const auto weights_CTW = chunks.scores(q, keys);
        chunks.to_weights(weights_CTW, places, {chunks.queries(most_CT1), chunks.queries(one_by_sum_CT1)});
        const auto dtype = keys.scalar_type();
        chunks.add_windows(v_sums, torch::bmm(weights_CTW.to(dtype).transpose(1, 2), context_gradient).to(v_sums.dtype()));
        auto score_gradient = torch::bmm(context_gradient, chunks.windows(values)).to(weights_CTW.dtype());
        score_gradient = score_gradient.sub_(chunks.queries(mean_CT1)).mul_(weights_CTW);
        Chunks::own(score_gradient).zero_();
        score_gradient = score_gradient.to(dtype);
        chunks.queries(q_sums).copy_(torch::bmm(score_gradient, chunks.windows(keys).transpose(1, 2)));
        chunks.add_windows(k_sums, torch::bmm(score_gradient.transpose(1, 2), q).to(k_sums.dtype()));
      });
      q_gradient.add_(line.rows(q_sums, slot_M));
      k_gradient.add_(line.key_rows(k_sums, slot_M));
      v_gradient.add_(line.key_rows(v_sums, slot_M));
    }
    const auto dtype = q_MD.scalar_type();
    return {q_gradient.to(dtype), k_gradient.to(dtype), v_gradient.to(dtype), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor attend_in_buckets(const torch::Tensor& q_MD, const torch::Tensor& k_MD, const torch::Tensor& v_MD, const Buckets& buckets) {
  return BucketAttention::apply(q_MD, k_MD, v_MD, buckets);
}

}  // namespace attend
