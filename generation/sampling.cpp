#include "generation/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <torch/torch.h>

#include "core/error.h"
#include "generation/sequence_rules.h"

namespace attend {
namespace {

double total_weight(std::span<const TokenCandidate> candidates) {
  double total = 0;
  for (const auto& candidate : candidates) total += candidate.weight;
  return total;
}

// log sum exp over the vocabulary, in double.
double log_normaliser(std::span<const float> logits_V) {
  const double maximum = *std::max_element(logits_V.begin(), logits_V.end());
  double total = 0;
  for (const float logit : logits_V) total += std::exp(logit - maximum);
  const double result = maximum + std::log(total);
  if (!std::isfinite(result))
    throw UserError("the model's output is not a number: its weights are damaged, or its training diverged",
                    "use another checkpoint of the run");
  return result;
}

// One row's sequence as it grows.
struct Draft {
  TokenIds ids;
  double log_probability = 0;
  bool is_ended = false;
};

class SequenceSampler {
 public:
  SequenceSampler(const SearchOptions& search, const SamplingOptions& sampling, std::span<const TokenIds> prefixes)
      : search_(search), sampling_(sampling), rules_(search.rules), prefixes_(prefixes) {}

  void extend(Draft& draft, std::size_t sentence, std::span<const float> logits_V, RandomStream& stream) const {
    const auto position = static_cast<std::int64_t>(draft.ids.size());
    const TokenIds& prefix = prefixes_[sentence];
    const double normaliser = log_normaliser(logits_V);
    std::int64_t id = 0;
    if (const auto forced = rules_.forced_at(position)) {
      draft.ids.push_back(*forced);
      draft.is_ended = true;
      return;  // its log-probability counts as 0
    } else if (position < static_cast<std::int64_t>(prefix.size())) {
      id = prefix[position];
    } else {
      const auto candidates = sampling_candidates(logits_V, sampling_, refused_after(draft.ids));
      draft.is_ended = candidates.empty();  // nothing may follow
      if (draft.is_ended) return;
      id = draw_token(candidates, stream);
    }
    draft.log_probability += logits_V[id] - normaliser;
    draft.ids.push_back(id);
    draft.is_ended = rules_.is_eos(id) || rules_.is_last(position);
  }

  Hypothesis finish(Draft&& draft) const {
    const auto length = static_cast<std::int64_t>(draft.ids.size());
    const double divisor = length_divisor(search_.length_norm, std::max<std::int64_t>(1, length), search_.length_penalty);
    return {std::move(draft.ids), draft.log_probability, draft.log_probability / divisor};
  }

 private:
  TokenIds refused_after(std::span<const std::int64_t> ids) const {
    TokenIds refused;
    const auto consider = [&](std::int64_t id) {
      if (!rules_.allows(ids, id)) refused.push_back(id);
    };
    for (const std::int64_t id : rules_.rules().eos_ids) consider(id);
    for (const auto& word : rules_.rules().bad_words) consider(word.back());
    return refused;
  }

  const SearchOptions& search_;
  const SamplingOptions& sampling_;
  NextTokenRules rules_;
  std::span<const TokenIds> prefixes_;
};

}  // namespace

void keep_top_k(std::vector<TokenCandidate>& candidates, std::int64_t top_k) {
  if (top_k > 0 && top_k < static_cast<std::int64_t>(candidates.size())) candidates.resize(top_k);
}

void keep_top_p(std::vector<TokenCandidate>& candidates, double top_p) {
  if (top_p >= 1.0) return;
  const double wanted = top_p * total_weight(candidates);
  double sum = 0;
  std::size_t num_kept = 0;
  while (num_kept < candidates.size() && (num_kept == 0 || sum < wanted)) sum += candidates[num_kept++].weight;
  candidates.resize(num_kept);
}

void keep_min_p(std::vector<TokenCandidate>& candidates, double min_p) {
  if (candidates.empty()) return;
  const double least = min_p * candidates.front().weight;
  while (candidates.size() > 1 && candidates.back().weight < least) candidates.pop_back();
}

std::vector<TokenCandidate> sampling_candidates(std::span<const float> logits_V, const SamplingOptions& options,
                                                std::span<const std::int64_t> refused) {
  std::vector<TokenCandidate> candidates;
  candidates.reserve(logits_V.size());
  for (std::int64_t id = 0; id < static_cast<std::int64_t>(logits_V.size()); ++id)
    if (logits_V[id] > -std::numeric_limits<float>::infinity() && std::find(refused.begin(), refused.end(), id) == refused.end())
      candidates.push_back({id, logits_V[id]});  // the logit for now
  const auto before = [](const TokenCandidate& left, const TokenCandidate& right) {
    return left.weight > right.weight || (left.weight == right.weight && left.id < right.id);
  };
  // Temperature keeps the order, so top-k can go first and spare sorting the vocabulary.
  const std::int64_t top_k = options.temperature == 0 ? 1 : options.top_k;
  if (top_k > 0 && top_k < static_cast<std::int64_t>(candidates.size())) {
    std::nth_element(candidates.begin(), candidates.begin() + top_k, candidates.end(), before);
    keep_top_k(candidates, top_k);
  }
  std::sort(candidates.begin(), candidates.end(), before);
  if (candidates.empty()) return candidates;
  const double maximum = candidates.front().weight;
  for (auto& candidate : candidates)
    candidate.weight = candidate.weight == maximum ? 1.0 : std::exp((candidate.weight - maximum) / options.temperature);
  keep_top_p(candidates, options.top_p);
  keep_min_p(candidates, options.min_p);
  return candidates;
}

std::int64_t draw_token(std::span<const TokenCandidate> candidates, RandomStream& stream) {
  TORCH_CHECK(!candidates.empty(), "nothing to draw from");
  double left = stream.uniform() * total_weight(candidates);
  for (const auto& candidate : candidates) {
    left -= candidate.weight;
    if (left < 0) return candidate.id;
  }
  return candidates.back().id;  // rounding
}

std::vector<std::vector<Hypothesis>> sample_sequences(StepDecoder& decoder, const SearchOptions& search, const SamplingOptions& sampling,
                                                      std::span<const TokenIds> prefixes, std::span<RandomStream> streams) {
  const torch::NoGradGuard no_grad;
  const std::size_t num_samples = search.n_best;
  TORCH_CHECK(streams.size() == prefixes.size() * num_samples, "one random stream a sample");
  const SequenceSampler sampler(search, sampling, prefixes);
  std::vector<Draft> drafts(streams.size());  // [sentence, sample]
  std::vector<std::size_t> open(prefixes.size());  // sentences with a draft that has not ended
  std::iota(open.begin(), open.end(), 0);

  TokenIds last_ids_R(drafts.size(), search.rules.decoder_start_id);
  while (!open.empty()) {
    const auto logits_RV = decoder.step(id_tensor(last_ids_R)).to(torch::kCPU, torch::kFloat32).contiguous();
    const auto vocab_size = static_cast<std::size_t>(logits_RV.size(1));
    TokenIds kept_rows_R;
    last_ids_R.clear();
    std::vector<std::size_t> still_open;
    for (std::size_t place = 0; place < open.size(); ++place) {
      bool all_ended = true;
      for (std::size_t i = 0; i < num_samples; ++i) {
        const std::size_t sample = open[place] * num_samples + i;
        Draft& draft = drafts[sample];
        const float* logits_V = logits_RV.const_data_ptr<float>() + (place * num_samples + i) * vocab_size;
        if (!draft.is_ended) sampler.extend(draft, open[place], {logits_V, vocab_size}, streams[sample]);
        all_ended = all_ended && draft.is_ended;
      }
      if (all_ended) continue;
      still_open.push_back(open[place]);
      for (std::size_t i = 0; i < num_samples; ++i) {  // a sentence's rows stay together; ended ones are carried along
        const TokenIds& ids = drafts[open[place] * num_samples + i].ids;
        last_ids_R.push_back(ids.empty() ? search.rules.decoder_start_id : ids.back());
        kept_rows_R.push_back(static_cast<std::int64_t>(place * num_samples + i));
      }
    }
    if (!still_open.empty() && still_open.size() < open.size()) decoder.reorder(id_tensor(kept_rows_R));
    open = std::move(still_open);
  }

  std::vector<std::vector<Hypothesis>> results(prefixes.size());
  for (std::size_t sample = 0; sample < drafts.size(); ++sample)
    results[sample / num_samples].push_back(sampler.finish(std::move(drafts[sample])));
  return results;
}

}  // namespace attend
