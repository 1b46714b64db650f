#include "models/lstm/alignment.h"

#include <limits>

#include <torch/torch.h>

namespace attend {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

bool adds(AlignmentScore score) { return score == AlignmentScore::kConcat || score == AlignmentScore::kAdditive; }

// Under autocast products are bfloat16: too coarse for an exponential, and for a place.
torch::Tensor in_full(const torch::Tensor& x) { return x.scalar_type() == torch::kFloat64 ? x : x.to(torch::kFloat32); }

torch::Tensor context(const torch::Tensor& weights_RS, const AlignedSource& source) {
  return torch::bmm(weights_RS.unsqueeze(1), source.states_RSH).squeeze(1);
}

}  // namespace

AlignedSource AlignedSource::first_rows(std::int64_t count) const {
  return {.states_RSH = states_RSH.narrow(0, 0, count),
          .keys_RSH = keys_RSH.narrow(0, 0, count),
          .is_token_RS = is_token_RS.narrow(0, 0, count),
          .lengths_R = lengths_R.narrow(0, 0, count)};
}

AlignedSource AlignedSource::select(const torch::Tensor& rows) const {
  return {.states_RSH = states_RSH.index_select(0, rows),
          .keys_RSH = keys_RSH.index_select(0, rows),
          .is_token_RS = is_token_RS.index_select(0, rows),
          .lengths_R = lengths_R.index_select(0, rows)};
}

AlignmentImpl::AlignmentImpl(const LstmConfig& config) : config_(config) {
  const std::int64_t width = config.hidden_size;
  if (config.score != AlignmentScore::kDot) key_ = register_module("key", Linear(width, width));
  if (adds(config.score)) {
    query_ = register_module("query", Linear(width, width));
    score_H_ = register_parameter("score", torch::empty({width}));
  }
  if (config.attention == SourceAttention::kLocal && config.local_place == LocalPlace::kPredictive) {
    place_ = register_module("place", Linear(width, width));
    place_H_ = register_parameter("place_score", torch::empty({width}));
  }
}

void AlignmentImpl::initialize() {
  const torch::NoGradGuard no_gradient;
  for (Linear* layer : {&key_, &query_, &place_})
    if (!layer->is_empty()) xavier_init(*layer);
  for (auto* vector : {&score_H_, &place_H_})
    if (vector->defined()) vector->uniform_(-0.1, 0.1);
}

AlignedSource AlignmentImpl::source(const torch::Tensor& states_NH, const PackedLayout& layout) const {
  const auto padded_RSH = layout.pad(states_NH);
  return {.states_RSH = padded_RSH,
          .keys_RSH = key_.is_empty() ? padded_RSH : layout.pad(key_->forward(states_NH)),
          .is_token_RS = layout.is_token_BL(),
          .lengths_R = in_full(ids_tensor(layout.lengths(), layout.device()))};
}

torch::Tensor AlignmentImpl::scores_RS(const torch::Tensor& query_RH, const AlignedSource& source) const {
  if (!adds(config_.score)) return torch::bmm(source.keys_RSH, query_RH.unsqueeze(2)).squeeze(2);
  return torch::matmul(torch::tanh(source.keys_RSH + query_->forward(query_RH).unsqueeze(1)), score_H_);
}

torch::Tensor AlignmentImpl::places_R(const torch::Tensor& query_RH, const AlignedSource& source, std::int64_t step) const {
  if (config_.local_place == LocalPlace::kMonotonic) return (source.lengths_R - 1).clamp_max(static_cast<double>(step));
  return source.lengths_R * torch::sigmoid(in_full(torch::matmul(torch::tanh(place_->forward(query_RH)), place_H_)));
}

torch::Tensor AlignmentImpl::weights_RS(const torch::Tensor& query_RH, const AlignedSource& source, std::int64_t step) const {
  auto may_look_RS = source.is_token_RS;
  torch::Tensor nearness_RS;
  if (config_.attention == SourceAttention::kLocal) {
    const auto window = static_cast<double>(config_.local_window);
    const auto steps_S = torch::arange(source.is_token_RS.size(1), source.lengths_R.options());
    const auto distance_RS = steps_S.unsqueeze(0) - places_R(query_RH, source, step).unsqueeze(1);
    may_look_RS = may_look_RS.logical_and(distance_RS.abs() <= window);
    if (config_.local_place == LocalPlace::kPredictive) nearness_RS = torch::exp(-2 * distance_RS.square() / (window * window));
  }
  const auto weights = torch::softmax(in_full(scores_RS(query_RH, source)).masked_fill(may_look_RS.logical_not(), kMinusInfinity), 1);
  return nearness_RS.defined() ? weights * nearness_RS : weights;
}

Look AlignmentImpl::look(const torch::Tensor& query_RH, const AlignedSource& source, std::int64_t step,
                         const torch::Tensor& is_drawn_R) const {
  const auto weights = weights_RS(query_RH, source, step);
  if (config_.attention == SourceAttention::kHard) return look_hard(weights, source, is_drawn_R);
  return {.context_RH = context(weights, source), .weights_RS = weights, .log_probability_R = {}, .entropy_R = {}};
}

Look AlignmentImpl::look_hard(const torch::Tensor& weights_RS, const AlignedSource& source, const torch::Tensor& is_drawn_R) const {
  const bool draws = is_drawn_R.defined();
  // The largest of weight / exponential is drawn by the weights. A NaN passes through to the loss, which is checked.
  const auto place_R1 =
      (draws ? weights_RS.detach() / torch::empty_like(weights_RS).exponential_() : weights_RS).argmax(1, /*keepdim=*/true);
  const auto one_RS = torch::zeros_like(weights_RS).scatter(1, place_R1, 1);
  Look look{.context_RH = {},
            .weights_RS = draws ? torch::where(is_drawn_R.unsqueeze(1), one_RS, weights_RS) : one_RS,
            .log_probability_R = {},
            .entropy_R = {}};
  look.context_RH = context(look.weights_RS, source);
  if (!draws) return look;
  const auto log_weights_RS = torch::log(weights_RS.clamp_min(1e-20));
  look.log_probability_R = log_weights_RS.gather(1, place_R1).squeeze(1);
  look.entropy_R = -(weights_RS * log_weights_RS).sum(1);
  return look;
}

}  // namespace attend
