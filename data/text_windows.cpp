#include "data/text_windows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace attend {
namespace {

constexpr std::int64_t kFillTokens = 4;  // around the three parts; the last of them is only predicted

/// Room for what filling in adds.
WindowOptions plan_options(const TextEpochOptions& options) {
  WindowOptions windows = options.windows;
  if (options.fill) windows.block -= kFillTokens - 1;
  return windows;
}

/// Windows of a packed text are all as long as the block, but for the first and the last: so many of them are so many tokens.
BatchBudget budget_of(const WindowOptions& windows, const BatchBudget& budget) {
  if (windows.documents == Documents::kSeparate || budget.tokens == 0) return budget;
  return {.sequences = std::max<std::int64_t>(1, budget.tokens / windows.block)};
}

void check_fill(const TextEpochOptions& options) {
  const double probability = options.fill->probability;
  if (!(probability >= 0 && probability <= 1))
    throw UserError("a share of " + std::to_string(probability) + " was to be filled in; expected 0 to 1");
  if (options.windows.documents == Documents::kPacked)
    throw UserError("filling in the middle needs one document a sequence, and they are packed", "use --documents separate");
  if (options.windows.block < kFillTokens)
    throw UserError("sequences of " + std::to_string(options.windows.block) + " tokens leave no room to fill in; expected at least " +
                    std::to_string(kFillTokens));
}

void check_options(const TokenFile& text, const TextEpochOptions& options) {
  check_budget(options.budget);
  if (options.fill) check_fill(options);
  if (options.windows.documents == Documents::kPacked &&
      text.num_tokens() <= static_cast<std::uint64_t>(std::max<std::int64_t>(options.windows.block, 0)))
    throw UserError("the text has " + std::to_string(text.num_tokens()) + " tokens, which do not fill a window of " +
                        std::to_string(options.windows.block),
                    "use more text, or --max-length " + std::to_string(std::max<std::uint64_t>(text.num_tokens(), 2) - 1));
}

class TextEpoch final : public CausalEpoch {
 public:
  TextEpoch(std::shared_ptr<const TokenFile> text, const TextEpochOptions& options, std::uint64_t epoch)
      : text_(std::move(text)),
        options_(options),
        key_{options.seed, epoch},
        plan_(text_, plan_options(options), key_),
        cuts_(plan_.size(), mix_seed(key_.seed, "window order", {epoch}), budget_of(options.windows, options.budget),
              [this] { return lengths(); }) {}

  /// Without an epoch: for evaluation.
  TextEpoch(std::shared_ptr<const TokenFile> text, const WindowOptions& windows, const BatchBudget& budget)
      : text_(std::move(text)),
        plan_(text_, windows, std::nullopt),
        cuts_(plan_.size(), mix_seed(0, "evaluation windows"), budget_of(windows, budget), [this] { return plan_.lengths(); }) {}

  std::uint64_t num_examples() const override { return plan_.size(); }
  std::uint64_t num_batches() const override { return cuts_.num_batches(); }

  CausalBatch batch(std::uint64_t index) const override {
    CausalBatch batch;
    for (const std::uint64_t window : cuts_.sequences(index)) {
      RandomStream random = fill_stream(window);
      if (is_filled(random))
        append_filled(batch, plan_.at(window).inputs, random);
      else
        append(batch, plan_.at(window));
    }
    return batch;
  }

 private:
  RandomStream fill_stream(std::uint64_t window) const { return {key_.seed, "fill in the middle", {key_.epoch, window}}; }
  /// The first draw of a sequence's stream.
  bool is_filled(RandomStream& random) const { return options_.fill && random.uniform() < options_.fill->probability; }

  std::vector<std::uint32_t> lengths() const {
    std::vector<std::uint32_t> lengths = plan_.lengths();
    for (std::uint64_t i = 0; options_.fill && i < lengths.size(); ++i) {
      RandomStream random = fill_stream(i);
      if (is_filled(random)) lengths[i] += kFillTokens - 1;
    }
    return lengths;
  }

  void append(CausalBatch& batch, const Window& window) const {
    const std::size_t first = batch.targets.size();
    text_->append_to(batch.tokens.ids, window.inputs);
    text_->append_to(batch.targets, {window.inputs.begin + 1, window.inputs.end + 1});
    std::fill_n(batch.targets.begin() + static_cast<std::ptrdiff_t>(first), window.first_scored, CausalBatch::kNoTarget);
    batch.tokens.lengths.push_back(static_cast<std::int64_t>(window.inputs.size()));
  }

  /// The inputs hold no end of text: they stop before what is predicted last.
  void append_filled(CausalBatch& batch, const TokenSpan& text, RandomStream& random) const {
    const FillTokens& tokens = options_.fill->tokens;
    std::uint64_t from = text.begin + random.below(text.size() + 1), to = text.begin + random.below(text.size() + 1);
    if (from > to) std::swap(from, to);
    std::vector<std::int64_t> whole{tokens.prefix};
    text_->append_to(whole, {text.begin, from});
    whole.push_back(tokens.suffix);
    text_->append_to(whole, {to, text.end});
    whole.push_back(tokens.middle);
    text_->append_to(whole, {from, to});
    whole.push_back(tokens.end_of_text);
    batch.tokens.ids.insert(batch.tokens.ids.end(), whole.begin(), whole.end() - 1);
    batch.targets.insert(batch.targets.end(), whole.begin() + 1, whole.end());
    batch.tokens.lengths.push_back(static_cast<std::int64_t>(whole.size()) - 1);
  }

  std::shared_ptr<const TokenFile> text_;
  TextEpochOptions options_;
  EpochKey key_;
  WindowPlan plan_;
  BatchCuts cuts_;
};

}  // namespace

MakeCausalEpoch text_epochs(std::shared_ptr<const TokenFile> text, const TextEpochOptions& options) {
  check_options(*text, options);
  return [text = std::move(text), options](std::uint64_t epoch) { return std::make_unique<const TextEpoch>(text, options, epoch); };
}

std::unique_ptr<const CausalEpoch> evaluation_windows(std::shared_ptr<const TokenFile> text, const WindowOptions& windows,
                                                      const BatchBudget& budget) {
  check_budget(budget);
  return std::make_unique<const TextEpoch>(std::move(text), windows, budget);
}

}  // namespace attend
