#include "inference/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "inference/flag_checks.h"
#include "inference/sequence_rules.h"
#include "inference/top_tokens.h"

namespace attend {
namespace {

double total_weight(std::span<const TokenCandidate> candidates) {
  double total = 0;
  for (const auto& candidate : candidates) total += candidate.weight;
  return total;
}

bool stands_in(std::span<const std::int64_t> ids, std::int64_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

// The most probable token that is not refused; of equal ones the smaller id.
std::vector<TokenCandidate> most_probable(std::span<const float> logits_V, std::span<const std::int64_t> refused) {
  float best = -std::numeric_limits<float>::infinity();
  std::vector<TokenCandidate> found;
  for (std::int64_t id = 0; id < static_cast<std::int64_t>(logits_V.size()); ++id) {
    if (logits_V[id] <= best || stands_in(refused, id)) continue;
    best = logits_V[id];
    found = {{.id = id, .weight = 1.0}};
  }
  return found;
}

bool is_before(const TokenCandidate& left, const TokenCandidate& right) {
  return left.weight > right.weight || (left.weight == right.weight && left.id < right.id);
}

// Candidates by falling weight, put in their places as far as they are asked for: to sort a large vocabulary takes longer than a small
// model's step, and nearly every draw is among the first.
class Ranking {
 public:
  explicit Ranking(std::span<TokenCandidate> candidates) : candidates_(candidates) {}

  const TokenCandidate& operator[](std::size_t rank) {
    while (num_placed_ <= rank) place_more();
    return candidates_[rank];
  }

 private:
  void place_more() {
    const std::size_t end = std::min(candidates_.size(), std::max<std::size_t>(64, 4 * num_placed_));
    const auto first = candidates_.begin() + static_cast<std::ptrdiff_t>(num_placed_),
               last = candidates_.begin() + static_cast<std::ptrdiff_t>(end);
    if (last != candidates_.end()) std::nth_element(first, last, candidates_.end(), is_before);
    std::sort(first, last, is_before);
    num_placed_ = end;
  }

  std::span<TokenCandidate> candidates_;
  std::size_t num_placed_ = 0;
};

// The filters keep at least one candidate.
void keep_top_k(std::vector<TokenCandidate>& candidates, std::int64_t top_k) {
  if (top_k <= 0 || top_k >= static_cast<std::int64_t>(candidates.size())) return;
  std::nth_element(candidates.begin(), candidates.begin() + top_k, candidates.end(), is_before);  // of equal ones the smaller ids stay
  candidates.resize(top_k);
}

void keep_top_p(std::vector<TokenCandidate>& candidates, double top_p) {
  if (top_p >= 1.0) return;
  const double wanted = top_p * total_weight(candidates);
  Ranking ranking(candidates);
  double sum = 0;
  std::size_t num_kept = 0;
  while (num_kept < candidates.size() && (num_kept == 0 || sum < wanted)) sum += ranking[num_kept++].weight;
  candidates.resize(num_kept);
}

void keep_min_p(std::vector<TokenCandidate>& candidates, double min_p) {
  constexpr double kBest = 1.0;  // the weight of the most probable one
  std::erase_if(candidates, [&](const TokenCandidate& candidate) { return candidate.weight < min_p * kBest; });
}

// What may be drawn, in no order; the most probable one has weight 1.
std::vector<TokenCandidate> filtered(std::span<const float> logits_V, const SamplingOptions& options,
                                     std::span<const std::int64_t> refused) {
  if (options.temperature == 0) return most_probable(logits_V, refused);
  std::vector<TokenCandidate> candidates;
  candidates.reserve(logits_V.size());
  for (std::int64_t id = 0; id < static_cast<std::int64_t>(logits_V.size()); ++id)
    if (logits_V[id] > -std::numeric_limits<float>::infinity() && !stands_in(refused, id))
      candidates.push_back({id, logits_V[id]});  // the logit for now
  if (candidates.empty()) return candidates;
  keep_top_k(candidates, options.top_k);  // temperature keeps the order
  const double maximum = std::min_element(candidates.begin(), candidates.end(), is_before)->weight;
  for (auto& candidate : candidates)
    candidate.weight = candidate.weight == maximum ? 1.0 : std::exp((candidate.weight - maximum) / options.temperature);
  keep_top_p(candidates, options.top_p);
  keep_min_p(candidates, options.min_p);
  return candidates;
}

// One row's sequence as it grows.
struct Draft {
  TokenIds ids;
  std::vector<float> token_log_probabilities;
  double log_probability = 0;
  TokenHistory history;
  bool is_ended = false;
};

struct NextToken {
  std::int64_t id = 0;
  double log_probability = 0;  // the model's own
};

class SequenceSampler {
 public:
  explicit SequenceSampler(const SampleRequest& request) : request_(request), sampling_(request.sampling), rules_(request.search.rules) {}

  Draft begin(std::size_t sample) const {
    return {.ids = {},
            .token_log_probabilities = {},
            .log_probability = 0,
            .history = TokenHistory(start_of(sample).prompt),
            .is_ended = false};
  }

  /// What the next step is given: the last token so far.
  std::int64_t last_id(const Draft& draft, std::size_t sample) const {
    return draft.ids.empty() ? start_of(sample).prompt.back() : draft.ids.back();
  }

  /// The next token of `draft`; nothing where none may follow. Rows may choose at the same time: each has its own stream.
  std::optional<NextToken> choose(const Draft& draft, std::size_t sample, std::span<const float> logits_V, double normaliser) const {
    const auto position = static_cast<std::int64_t>(draft.ids.size());
    const TokenIds& prefix = start_of(sample).prefix;
    if (const auto forced = rules_.forced_at(position)) return NextToken{*forced, 0.0};
    if (position < static_cast<std::int64_t>(prefix.size())) return NextToken{prefix[position], 0.0};  // given, so it counts in no score
    auto candidates = candidates_after(draft, start_of(sample).prompt, logits_V);
    if (candidates.empty()) return std::nullopt;
    const std::int64_t id = draw_token(candidates, request_.streams[sample]);
    return NextToken{id, logits_V[id] - normaliser};
  }

  void extend(Draft& draft, std::size_t sample, const std::optional<NextToken>& next) const {
    draft.is_ended = !next;
    if (next) add(draft, sample, next->id, next->log_probability);
  }

  Hypothesis finish(Draft&& draft, std::size_t sample) const {
    const auto length = static_cast<std::int64_t>(draft.ids.size()) - static_cast<std::int64_t>(start_of(sample).prefix.size());
    const double divisor = length_divisor(request_.search.length_norm, std::max<std::int64_t>(1, length), request_.search.length_penalty);
    return {std::move(draft.ids), draft.log_probability, draft.log_probability / divisor, std::move(draft.token_log_probabilities)};
  }

 private:
  const SequenceStart& start_of(std::size_t sample) const { return request_.starts[sample / request_.search.n_best]; }

  void add(Draft& draft, std::size_t sample, std::int64_t id, double log_probability) const {
    draft.ids.push_back(id);
    draft.history.add(id);
    draft.token_log_probabilities.push_back(static_cast<float>(log_probability));
    draft.log_probability += log_probability;
    draft.is_ended = rules_.ends(draft.ids);
    if (request_.on_token) request_.on_token(sample, id);
  }

  std::vector<TokenCandidate> candidates_after(const Draft& draft, const TokenIds& prompt, std::span<const float> logits_V) const {
    const TokenIds refused = refused_after(prompt, draft.ids);
    if (sampling_.penalties.change_nothing()) return filtered(logits_V, sampling_, refused);
    std::vector<float> penalised_V(logits_V.begin(), logits_V.end());
    draft.history.penalise(penalised_V, sampling_.penalties);
    return filtered(penalised_V, sampling_, refused);
  }

  TokenIds refused_after(std::span<const std::int64_t> prompt, std::span<const std::int64_t> ids) const {
    TokenIds refused;
    const auto consider = [&](std::int64_t id) {
      if (!rules_.allows(prompt, ids, id)) refused.push_back(id);
    };
    for (const std::int64_t id : rules_.rules().eos_ids) consider(id);
    for (const auto& word : rules_.rules().bad_words) consider(word.back());
    return refused;
  }

  const SampleRequest& request_;
  const SamplingOptions& sampling_;
  NextTokenRules rules_;
};

// What each row goes on with, rows at the same time: to filter a large vocabulary takes as long as a small model's step.
std::vector<std::optional<NextToken>> choose_all(const SequenceSampler& sampler, const std::vector<Draft>& drafts,
                                                 const std::vector<std::size_t>& open, const torch::Tensor& logits_RV) {
  const std::vector<double> normaliser_R = top_tokens(logits_RV, 1).log_normaliser_R;
  const std::int64_t num_rows = logits_RV.size(0), vocab_size = logits_RV.size(1);
  const auto num_samples = static_cast<std::int64_t>(static_cast<std::size_t>(num_rows) / open.size());
  std::vector<std::optional<NextToken>> next_R(normaliser_R.size());
  at::parallel_for(0, num_rows, std::max<std::int64_t>(1, 16384 / vocab_size), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto sample = open[static_cast<std::size_t>(row / num_samples)] * static_cast<std::size_t>(num_samples) +
                          static_cast<std::size_t>(row % num_samples);
      const std::span logits_V(logits_RV.const_data_ptr<float>() + row * vocab_size, static_cast<std::size_t>(vocab_size));
      if (!drafts[sample].is_ended)
        next_R[static_cast<std::size_t>(row)] =
            sampler.choose(drafts[sample], sample, logits_V, normaliser_R[static_cast<std::size_t>(row)]);
    }
  });
  return next_R;
}

}  // namespace

void check_sampling(const SamplingOptions& options) {
  const RepetitionPenalties& penalties = options.penalties;
  require_flag(penalties.repetition > 0 && std::isfinite(penalties.repetition), "--repetition-penalty", penalties.repetition,
               "above 0; 1 changes nothing");
  require_flag(std::isfinite(penalties.presence), "--presence-penalty", penalties.presence, "a number; 0 changes nothing");
  require_flag(std::isfinite(penalties.frequency), "--frequency-penalty", penalties.frequency, "a number; 0 changes nothing");
  require_flag(options.temperature >= 0 && std::isfinite(options.temperature), "--temperature", options.temperature,
               "0 or more; 0 takes the most probable token");
  require_flag(options.top_k >= 0, "--top-k", options.top_k, "0 or more");
  require_flag(options.top_p > 0 && options.top_p <= 1, "--top-p", options.top_p, "above 0, at most 1");
  require_flag(options.min_p >= 0 && options.min_p <= 1, "--min-p", options.min_p, "0 to 1");
}

std::vector<TokenCandidate> sampling_candidates(std::span<const float> logits_V, const SamplingOptions& options,
                                                std::span<const std::int64_t> refused) {
  std::vector<TokenCandidate> candidates = filtered(logits_V, options, refused);
  std::sort(candidates.begin(), candidates.end(), is_before);
  return candidates;
}

std::int64_t draw_token(std::span<TokenCandidate> candidates, RandomStream& stream) {
  TORCH_CHECK(!candidates.empty(), "nothing to draw from");
  double left = stream.uniform() * total_weight(candidates);
  Ranking ranking(candidates);
  for (std::size_t rank = 0; rank < candidates.size(); ++rank) {
    left -= ranking[rank].weight;
    if (left < 0) return ranking[rank].id;
  }
  return candidates.back().id;  // rounding
}

std::vector<std::vector<Hypothesis>> sample_sequences(StepDecoder& decoder, const SampleRequest& request) {
  const torch::NoGradGuard no_grad;
  const std::size_t num_samples = request.search.n_best;
  TORCH_CHECK(request.streams.size() == request.starts.size() * num_samples, "one random stream a sample");
  const SequenceSampler sampler(request);
  std::vector<Draft> drafts;                             // [start, sample]
  std::vector<std::size_t> open(request.starts.size());  // starts with a draft that has not ended
  std::iota(open.begin(), open.end(), 0);
  TokenIds last_ids_R;
  for (std::size_t sample = 0; sample < request.streams.size(); ++sample) {
    drafts.push_back(sampler.begin(sample));
    last_ids_R.push_back(sampler.last_id(drafts[sample], sample));
  }

  while (!open.empty()) {
    const auto logits_RV = decoder.step(last_ids_R).to(torch::kCPU, torch::kFloat32).contiguous();
    const std::vector<std::optional<NextToken>> next_R = choose_all(sampler, drafts, open, logits_RV);
    TokenIds kept_rows_R;
    last_ids_R.clear();
    std::vector<std::size_t> still_open;
    for (std::size_t place = 0; place < open.size(); ++place) {
      const std::size_t first = open[place] * num_samples;
      bool all_ended = true;
      for (std::size_t i = 0; i < num_samples; ++i) {
        Draft& draft = drafts[first + i];
        if (!draft.is_ended) sampler.extend(draft, first + i, next_R[place * num_samples + i]);
        all_ended = all_ended && draft.is_ended;
      }
      if (all_ended) continue;
      still_open.push_back(open[place]);
      for (std::size_t i = 0; i < num_samples; ++i) {  // a start's rows stay together; ended ones are carried along
        last_ids_R.push_back(sampler.last_id(drafts[first + i], first + i));
        kept_rows_R.push_back(static_cast<std::int64_t>(place * num_samples + i));
      }
    }
    if (!still_open.empty() && still_open.size() < open.size()) decoder.reorder(kept_rows_R);
    open = std::move(still_open);
  }

  std::vector<std::vector<Hypothesis>> results(request.starts.size());
  for (std::size_t sample = 0; sample < drafts.size(); ++sample)
    results[sample / num_samples].push_back(sampler.finish(std::move(drafts[sample]), sample));
  return results;
}

}  // namespace attend
