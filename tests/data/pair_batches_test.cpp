#include "data/pair_batches.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>

#include "core/error.h"
#include "core/log.h"
#include "core/random.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

constexpr std::size_t kPairs = 3000;

/// Pairs whose first id on both sides is their number, of random lengths up to `longest`.
std::shared_ptr<const ParallelCorpus> make_corpus(const TempFolder& folder, std::size_t pairs, std::uint64_t longest) {
  set_log_level(LogLevel::kQuiet);
  RandomStream stream(1, "corpus");
  TokenFileWriter source(folder / "source", {100'000, std::string(64, '0')}), target(folder / "target", {100'000, std::string(64, '0')});
  for (std::size_t i = 0; i < pairs; ++i) {
    std::vector<std::int32_t> ids(1 + stream.below(longest), static_cast<std::int32_t>(i));
    source.append(ids);
    ids.resize(1 + stream.below(longest), static_cast<std::int32_t>(i));
    target.append(ids);
  }
  source.commit();
  target.commit();
  return std::make_shared<const ParallelCorpus>(folder / "source", folder / "target");
}

/// The numbers of a batch's pairs; checks that both sides fit together.
std::vector<std::int64_t> pairs_of(const PairBatch& batch) {
  std::vector<std::int64_t> pairs;
  std::size_t source = 0, target = 0;
  REQUIRE(batch.source.lengths.size() == batch.target.lengths.size());
  for (std::size_t i = 0; i < batch.source.lengths.size(); ++i) {
    REQUIRE(batch.source.ids.at(source) == batch.target.ids.at(target));
    pairs.push_back(batch.source.ids[source]);
    source += static_cast<std::size_t>(batch.source.lengths[i]);
    target += static_cast<std::size_t>(batch.target.lengths[i]);
  }
  REQUIRE(source == batch.source.ids.size());
  REQUIRE(target == batch.target.ids.size());
  return pairs;
}

std::vector<PairBatch> epoch_of(const std::shared_ptr<const ParallelCorpus>& corpus, const PairBatchOptions& options,
                                std::int64_t epoch = 0) {
  PairBatches batches(corpus, options, {epoch, 0});
  std::vector<PairBatch> result;
  while (batches.epoch() == epoch) result.push_back(batches.next());
  return result;
}

std::vector<std::int64_t> sorted_pairs(const std::vector<PairBatch>& batches) {
  std::vector<std::int64_t> pairs;
  for (const PairBatch& batch : batches)
    for (const std::int64_t pair : pairs_of(batch)) pairs.push_back(pair);
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::vector<std::int64_t> all_pairs(std::size_t count = kPairs) {
  std::vector<std::int64_t> pairs(count);
  for (std::size_t i = 0; i < count; ++i) pairs[i] = static_cast<std::int64_t>(i);
  return pairs;
}

TEST_CASE("every epoch has each pair once, within the token budget, in an order of its own") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, kPairs, 40);
  // A chunk is some 100 batches: with the first budget an epoch is one chunk, with the second four.
  for (const std::int64_t budget : {2000, 300}) {
    const PairBatchOptions options{.budget = {.tokens = budget}};
    const auto first = epoch_of(corpus, options, 0), second = epoch_of(corpus, options, 1);
    CHECK(sorted_pairs(first) == all_pairs());
    CHECK(sorted_pairs(second) == all_pairs());
    CHECK(first != second);
    CHECK(epoch_of(corpus, options, 0) == first);
    CHECK(epoch_of(corpus, {.budget = {.tokens = budget}, .seed = 2}, 0) != first);
    for (const PairBatch& batch : first) CHECK(batch.num_tokens() <= budget);
  }
}

TEST_CASE("batches are of similar length within, of even size, and come in no order of length") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, kPairs, 40);
  const auto batches = epoch_of(corpus, {.budget = {.tokens = 1000}});
  std::int64_t tokens = 0, padded = 0, smallest = 1000, rises = 0, last = 0;
  for (const PairBatch& batch : batches) {
    const auto longest = [](const std::vector<std::int64_t>& lengths) { return *std::max_element(lengths.begin(), lengths.end()); };
    tokens += batch.num_tokens();
    padded += batch.size() * longest(batch.target.lengths) * 2;
    smallest = std::min(smallest, batch.num_tokens());
    rises += longest(batch.target.lengths) > last;
    last = longest(batch.target.lengths);
  }
  CHECK(padded < tokens * 5 / 4);  // the target side, twice; in random order it would be some 1.9 times
  CHECK(smallest > 700);           // a greedy cut would leave a remainder of any size
  CHECK(rises > static_cast<std::int64_t>(batches.size()) / 4);
  CHECK(rises < static_cast<std::int64_t>(batches.size()) * 3 / 4);
}

TEST_CASE("a run that goes on from any position sees the batches of the one that never stopped") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 1000, 40);
  for (const PairBatchOptions& options :
       {PairBatchOptions{.budget = {.tokens = 200}}, PairBatchOptions{.budget = {.tokens = 200}, .rank = 1, .world = 3},
        PairBatchOptions{.budget = {.sequences = 4}, .max_length = 30}}) {
    PairBatches whole(corpus, options);
    std::vector<BatchPosition> positions;
    std::vector<PairBatch> expected;
    while (whole.epoch() < 2) {
      positions.push_back(whole.position());
      expected.push_back(whole.next());
    }
    REQUIRE(expected.size() > 100);
    for (std::size_t i = 0; i < positions.size(); i += 7) {
      PairBatches resumed(corpus, options, positions[i]);
      CHECK(resumed.position() == positions[i]);
      for (std::size_t j = i; j < std::min(i + 3, expected.size()); ++j) CHECK(resumed.next() == expected[j]);
    }
    PairBatches late(corpus, options, positions[expected.size() / 3]);  // and all the way, over the ends of chunks and epochs
    for (std::size_t j = expected.size() / 3; j < expected.size(); ++j) REQUIRE(late.next() == expected[j]);
  }
}

TEST_CASE("ranks share the stream of one: each batch goes to one of them, and all stand at one position") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 1000, 40);
  for (const int world : {2, 3, 5}) {
    PairBatches alone(corpus, {.budget = {.tokens = 200}});
    std::vector<std::unique_ptr<PairBatches>> ranks;
    for (int rank = 0; rank < world; ++rank)
      ranks.push_back(std::make_unique<PairBatches>(corpus, PairBatchOptions{.budget = {.tokens = 200}, .rank = rank, .world = world}));
    for (int round = 0; round < 120; ++round) {  // past the end of the first epoch
      const BatchPosition position = alone.position();
      for (auto& one : ranks) {
        CHECK(one->position() == position);
        REQUIRE(one->next() == alone.next());
      }
    }
    CHECK(ranks[0]->epoch() > 0);
  }
}

TEST_CASE("a run may go on with another number of processes") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 500, 40);
  PairBatches alone(corpus, {.budget = {.tokens = 200}}), pair(corpus, {.budget = {.tokens = 200}, .rank = 0, .world = 2});
  for (int i = 0; i < 20; ++i) alone.next();
  for (int i = 0; i < 10; ++i) pair.next();
  CHECK(pair.position() == alone.position());
}

TEST_CASE("a fixed number of pairs a batch") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 1005, 40);
  const auto batches = epoch_of(corpus, {.budget = {.sequences = 16}});
  CHECK(sorted_pairs(batches) == all_pairs(1005));
  std::map<std::int64_t, int> sizes;
  for (const PairBatch& batch : batches) ++sizes[batch.size()];
  CHECK(sizes == std::map<std::int64_t, int>{{16, 62}, {13, 1}});
}

TEST_CASE("longer pairs are dropped, a pair over the budget is a batch by itself") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 1000, 40);
  std::vector<std::int64_t> expected;
  for (std::uint64_t i = 0; i < 1000; ++i)
    if (std::max(corpus->source().length(i), corpus->target().length(i)) <= 25) expected.push_back(static_cast<std::int64_t>(i));
  const auto batches = epoch_of(corpus, {.budget = {.tokens = 30}, .max_length = 25});
  CHECK(sorted_pairs(batches) == expected);
  for (const PairBatch& batch : batches) CHECK((batch.num_tokens() <= 30 || batch.size() == 1));
  CHECK(PairBatches(corpus, {.max_length = 25}).pairs_an_epoch() == static_cast<std::int64_t>(expected.size()));
}

TEST_CASE("that pairs are dropped is said once for each maximum length") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 100, 40);
  const auto warnings = [&](std::int64_t max_length) {
    std::fflush(stderr);
    const int kept = ::dup(STDERR_FILENO);
    const int file = ::open((folder / "stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, STDERR_FILENO);
    PairBatches(corpus, {.max_length = max_length});
    SortedPairBatches(corpus, 100, max_length);
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    ::close(file);
    const std::string text = read_text(folder / "stderr");
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(warnings(20) == 1);
  CHECK(warnings(20) == 0);
  CHECK(warnings(25) == 1);
  CHECK(warnings(40) == 0);  // nothing is dropped
}

TEST_CASE("one pair is enough, and none is an error") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 1, 10);
  PairBatches batches(corpus, {});
  for (int epoch = 0; epoch < 5; ++epoch) {
    CHECK(batches.position() == BatchPosition{epoch, 0});
    CHECK(pairs_of(batches.next()) == std::vector<std::int64_t>{0});
  }
  CHECK_THROWS_AS(PairBatches(corpus, {.max_length = 0}), UserError);
  CHECK_THROWS_AS(PairBatches(corpus, {.budget = {.sequences = 0}}), UserError);
  CHECK_THROWS_AS(PairBatches(corpus, {}, {0, 1}), UserError);  // past the epoch's end: other data, or another batch size
  CHECK_THROWS_AS(PairBatches(corpus, {}, {0, -1}), UserError);
}

TEST_CASE("for evaluation every pair comes once, sorted by length, with its number") {
  const TempFolder folder;
  const auto corpus = make_corpus(folder, 1000, 40);
  const SortedPairBatches batches(corpus, 500, 256);
  std::vector<std::int64_t> seen;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const PairBatch batch = batches.batch(i);
    const auto pairs = pairs_of(batch);
    CHECK(std::equal(pairs.begin(), pairs.end(), batches.pairs(i).begin(), batches.pairs(i).end(),
                     [](auto a, auto b) { return a == static_cast<std::int64_t>(b); }));
    CHECK(batch.num_tokens() <= 500);
    CHECK(std::is_sorted(batch.target.lengths.begin(), batch.target.lengths.end()));
    CHECK(batch.target.lengths.front() >= last);
    last = batch.target.lengths.back();
    seen.insert(seen.end(), pairs.begin(), pairs.end());
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == all_pairs(1000));
  CHECK_THROWS_AS(SortedPairBatches(corpus, 500, 0), UserError);
}

}  // namespace
}  // namespace attend
