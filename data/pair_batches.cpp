#include "data/pair_batches.h"

#include <algorithm>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/random.h"

namespace attend {
namespace {

constexpr std::uint64_t kChunkBatches = 100;  // sorting over so many keeps nearly all of a batch at one length
constexpr std::size_t kBatchesAhead = 16;

struct Pair {
  std::uint64_t index;
  std::int64_t source_length, target_length;

  std::int64_t tokens() const { return source_length + target_length; }
};

/// The pairs of a batch: [begin, end) of a list.
struct Cut {
  std::size_t begin, end;
};

struct Sizes {
  std::uint64_t pairs = 0, tokens = 0;
};

/// A run makes batches of one corpus several times (to count them, to resume); what it has just said is not said again.
void warn_once(const std::string& message) {
  static std::mutex mutex;
  static std::string last;
  const std::lock_guard lock(mutex);
  if (message != last) log_warning(message);
  last = message;
}

/// Counts the pairs that are short enough; one warning says how many are not.
Sizes count_short_pairs(const ParallelCorpus& corpus, std::int64_t max_length) {
  Sizes kept;
  for (std::uint64_t i = 0; i < corpus.size(); ++i) {
    const std::int64_t source = corpus.source().length(i), target = corpus.target().length(i);
    if (std::max(source, target) > max_length) continue;
    ++kept.pairs;
    kept.tokens += static_cast<std::uint64_t>(source + target);
  }
  const std::string limit = std::to_string(max_length) + " tokens on a side";
  if (kept.pairs == 0)
    throw UserError("all " + std::to_string(corpus.size()) + " sentence pairs have over " + limit, "raise the maximum length");
  if (kept.pairs < corpus.size())
    warn_once("left out " + std::to_string(corpus.size() - kept.pairs) + " of " + std::to_string(corpus.size()) +
              " sentence pairs, which have over " + limit);
  return kept;
}

/// Cuts the list, first come first, so that no batch of more than one pair has over `limit` tokens.
std::vector<Cut> cut_greedily(std::span<const Pair> pairs, std::int64_t limit) {
  std::vector<Cut> cuts;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (cuts.empty() || tokens + pairs[i].tokens() > limit) {
      cuts.push_back({i, i});
      tokens = 0;
    }
    tokens += pairs[i].tokens();
    cuts.back().end = i + 1;
  }
  return cuts;
}

/// As few batches as the budget allows, of even size: the lowest limit that needs no more of them. Cut greedily, the
/// last batch would be a remainder, and its few pairs would weigh as much in training as a whole batch.
std::vector<Cut> cut_evenly(std::span<const Pair> pairs, std::int64_t budget) {
  const std::size_t fewest = cut_greedily(pairs, budget).size();
  std::int64_t low = 0, high = budget;  // high is enough, low is not
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (cut_greedily(pairs, middle).size() <= fewest ? high : low) = middle;
  }
  return cut_greedily(pairs, high);
}

std::vector<Cut> cut_by_count(std::size_t pairs, std::size_t count) {
  std::vector<Cut> cuts;
  for (std::size_t begin = 0; begin < pairs; begin += count) cuts.push_back({begin, std::min(begin + count, pairs)});
  return cuts;
}

bool is_shorter(const Pair& a, const Pair& b) {
  return std::tuple(a.target_length, a.source_length) < std::tuple(b.target_length, b.source_length);
}

void append(PairBatch& batch, const ParallelCorpus& corpus, std::uint64_t pair) {
  corpus.source().append_to(batch.source.ids, pair);
  corpus.target().append_to(batch.target.ids, pair);
  batch.source.lengths.push_back(corpus.source().length(pair));
  batch.target.lengths.push_back(corpus.target().length(pair));
}

}  // namespace

/// Walks the stream of batches; knows the lengths of one chunk at a time.
class PairBatches::Planner {
 public:
  Planner(std::shared_ptr<const ParallelCorpus> corpus, const PairBatchOptions& options, Sizes kept, BatchPosition start)
      : corpus_(std::move(corpus)), options_(options), place_{start.epoch, 0} {
    const std::uint64_t a_batch =
        options.budget.tokens > 0 ? std::max<std::uint64_t>(1, static_cast<std::uint64_t>(options.budget.tokens) * kept.pairs / kept.tokens)
                                  : static_cast<std::uint64_t>(options.budget.sequences);
    chunk_pairs_ = kChunkBatches * a_batch;
    // Lengths alone say how many batches a chunk holds, so the chunks before the start are planned but never read.
    load_chunk(0);
    while (start.batch - place_.batch >= static_cast<std::int64_t>(cuts_.size())) {
      place_.batch += static_cast<std::int64_t>(cuts_.size());
      if (!load_next_chunk()) report_past_epoch(start.batch, place_.batch);
    }
    next_cut_ = static_cast<std::size_t>(start.batch - place_.batch);
    place_.batch = start.batch;
    for (int i = 0; i < options.rank; ++i) step();
  }

  Item make() {
    Item item;
    for (std::size_t i = cuts_[next_cut_].begin; i < cuts_[next_cut_].end; ++i) append(item.batch, *corpus_, pairs_[i].index);
    // The next round begins world - rank batches on, this rank's batch of it rank further.
    for (int i = options_.rank; i < options_.world; ++i) step();
    item.next_round = place_;
    for (int i = 0; i < options_.rank; ++i) step();
    return item;
  }

 private:
  /// On to the next batch of the stream, across chunks and epochs.
  void step() {
    ++place_.batch;
    if (++next_cut_ < cuts_.size()) return;
    next_cut_ = 0;
    if (load_next_chunk()) return;
    place_ = {place_.epoch + 1, 0};
    load_chunk(0);
    if (cuts_.empty()) load_next_chunk();
  }

  /// False where the epoch has no further pair.
  bool load_next_chunk() {
    while ((chunk_ + 1) * chunk_pairs_ < corpus_->size()) {
      load_chunk(chunk_ + 1);
      if (!cuts_.empty()) return true;  // empty where every pair of a chunk is too long
    }
    return false;
  }

  void load_chunk(std::uint64_t chunk) {
    chunk_ = chunk;
    const auto epoch = static_cast<std::uint64_t>(place_.epoch);
    const Permutation order(corpus_->size(), mix_seed(options_.seed, "pair order", {epoch}));
    pairs_.clear();
    const std::uint64_t end = std::min((chunk + 1) * chunk_pairs_, corpus_->size());
    for (std::uint64_t position = chunk * chunk_pairs_; position < end; ++position) {
      const std::uint64_t index = order(position);
      const Pair pair{index, corpus_->source().length(index), corpus_->target().length(index)};
      if (std::max(pair.source_length, pair.target_length) <= options_.max_length) pairs_.push_back(pair);
    }
    std::stable_sort(pairs_.begin(), pairs_.end(), is_shorter);
    cuts_ = options_.budget.tokens > 0 ? cut_evenly(pairs_, options_.budget.tokens)
                                       : cut_by_count(pairs_.size(), static_cast<std::size_t>(options_.budget.sequences));
    RandomStream(options_.seed, "batch order", {epoch, chunk}).shuffle(cuts_);
  }

  std::shared_ptr<const ParallelCorpus> corpus_;
  PairBatchOptions options_;
  BatchPosition place_;  // of the batch at next_cut_
  std::uint64_t chunk_pairs_ = 0, chunk_ = 0;
  std::vector<Pair> pairs_;  // of the chunk, shortest first
  std::vector<Cut> cuts_;    // its batches, shuffled
  std::size_t next_cut_ = 0;
};

PairBatches::PairBatches(std::shared_ptr<const ParallelCorpus> corpus, const PairBatchOptions& options, BatchPosition start)
    : position_(start) {
  check_budget(options.budget);
  check_position(start);
  check_rank(options.rank, options.world);
  const Sizes kept = count_short_pairs(*corpus, options.max_length);
  pairs_an_epoch_ = static_cast<std::int64_t>(kept.pairs);
  auto planner = std::make_shared<Planner>(std::move(corpus), options, kept, start);
  prefetch_ = std::make_unique<Prefetch<Item>>(kBatchesAhead, [planner] { return planner->make(); });
}

PairBatches::~PairBatches() = default;

PairBatch PairBatches::next() {
  Item item = prefetch_->next();
  position_ = item.next_round;
  return std::move(item.batch);
}

SortedPairBatches::SortedPairBatches(std::shared_ptr<const ParallelCorpus> corpus, std::int64_t batch_tokens, std::int64_t max_length)
    : corpus_(std::move(corpus)) {
  count_short_pairs(*corpus_, max_length);
  std::vector<Pair> pairs;
  for (std::uint64_t i = 0; i < corpus_->size(); ++i) {
    const Pair pair{i, corpus_->source().length(i), corpus_->target().length(i)};
    if (std::max(pair.source_length, pair.target_length) <= max_length) pairs.push_back(pair);
  }
  std::stable_sort(pairs.begin(), pairs.end(), is_shorter);
  starts_.push_back(0);
  for (const Cut& cut : cut_greedily(pairs, batch_tokens)) starts_.push_back(cut.end);
  for (const Pair& pair : pairs) order_.push_back(pair.index);
}

PairBatch SortedPairBatches::batch(std::size_t index) const {
  PairBatch batch;
  for (const std::uint64_t pair : pairs(index)) append(batch, *corpus_, pair);
  return batch;
}

std::span<const std::uint64_t> SortedPairBatches::pairs(std::size_t index) const {
  return std::span(order_).subspan(starts_.at(index), starts_.at(index + 1) - starts_[index]);
}

}  // namespace attend
