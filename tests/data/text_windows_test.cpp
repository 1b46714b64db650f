#include "data/text_windows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "core/random.h"
#include "tests/data/toy_text.h"
#include "tests/support/refusal.h"

namespace attend {
namespace {

using Ids = std::vector<std::int64_t>;
using Spans = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

constexpr std::int64_t kNone = CausalBatch::kNoTarget;

std::vector<std::size_t> random_lengths(std::uint64_t seed, std::size_t count, std::uint64_t most) {
  RandomStream random(seed, "lengths");
  std::vector<std::size_t> lengths(count);
  for (std::size_t& length : lengths) length = 1 + random.below(most);
  return lengths;
}

Spans inputs_of(const WindowPlan& plan) {
  Spans spans;
  for (std::uint64_t i = 0; i < plan.size(); ++i) spans.emplace_back(plan.at(i).inputs.begin, plan.at(i).inputs.end);
  return spans;
}

std::vector<CausalBatch> epoch_of(const std::shared_ptr<const TokenFile>& text, const TextEpochOptions& options, std::int64_t epoch = 0) {
  CausalStream windows(text_epochs(text, options), {}, {epoch, 0});
  std::vector<CausalBatch> batches;
  const std::int64_t count = windows.here().num_batches;
  while (windows.position().epoch == epoch) batches.push_back(windows.next());
  CHECK(static_cast<std::int64_t>(batches.size()) == count);
  return batches;
}

struct Sequence {
  Ids ids, targets;
  bool operator==(const Sequence&) const = default;
};

std::vector<Sequence> sequences_of(const std::vector<CausalBatch>& batches) {
  std::vector<Sequence> sequences;
  for (const CausalBatch& batch : batches) {
    REQUIRE(batch.tokens.ids.size() == batch.targets.size());
    auto id = batch.tokens.ids.begin(), target = batch.targets.begin();
    for (const std::int64_t length : batch.tokens.lengths) {
      sequences.push_back({Ids(id, id + length), Ids(target, target + length)});
      id += length, target += length;
    }
    REQUIRE(id == batch.tokens.ids.end());
  }
  return sequences;
}

TEST_CASE("windows of a packed text, by hand") {
  const TempFolder folder;
  const auto text = make_token_file(folder, {3, 5, 2});  // ten tokens, nine predictions; windows do not care for documents
  CHECK(inputs_of(WindowPlan(text, {.block = 4}, std::nullopt)) == Spans{{0, 4}, {4, 8}, {8, 9}});
  CHECK(inputs_of(WindowPlan(text, {.block = 9}, std::nullopt)) == Spans{{0, 9}});
  CHECK(inputs_of(WindowPlan(text, {.block = 100}, std::nullopt)) == Spans{{0, 9}});
  // A phase of p: a window of p, then whole ones.
  std::set<Spans> seen;
  for (std::uint64_t epoch = 0; epoch < 100; ++epoch) seen.insert(inputs_of(WindowPlan(text, {.block = 4}, EpochKey{1, epoch})));
  CHECK(seen == std::set<Spans>{{{0, 4}, {4, 8}, {8, 9}}, {{0, 1}, {1, 5}, {5, 9}}, {{0, 2}, {2, 6}, {6, 9}}, {{0, 3}, {3, 7}, {7, 9}}});
}

TEST_CASE("windows of separate documents, by hand") {
  const TempFolder folder;
  const auto text = make_token_file(folder, {3, 1, 11, 5});
  const WindowOptions options{.block = 4, .documents = Documents::kSeparate};
  CHECK(inputs_of(WindowPlan(text, options, std::nullopt)) ==
        Spans{{0, 2}, {4, 8}, {8, 12}, {12, 14}, {15, 19}});  // one token predicts nothing
  // Ten predictions in three windows of four leave two to move by; documents that fit stay whole.
  std::set<Spans> seen;
  for (std::uint64_t epoch = 0; epoch < 100; ++epoch) seen.insert(inputs_of(WindowPlan(text, options, EpochKey{1, epoch})));
  CHECK(seen == std::set<Spans>{{{0, 2}, {4, 8}, {8, 12}, {12, 14}, {15, 19}},
                                {{0, 2}, {4, 7}, {7, 11}, {11, 14}, {15, 19}},
                                {{0, 2}, {4, 6}, {6, 10}, {10, 14}, {15, 19}}});
}

TEST_CASE("a stride leaves each window context that another has scored, by hand") {
  const TempFolder folder;
  const auto text = make_token_file(folder, {12});
  const auto windows = evaluation_windows(text, {.block = 4, .stride = 3}, {.sequences = 1});
  std::vector<CausalBatch> batches;
  for (std::size_t i = 0; i < windows->num_batches(); ++i) batches.push_back(windows->batch(i));
  std::vector<Sequence> sequences = sequences_of(batches);
  std::sort(sequences.begin(), sequences.end(), [](const Sequence& a, const Sequence& b) { return a.ids.front() < b.ids.front(); });
  CHECK(sequences ==
        std::vector<Sequence>{
            {{0, 1, 2, 3}, {1, 2, 3, 4}}, {{3, 4, 5, 6}, {kNone, 5, 6, 7}}, {{6, 7, 8, 9}, {kNone, 8, 9, 10}}, {{9, 10}, {kNone, 11}}});
}

TEST_CASE("with any stride each token but the first is scored once, with as much context as is promised") {
  const TempFolder folder;
  for (std::uint64_t round = 0; round < 60; ++round) {
    RandomStream random(round, "stride");
    const auto text = make_token_file(folder, random_lengths(round, 1 + random.below(5), 60));
    const auto block = static_cast<std::int64_t>(1 + random.below(20)),
               stride = static_cast<std::int64_t>(1 + random.below(static_cast<std::uint64_t>(block)));
    if (text->num_tokens() < 2) continue;
    const auto windows = evaluation_windows(text, {.block = block, .stride = stride}, {.tokens = 40});
    std::vector<CausalBatch> batches;
    for (std::size_t i = 0; i < windows->num_batches(); ++i) batches.push_back(windows->batch(i));
    std::multiset<std::int64_t> scored;
    for (const Sequence& sequence : sequences_of(batches))
      for (std::size_t i = 0; i < sequence.ids.size(); ++i) {
        if (sequence.targets[i] == kNone) continue;
        CHECK(sequence.targets[i] == sequence.ids[i] + 1);
        CHECK((sequence.ids[0] == 0 || static_cast<std::int64_t>(i) >= block - stride));
        scored.insert(sequence.targets[i]);
      }
    Ids expected;
    for (std::int64_t id = 1; id < static_cast<std::int64_t>(text->num_tokens()); ++id) expected.push_back(id);
    CHECK(Ids(scored.begin(), scored.end()) == expected);
  }
}

TEST_CASE("every token is predicted once an epoch, whatever the documents, the block and the batches") {
  const TempFolder folder;
  for (std::uint64_t round = 0; round < 60; ++round) {
    RandomStream random(round, "round");
    const auto lengths = random_lengths(round, 1 + random.below(300), 40);
    const auto text = make_token_file(folder, lengths);
    TextEpochOptions options{.windows = {.block = static_cast<std::int64_t>(1 + random.below(30))}, .seed = round};
    if (round % 2) options.windows.documents = Documents::kSeparate;
    options.budget = round % 3 ? BatchBudget{.sequences = static_cast<std::int64_t>(1 + random.below(9))} : BatchBudget{.tokens = 64};
    if (text->num_tokens() < 64) continue;
    std::set<std::int64_t> firsts{0};  // of documents where they are separate, else of the text: nothing predicts them
    if (round % 2)
      for (std::uint64_t i = 0; i < text->size(); ++i) firsts.insert(static_cast<std::int64_t>(text->span(i).begin));
    Ids expected;
    for (std::int64_t id = 0; id < static_cast<std::int64_t>(text->num_tokens()); ++id)
      if (!firsts.contains(id)) expected.push_back(id);
    for (const std::int64_t epoch : {0, 5}) {
      Ids predicted;
      const auto batches = epoch_of(text, options, epoch);
      for (const CausalBatch& batch : batches)
        if (options.budget.tokens > 0 && batch.size() > 1) CHECK(batch.tokens.ids.size() <= 64);
      for (const Sequence& sequence : sequences_of(batches)) {
        REQUIRE(static_cast<std::int64_t>(sequence.ids.size()) <= options.windows.block);
        for (std::size_t i = 0; i < sequence.ids.size(); ++i) {
          REQUIRE(sequence.targets[i] == sequence.ids[i] + 1);
          REQUIRE(sequence.ids[i] == sequence.ids[0] + static_cast<std::int64_t>(i));
          if (round % 2) REQUIRE((i == 0 || !firsts.contains(sequence.ids[i])));  // never two documents
        }
        predicted.insert(predicted.end(), sequence.targets.begin(), sequence.targets.end());
      }
      std::sort(predicted.begin(), predicted.end());
      REQUIRE(predicted == expected);
    }
  }
}

TEST_CASE("the order is a function of seed and epoch, and a run that resumes goes on with the same batches") {
  const TempFolder folder;
  const auto text = make_token_file(folder, random_lengths(3, 100, 30));
  for (const Documents documents : {Documents::kPacked, Documents::kSeparate}) {
    const TextEpochOptions options{.windows = {.block = 16, .documents = documents}, .budget = {.tokens = 50}, .seed = 7};
    TextEpochOptions other = options;
    other.seed = 8;
    CHECK(epoch_of(text, options) == epoch_of(text, options));
    CHECK(epoch_of(text, options) != epoch_of(text, options, 1));
    CHECK(epoch_of(text, options) != epoch_of(text, other));
    CausalStream whole(text_epochs(text, options), {}, {});
    for (std::int64_t i = 3 * whole.here().num_batches; i > 0; --i) {
      const BatchPosition position = whole.position();
      const CausalBatch batch = whole.next();
      if (i % 7 == 0) CHECK(CausalStream(text_epochs(text, options), {}, position).next() == batch);
    }
    CHECK(whole.position().epoch >= 2);
  }
}

TEST_CASE("ranks share the batches of one") {
  const TempFolder folder;
  const auto text = make_token_file(folder, random_lengths(4, 100, 30));
  const TextEpochOptions options{.windows = {.block = 8}, .budget = {.sequences = 3}};
  CausalStream alone(text_epochs(text, options), {}, {});
  std::vector<std::unique_ptr<CausalStream>> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.push_back(std::make_unique<CausalStream>(text_epochs(text, options), ProcessRank{rank, 3}, BatchPosition{}));
  for (int round = 0; round < 200; ++round) {
    for (const auto& rank : ranks) CHECK(rank->position() == ranks[0]->position());
    for (const auto& rank : ranks) REQUIRE(rank->next() == alone.next());
  }
}

TEST_CASE("filling in the middle keeps the text, in the order prefix, suffix, middle, end") {
  const TempFolder folder;
  const auto lengths = random_lengths(5, 400, 30);
  const auto text = make_token_file(folder, lengths);
  const FillTokens tokens{.prefix = 100'000, .suffix = 100'001, .middle = 100'002, .end_of_text = 100'003};
  const TextEpochOptions plain{.windows = {.block = 13, .documents = Documents::kSeparate}, .budget = {.tokens = 64}, .seed = 2};
  for (const double probability : {0.0, 0.5, 1.0}) {
    TextEpochOptions options = plain;
    options.windows.block = 16;  // three tokens more are read where a sequence is filled
    options.fill = FillInTheMiddle{.probability = probability, .tokens = tokens};
    std::int64_t filled = 0, all = 0, empty_middles = 0;
    Ids read;
    const auto batches = epoch_of(text, options);
    CHECK(batches == epoch_of(text, options));
    for (const CausalBatch& batch : batches) CHECK((batch.size() == 1 || batch.tokens.ids.size() <= 64));
    for (const Sequence& sequence : sequences_of(batches)) {
      ++all;
      REQUIRE(sequence.ids.size() <= 16);
      if (sequence.ids[0] != tokens.prefix) {
        read.insert(read.end(), sequence.ids.begin(), sequence.ids.end());
        continue;
      }
      ++filled;
      REQUIRE(sequence.targets.back() == tokens.end_of_text);
      REQUIRE(std::equal(sequence.ids.begin() + 1, sequence.ids.end(), sequence.targets.begin()));
      const auto suffix = std::find(sequence.ids.begin(), sequence.ids.end(), tokens.suffix),
                 middle = std::find(suffix, sequence.ids.end(), tokens.middle);
      REQUIRE(middle != sequence.ids.end());
      Ids restored(sequence.ids.begin() + 1, suffix);
      restored.insert(restored.end(), middle + 1, sequence.ids.end());
      restored.insert(restored.end(), suffix + 1, middle);
      empty_middles += middle + 1 == sequence.ids.end();
      for (std::size_t i = 1; i < restored.size(); ++i) REQUIRE(restored[i] == restored[0] + static_cast<std::int64_t>(i));
      read.insert(read.end(), restored.begin(), restored.end());
    }
    // Every token that a plain epoch reads is read once.
    Ids expected;
    for (const Sequence& sequence : sequences_of(epoch_of(text, plain)))
      expected.insert(expected.end(), sequence.ids.begin(), sequence.ids.end());
    std::sort(read.begin(), read.end());
    std::sort(expected.begin(), expected.end());
    CHECK(read == expected);
    CHECK(static_cast<double>(filled) ==
          Approx(probability * static_cast<double>(all)).margin(5 * std::sqrt(0.25 * static_cast<double>(all)) * (probability == 0.5)));
    CHECK(empty_middles < all / 4 + 1);
  }
}

TEST_CASE("streams that cannot be are refused") {
  const TempFolder folder;
  const auto text = make_token_file(folder, {5, 5});
  const auto refusal = [&](const TextEpochOptions& options) { return refusal_of([&] { text_epochs(text, options)(0); }); };
  CHECK_THAT(refusal({.windows = {.block = 10}}), Catch::Contains("10 tokens") && Catch::Contains("--max-length 9"));
  CHECK(refusal({.windows = {.block = 9}}).empty());
  CHECK(refusal({.windows = {.block = 100, .documents = Documents::kSeparate}}).empty());
  CHECK_THAT(refusal({.windows = {.block = 0, .documents = Documents::kSeparate}}), Catch::Contains("at least 1"));
  CHECK_THAT(refusal({.windows = {.block = 4}, .budget = {.sequences = 0}}), Catch::Contains("a batch of 0"));
  CHECK_THAT(refusal({.windows = {.block = 4}, .fill = FillInTheMiddle{.probability = 0.5}}), Catch::Contains("--documents separate"));
  CHECK_THAT(refusal({.windows = {.block = 3, .documents = Documents::kSeparate}, .fill = FillInTheMiddle{}}),
             Catch::Contains("at least 4"));
  CHECK_THAT(refusal({.windows = {.block = 9, .documents = Documents::kSeparate}, .fill = FillInTheMiddle{.probability = 1.5}}),
             Catch::Contains("0 to 1"));
  CHECK_THAT(refusal_of([&] { evaluation_windows(text, {.block = 4, .stride = 5}, {}); }), Catch::Contains("1 to 4"));
  CHECK_THAT(refusal_of([&] { evaluation_windows(make_token_file(folder, {1}), {.block = 4}, {}); }), Catch::Contains("two or more"));
  CHECK_THAT(refusal_of([&] { CausalStream(text_epochs(text, {.windows = {.block = 4}}), {}, {.epoch = 0, .batch = 900}); }),
             Catch::Contains("900"));
}

}  // namespace
}  // namespace attend
