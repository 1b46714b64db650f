#include "inference/beam_search.h"

#include <algorithm>
#include <utility>

#include <torch/torch.h>

#include "inference/sequence_rules.h"
#include "inference/top_tokens.h"

namespace attend {
namespace {

// A hypothesis that has not ended.
struct Beam {
  TokenIds ids;
  std::vector<float> token_log_probabilities;
  double log_probability = 0;
  std::int64_t row = 0;  // of the decoder, at the last step
};

// Beam `beam` of its sentence, with one token more.
struct Continuation {
  std::int64_t beam = 0;
  std::int64_t id = 0;
  float token_log_probability = 0;
  double log_probability = 0;  // of the whole
};

struct Sentence {
  std::int64_t index = 0;            // in the caller's order
  std::vector<Beam> beams;           // open, best first; 1 to num_beams
  std::vector<Hypothesis> finished;  // best first; at most num_beams
};

class BeamSearch {
 public:
  BeamSearch(StepDecoder& decoder, const SearchOptions& options, std::span<const SequenceStart> starts)
      : decoder_(decoder), options_(options), rules_(options.rules), starts_(starts) {
    TORCH_CHECK(options.num_beams >= 1 && options.n_best >= 1 && options.n_best <= options.num_beams, "1 <= n_best <= num_beams");
    // With one beam the first end is the answer: greedy search.
    if (options_.num_beams == 1) options_.early_stopping = EarlyStopping::kTrue;
    const auto num_eos = static_cast<std::int64_t>(options.rules.eos_ids.size());
    num_ranked_ = options.num_beams == 1 ? 1 : options.num_beams * std::max<std::int64_t>(2, 1 + num_eos);
    results_.resize(starts.size());
    for (std::size_t s = 0; s < starts.size(); ++s) {
      const auto index = static_cast<std::int64_t>(s);
      open_.push_back(
          {.index = index, .beams = {{.ids = {}, .token_log_probabilities = {}, .log_probability = 0, .row = index}}, .finished = {}});
    }
  }

  std::vector<std::vector<Hypothesis>> run() {
    const torch::NoGradGuard no_grad;
    keep_first_rows();
    TokenIds last_ids_R;
    for (const SequenceStart& start : starts_) last_ids_R.push_back(start.prompt.back());
    for (std::int64_t position = 0; !open_.empty(); ++position) {
      const torch::Tensor logits_RV = decoder_.step(last_ids_R);
      const TopTokens top = top_tokens(logits_RV, num_ranked_ + rules_.max_refused());
      for (auto& sentence : open_) advance(sentence, top, position);
      std::erase_if(open_, [&](Sentence& sentence) { return finish_if_done(sentence, position); });
      last_ids_R = continue_with_open_rows(logits_RV.size(0));
    }
    return std::move(results_);
  }

 private:
  // The token the sentence's prefix asks for at this position, or nothing.
  std::optional<std::int64_t> prefix_token(const Sentence& sentence, std::int64_t position) const {
    const TokenIds& prefix = starts_[sentence.index].prefix;
    return position < static_cast<std::int64_t>(prefix.size()) ? std::optional(prefix[position]) : std::nullopt;
  }

  // The continuations of all the sentence's beams that the rules allow, the best num_ranked_ of them, best first.
  std::vector<Continuation> rank(const Sentence& sentence, const TopTokens& top, std::int64_t position) const {
    std::vector<Continuation> ranked;
    const auto forced = rules_.forced_at(position);
    const auto prefix = prefix_token(sentence, position);
    for (std::int64_t b = 0; b < static_cast<std::int64_t>(sentence.beams.size()); ++b) {
      const Beam& beam = sentence.beams[b];
      const auto add = [&](std::int64_t id, float log_probability) {
        ranked.push_back(
            {.beam = b, .id = id, .token_log_probability = log_probability, .log_probability = beam.log_probability + log_probability});
      };
      if (forced)
        add(*forced, 0.0f);
      else if (prefix)
        add(*prefix, 0.0f);
      else
        add_allowed(beam, top, add);
    }
    // Of equal ones the earlier beam, then the smaller id: the order they were added in.
    const auto better = [](const Continuation& left, const Continuation& right) { return left.log_probability > right.log_probability; };
    std::stable_sort(ranked.begin(), ranked.end(), better);
    if (static_cast<std::int64_t>(ranked.size()) > num_ranked_) ranked.resize(num_ranked_);
    return ranked;
  }

  void add_allowed(const Beam& beam, const TopTokens& top, const auto& add) const {
    std::int64_t added = 0;
    for (std::int64_t k = beam.row * top.num_kept; k < (beam.row + 1) * top.num_kept && added < num_ranked_; ++k) {
      if (top.ids_RK[k] < 0 || !rules_.allows(beam.ids, top.ids_RK[k])) continue;
      add(top.ids_RK[k], top.log_probability_RK[k]);
      ++added;
    }
  }

  // Of a sequence of so many tokens; transformers, too, counts only what comes after a prefix.
  double score(const Sentence& sentence, double log_probability, std::int64_t length) const {
    const std::int64_t counted = length - static_cast<std::int64_t>(starts_[sentence.index].prefix.size());
    return log_probability / length_divisor(options_.length_norm, std::max<std::int64_t>(1, counted), options_.length_penalty);
  }

  void advance(Sentence& sentence, const TopTokens& top, std::int64_t position) {
    std::vector<Beam> next;
    const auto ranked = rank(sentence, top, position);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(ranked.size()); ++i) {
      const Beam& beam = sentence.beams[ranked[i].beam];
      const double log_probability = ranked[i].log_probability;
      TokenIds ids = beam.ids;
      ids.push_back(ranked[i].id);
      const bool ends = rules_.ends(ids);
      if (ends ? i >= options_.num_beams : static_cast<std::int64_t>(next.size()) >= options_.num_beams) continue;
      std::vector<float> token_log_probabilities = beam.token_log_probabilities;
      token_log_probabilities.push_back(ranked[i].token_log_probability);
      if (ends)
        sentence.finished.push_back(
            {std::move(ids), log_probability, score(sentence, log_probability, position + 1), std::move(token_log_probabilities)});
      else
        next.push_back({std::move(ids), std::move(token_log_probabilities), log_probability, beam.row});
    }
    std::stable_sort(sentence.finished.begin(), sentence.finished.end(),
                     [](const Hypothesis& left, const Hypothesis& right) { return left.score > right.score; });
    if (static_cast<std::int64_t>(sentence.finished.size()) > options_.num_beams) sentence.finished.resize(options_.num_beams);
    sentence.beams = std::move(next);
  }

  bool is_done(const Sentence& sentence, std::int64_t position) const {
    if (sentence.beams.empty()) return true;
    if (static_cast<std::int64_t>(sentence.finished.size()) < options_.num_beams) return false;
    if (options_.early_stopping == EarlyStopping::kTrue) return true;
    // The best an open hypothesis could still score. Its log-probability can only fall; a positive penalty lifts what is longer.
    const bool look_ahead = options_.early_stopping == EarlyStopping::kNever && options_.length_penalty > 0;
    const double best_open = score(sentence, sentence.beams.front().log_probability, look_ahead ? options_.rules.max_length : position + 1);
    return best_open <= sentence.finished.back().score;
  }

  bool finish_if_done(Sentence& sentence, std::int64_t position) {
    if (!is_done(sentence, position)) return false;
    auto& finished = sentence.finished;
    if (static_cast<std::int64_t>(finished.size()) > options_.n_best) finished.resize(options_.n_best);
    results_[sentence.index] = std::move(finished);
    return true;
  }

  // At the start a sentence's rows are all alike: the first step needs one of each.
  void keep_first_rows() {
    if (options_.num_beams == 1 || open_.empty()) return;
    TokenIds kept_rows_R;
    for (std::size_t s = 0; s < open_.size(); ++s) kept_rows_R.push_back(static_cast<std::int64_t>(s) * options_.num_beams);
    decoder_.reorder(kept_rows_R);
  }

  // Makes the decoder's rows the open beams, in their order, and returns the last token of each.
  TokenIds continue_with_open_rows(std::int64_t num_rows) {
    TokenIds kept_rows_R, last_ids_R;
    bool is_identity = true;
    for (auto& sentence : open_) {
      for (auto& beam : sentence.beams) {
        const auto row = static_cast<std::int64_t>(kept_rows_R.size());
        is_identity = is_identity && beam.row == row;
        kept_rows_R.push_back(std::exchange(beam.row, row));
        last_ids_R.push_back(beam.ids.back());
      }
    }
    is_identity = is_identity && static_cast<std::int64_t>(kept_rows_R.size()) == num_rows;
    if (!is_identity && !kept_rows_R.empty()) decoder_.reorder(kept_rows_R);
    return last_ids_R;
  }

  StepDecoder& decoder_;
  SearchOptions options_;
  NextTokenRules rules_;
  std::span<const SequenceStart> starts_;
  std::int64_t num_ranked_;
  std::vector<Sentence> open_;
  std::vector<std::vector<Hypothesis>> results_;
};

}  // namespace

std::vector<std::vector<Hypothesis>> beam_search(StepDecoder& decoder, const SearchOptions& options,
                                                 std::span<const SequenceStart> starts) {
  return BeamSearch(decoder, options, starts).run();
}

}  // namespace attend
