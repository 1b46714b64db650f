#include "data/text_windows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "data/epoch_stream.h"

namespace attend {
namespace {

constexpr std::int64_t kFillTokens = 4;  // around the three parts; the last of them is only predicted

/// Room for what filling in adds.
WindowOptions plan_options(const TextStreamOptions& options) {
  WindowOptions windows = options.windows;
  if (options.fill) windows.block -= kFillTokens - 1;
  return windows;
}

/// Windows of a packed text are all as long as the block, but for the first and the last: so many of them are so many tokens.
BatchBudget budget_of(const WindowOptions& windows, const BatchBudget& budget) {
  if (windows.documents == Documents::kSeparate || budget.tokens == 0) return budget;
  return {.sequences = std::max<std::int64_t>(1, budget.tokens / windows.block)};
}

void check_fill(const TextStreamOptions& options) {
  const double probability = options.fill->probability;
  if (!(probability >= 0 && probability <= 1))
    throw UserError("a share of " + std::to_string(probability) + " was to be filled in; expected 0 to 1");
  if (options.windows.documents == Documents::kPacked)
    throw UserError("filling in the middle needs one document a sequence, and they are packed", "use --documents separate");
  if (options.windows.block < kFillTokens)
    throw UserError("sequences of " + std::to_string(options.windows.block) + " tokens leave no room to fill in; expected at least " +
                    std::to_string(kFillTokens));
}

void check_stream(const TokenFile& text, const TextStreamOptions& options) {
  check_budget(options.budget);
  if (options.fill) check_fill(options);
  if (options.windows.documents == Documents::kPacked && text.num_tokens() <= static_cast<std::uint64_t>(std::max<std::int64_t>(options.windows.block, 0)))
    throw UserError("the text has " + std::to_string(text.num_tokens()) + " tokens, which do not fill a window of " + std::to_string(options.windows.block),
                    "use more text, or --max-length " + std::to_string(std::max<std::uint64_t>(text.num_tokens(), 2) - 1));
}

}  // namespace

/// The batches of one epoch, each made when asked for.
class TextEpoch {
 public:
  TextEpoch(std::shared_ptr<const TokenFile> text, const TextStreamOptions& options, std::uint64_t epoch)
      : text_(std::move(text)),
        options_(options),
        key_{options.seed, epoch},
        plan_(text_, plan_options(options), key_),
        cuts_(plan_.size(), mix_seed(key_.seed, "window order", {epoch}), budget_of(options.windows, options.budget), [this] { return lengths(); }) {}

  /// Without an epoch: for evaluation.
  TextEpoch(std::shared_ptr<const TokenFile> text, const WindowOptions& windows, const BatchBudget& budget)
      : text_(std::move(text)),
        plan_(text_, windows, std::nullopt),
        cuts_(plan_.size(), mix_seed(0, "evaluation windows"), budget_of(windows, budget), [this] { return plan_.lengths(); }) {}

  std::uint64_t num_examples() const { return plan_.size(); }
  std::uint64_t num_batches() const { return cuts_.num_batches(); }

  WindowBatch batch(std::uint64_t index) const {
    WindowBatch batch;
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

  void append(WindowBatch& batch, const Window& window) const {
    const std::size_t first = batch.targets.size();
    text_->append_to(batch.ids, window.inputs);
    text_->append_to(batch.targets, {window.inputs.begin + 1, window.inputs.end + 1});
    std::fill_n(batch.targets.begin() + static_cast<std::ptrdiff_t>(first), window.first_scored, WindowBatch::kNoTarget);
    batch.lengths.push_back(static_cast<std::int64_t>(window.inputs.size()));
  }

  /// The inputs hold no end of text: they stop before what is predicted last.
  void append_filled(WindowBatch& batch, const TokenSpan& text, RandomStream& random) const {
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
    batch.ids.insert(batch.ids.end(), whole.begin(), whole.end() - 1);
    batch.targets.insert(batch.targets.end(), whole.begin() + 1, whole.end());
    batch.lengths.push_back(static_cast<std::int64_t>(whole.size()) - 1);
  }

  std::shared_ptr<const TokenFile> text_;
  TextStreamOptions options_;
  EpochKey key_;
  WindowPlan plan_;
  BatchCuts cuts_;
};

TextWindows::TextWindows(std::shared_ptr<const TokenFile> text, const TextStreamOptions& options, BatchPosition start) {
  check_stream(*text, options);
  const auto make_epoch = [text = std::move(text), options](std::uint64_t epoch) { return std::make_unique<const TextEpoch>(text, options, epoch); };
  stream_ = std::make_unique<EpochStream<TextEpoch>>(make_epoch, ProcessRank{options.rank, options.world}, start);
}

TextWindows::~TextWindows() = default;

WindowBatch TextWindows::next() { return stream_->next(); }
BatchPosition TextWindows::position() const { return stream_->here().position; }
std::int64_t TextWindows::windows_an_epoch() const { return stream_->here().num_examples; }
std::int64_t TextWindows::batches_an_epoch() const { return stream_->here().num_batches; }

EvaluationWindows::EvaluationWindows(std::shared_ptr<const TokenFile> text, const WindowOptions& windows, const BatchBudget& budget) {
  check_budget(budget);
  epoch_ = std::make_unique<const TextEpoch>(std::move(text), windows, budget);
}

EvaluationWindows::~EvaluationWindows() = default;
EvaluationWindows::EvaluationWindows(EvaluationWindows&&) noexcept = default;

std::size_t EvaluationWindows::size() const { return epoch_->num_batches(); }
WindowBatch EvaluationWindows::batch(std::size_t index) const { return epoch_->batch(index); }

}  // namespace attend
