#include "inference/text_scorer.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "core/error.h"
#include "core/text.h"
#include "inference/evaluation_mode.h"
#include "inference/folders.h"
#include "inference/search.h"
#include "inference/sequence_rules.h"
#include "inference/text_examples.h"
#include "inference/top_tokens.h"
#include "inference/windowed_decoder.h"

namespace attend {
namespace {

constexpr std::size_t kBatchTokens = kAnswerTokens;
constexpr std::size_t kMostRows = 256;  // of logits over the vocabulary at a time
// A step of few rows takes about as long as reading so many tokens of a prompt: it is the weights that take the time.
constexpr std::size_t kStepTokens = 12;

// A window of one of the texts.
struct OwnedWindow {
  std::size_t text;
  ScoreWindow window;
};

// Neighbouring texts that begin with the same `prompt` tokens, and the most that comes behind it.
struct Branches {
  std::size_t first, size, prompt, longest;

  // Read token by token behind the prompt, which is read once, or each text as a whole?
  bool steps_are_cheaper() const { return (size - 1) * prompt > kStepTokens * longest; }
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

void add_token(TextScore& score, double log_probability) {
  require_finite(log_probability);
  score.log_probability += log_probability;
  score.token_log_probabilities.push_back(static_cast<float>(log_probability));
  ++score.num_tokens;
}

// The scores of texts: what their windows' targets add up to, a batch of windows at a time.
void sum_windows(CausalLanguageModel& model, const std::vector<TokenIds>& ids, const std::vector<OwnedWindow>& windows,
                 std::vector<TextScore>& scores) {
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
      for (std::size_t target = windows[w].window.first_target; target < windows[w].window.end; ++target, ++next)
        add_token(scores[windows[w].text], *next);
    TORCH_CHECK(next == found.end(), "one log-probability a target");
  }
}

// The scores of what comes behind the prompts, of which each has as many texts as the first.
void step_through(CausalLanguageModel& model, const std::vector<TokenIds>& ids, std::span<const Branches> prompts,
                  std::vector<TextScore>& scores) {
  const EvaluationMode evaluation(model);
  struct Row {
    std::size_t text, at;  // the text's token that is to be given to the next step
  };
  std::vector<Row> rows;
  std::vector<TokenIds> read;
  std::size_t steps = 0;
  for (const Branches& branches : prompts) {
    const TokenIds& first = ids[branches.first];
    read.emplace_back(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(branches.prompt));
    steps = std::max(steps, branches.longest);
    for (std::size_t i = 0; i < branches.size; ++i) rows.push_back({.text = branches.first + i, .at = branches.prompt - 1});
  }
  const auto decoder =
      model.start_decoding(pack_ids(read), static_cast<std::int64_t>(prompts.front().size), static_cast<std::int64_t>(steps));
  while (!rows.empty()) {
    std::vector<std::int64_t> last_R, targets_R, kept_R;
    for (const Row& row : rows) {
      last_R.push_back(ids[row.text][row.at]);
      targets_R.push_back(ids[row.text][row.at + 1]);
    }
    const auto logits_RV = decoder->step(last_R);
    const std::vector<float> found_R = log_probability_of(logits_RV, targets_R, top_tokens(logits_RV, 1).log_normaliser_R);
    std::vector<Row> going_on;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      add_token(scores[rows[r].text], found_R[r]);
      if (rows[r].at + 2 == ids[rows[r].text].size()) continue;
      going_on.push_back({.text = rows[r].text, .at = rows[r].at + 1});
      kept_R.push_back(static_cast<std::int64_t>(r));
    }
    if (going_on.size() < rows.size() && !going_on.empty()) decoder->reorder(kept_R);
    rows = std::move(going_on);
  }
}

// As many prompts at a time as have the same number of texts and fit a batch, and the positions with the steps of all.
void step_through_all(CausalLanguageModel& model, const std::vector<TokenIds>& ids, std::span<const Branches> prompts,
                      std::vector<TextScore>& scores) {
  for (std::size_t first = 0, last = 0; first < prompts.size(); first = last) {
    std::size_t tokens = 0, prompt = 0, longest = 0;
    for (; last < prompts.size() && prompts[last].size == prompts[first].size; ++last) {
      tokens += prompts[last].prompt;
      prompt = std::max(prompt, prompts[last].prompt);
      longest = std::max(longest, prompts[last].longest);
      const bool fits = tokens <= kBatchTokens && (last - first + 1) * prompts[first].size <= kMostRows;
      if (last > first && (!fits || prompt - 1 + longest > positions_of(model))) break;
    }
    step_through(model, ids, prompts.subspan(first, last - first), scores);
  }
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
  require_vocabulary(model_->vocab_size(), tokenizer_->vocab_size());
}

std::vector<TextScore> TextScorer::score(std::span<const std::string> texts) const {
  std::vector<TokenIds> ids(texts.size());
  std::vector<OwnedWindow> windows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (start_id_) ids[i].push_back(*start_id_);
    append_pieces(ids[i], *tokenizer_, texts[i]);
    for (const ScoreWindow& window : score_windows(ids[i].size(), positions_of(*model_))) windows.push_back({i, window});
  }
  std::vector<TextScore> scores(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (!is_valid_utf8(texts[i])) scores[i].warnings.emplace_back("is not UTF-8; the bytes that are wrong were replaced by U+FFFD");
  sum_windows(*model_, ids, windows, scores);
  return scores;
}

std::vector<TextScore> TextScorer::score_continuations(std::span<const PromptedText> texts) const {
  std::vector<TokenIds> ids(texts.size());
  std::vector<Branches> prompts;
  const std::size_t positions = positions_of(*model_);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool is_branch = i > 0 && texts[i].prompt == texts[i - 1].prompt && prompts.back().size < kMostRows;
    if (is_branch) {
      const auto begin = ids[i - 1].begin();
      ids[i].assign(begin, begin + static_cast<std::ptrdiff_t>(prompts.back().prompt));
    } else {
      append_pieces(ids[i], *tokenizer_, texts[i].prompt);
      if (ids[i].empty() && start_id_) ids[i].push_back(*start_id_);
    }
    const std::size_t first_target = ids[i].size();
    append_pieces(ids[i], *tokenizer_, texts[i].continuation);
    if (first_target == 0 || ids[i].size() == first_target) throw UserError("a continuation to score is empty, or has nothing before it");
    if (ids[i].size() - 1 > positions)
      throw UserError("a prompt and its continuation have " + std::to_string(ids[i].size()) + " tokens; the model has " +
                          std::to_string(positions) + " positions",
                      "use fewer examples, or shorter ones");
    if (!is_branch) prompts.push_back({.first = i, .size = 0, .prompt = first_target, .longest = 0});
    ++prompts.back().size;
    prompts.back().longest = std::max(prompts.back().longest, ids[i].size() - first_target);
  }
  std::vector<TextScore> scores(texts.size());
  std::vector<OwnedWindow> windows;
  std::vector<Branches> stepped;
  for (const Branches& branches : prompts) {
    if (branches.steps_are_cheaper())
      stepped.push_back(branches);
    else
      for (std::size_t i = branches.first; i < branches.first + branches.size; ++i)
        windows.push_back({i, {.begin = 0, .first_target = branches.prompt, .end = ids[i].size()}});
  }
  sum_windows(*model_, ids, windows, scores);
  step_through_all(*model_, ids, stepped, scores);
  return scores;
}

}  // namespace attend
