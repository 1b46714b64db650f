#include "generation/text_scorer.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "core/error.h"
#include "generation/evaluation_mode.h"
#include "generation/search.h"

namespace attend {
namespace {

constexpr std::size_t kBatchTokens = 4096;

// A window of one of the texts.
struct OwnedWindow {
  std::size_t text;
  ScoreWindow window;
};

void append(CausalBatch& batch, const TokenIds& ids, const ScoreWindow& window) {
  for (std::size_t at = window.begin; at + 1 < window.end; ++at) {
    batch.tokens.ids.push_back(ids[at]);
    batch.targets.push_back(at + 1 < window.first_target ? CausalBatch::kNoTarget : ids[at + 1]);
  }
  batch.tokens.lengths.push_back(static_cast<std::int64_t>(window.end - window.begin - 1));
}

void append_pieces(TokenIds& ids, const ByteBpeTokenizer& tokenizer, std::string_view text) {
  const auto pieces = tokenizer.encode(text);
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

std::size_t positions_of(const CausalLanguageModel& model) { return static_cast<std::size_t>(model.max_positions()); }

// The score of each text: what its windows' targets add up to, a batch of windows at a time.
std::vector<TextScore> sum_windows(CausalLanguageModel& model, const std::vector<TokenIds>& ids, const std::vector<OwnedWindow>& windows) {
  std::vector<TextScore> scores(ids.size());
  const EvaluationMode evaluation(model);
  for (std::size_t first = 0, last = 0; first < windows.size(); first = last) {
    CausalBatch batch;
    for (; last < windows.size() &&
           (last == first || batch.targets.size() + windows[last].window.end - windows[last].window.begin <= kBatchTokens);
         ++last)
      append(batch, ids[windows[last].text], windows[last].window);
    const std::vector<float> found = model.target_log_probabilities(batch);
    auto next = found.begin();
    for (std::size_t w = first; w < last; ++w)
      for (std::size_t target = windows[w].window.first_target; target < windows[w].window.end; ++target, ++next) {
        require_finite(*next);
        TextScore& score = scores[windows[w].text];
        score.log_probability += *next;
        score.token_log_probabilities.push_back(*next);
        ++score.num_tokens;
      }
    TORCH_CHECK(next == found.end(), "one log-probability a target");
  }
  return scores;
}

}  // namespace

std::optional<double> TextScore::perplexity() const {
  if (num_tokens == 0) return std::nullopt;
  return std::exp(-log_probability / static_cast<double>(num_tokens));
}

std::vector<ScoreWindow> score_windows(std::size_t num_tokens, std::size_t positions) {
  std::vector<ScoreWindow> windows;
  const std::size_t stride = (positions + 1) / 2;
  for (std::size_t first_target = 1; first_target < num_tokens;) {
    const std::size_t begin = windows.empty() ? 0 : windows.back().begin + stride;
    const std::size_t end = std::min(begin + positions + 1, num_tokens);
    windows.push_back({.begin = begin, .first_target = first_target, .end = end});
    first_target = end;
  }
  return windows;
}

TextScorer::TextScorer(std::shared_ptr<CausalLanguageModel> model, std::shared_ptr<const ByteBpeTokenizer> tokenizer)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)), start_id_(tokenizer_->end_of_text_id()) {
  if (tokenizer_->vocab_size() > model_->vocab_size())
    throw UserError(
        "the tokenizer has " + std::to_string(tokenizer_->vocab_size()) + " ids, the model only " + std::to_string(model_->vocab_size()),
        "use the tokenizer files that the model was trained with");
}

std::vector<TextScore> TextScorer::score(std::span<const std::string> texts) const {
  std::vector<TokenIds> ids(texts.size());
  std::vector<OwnedWindow> windows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (start_id_) ids[i].push_back(*start_id_);
    append_pieces(ids[i], *tokenizer_, texts[i]);
    for (const ScoreWindow& window : score_windows(ids[i].size(), positions_of(*model_))) windows.push_back({i, window});
  }
  return sum_windows(*model_, ids, windows);
}

std::vector<TextScore> TextScorer::score_continuations(std::span<const PromptedText> texts) const {
  std::vector<TokenIds> ids(texts.size());
  std::vector<OwnedWindow> windows;
  const std::size_t positions = positions_of(*model_);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    append_pieces(ids[i], *tokenizer_, texts[i].prompt);
    if (ids[i].empty() && start_id_) ids[i].push_back(*start_id_);
    const std::size_t first_target = ids[i].size();
    append_pieces(ids[i], *tokenizer_, texts[i].continuation);
    if (first_target == 0 || ids[i].size() == first_target) throw UserError("a continuation to score is empty, or has nothing before it");
    if (ids[i].size() - 1 > positions)
      throw UserError("a prompt and its continuation have " + std::to_string(ids[i].size()) + " tokens; the model has " +
                          std::to_string(positions) + " positions",
                      "use fewer examples, or shorter ones");
    windows.push_back({i, {.begin = 0, .first_target = first_target, .end = ids[i].size()}});
  }
  return sum_windows(*model_, ids, windows);
}

}  // namespace attend
