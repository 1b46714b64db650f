#include "data/masked_examples.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "core/error.h"
#include "tests/data/toy_corpus.h"
#include "tests/tokenizers/small_text.h"

namespace attend {
namespace {

using Ids = std::vector<std::int64_t>;

constexpr SegmentOptions kShort{.max_length = 32};
constexpr SegmentOptions kSingle{.max_length = 32, .next_sentence = NextSentence::kNo};

MaskedSource make_source(const TempFolder& folder, const DocumentLengths& lengths) {
  const auto corpus = make_documents(folder, lengths);
  return {corpus, toy_vocabulary(corpus->sentences().vocab_size())};
}

/// The ids of a batch before masking.
Ids restored(const MaskedBatch& batch) {
  Ids ids = batch.text.tokens.ids;
  for (std::size_t i = 0; i < batch.masked_positions.size(); ++i)
    ids.at(static_cast<std::size_t>(batch.masked_positions[i])) = batch.masked_labels.at(i);
  return ids;
}

std::vector<MaskedBatch> epoch_of(const MaskedSource& source, const MaskedStreamOptions& options, std::int64_t epoch = 0) {
  MaskedExamples examples(source, options, {epoch, 0});
  std::vector<MaskedBatch> batches;
  const auto count = examples.batches_an_epoch();
  while (examples.epoch() == epoch) batches.push_back(examples.next());
  CHECK(static_cast<std::int64_t>(batches.size()) == count);
  return batches;
}

/// The sequences of some batches before masking, in no order.
std::multiset<Ids> sequences_of(const std::vector<MaskedBatch>& batches) {
  std::multiset<Ids> sequences;
  for (const MaskedBatch& batch : batches) {
    const Ids ids = restored(batch);
    auto at = ids.begin();
    for (const std::int64_t length : batch.text.tokens.lengths) sequences.emplace(at, at + length), at += length;
    CHECK(at == ids.end());
  }
  return sequences;
}

std::multiset<Ids> sequences_of(const ExamplePlan& plan, bool has_pairs) {
  std::multiset<Ids> sequences;
  for (std::uint64_t i = 0; i < plan.size(); ++i) {
    const Segments example = plan.at(i);
    Ids ids{kToyCls};
    const auto append = [&](const TokenSpan& span) {
      for (std::uint64_t token = span.begin; token < span.end; ++token) ids.push_back(kToySpecial + static_cast<std::int64_t>(token));
      ids.push_back(kToySep);
    };
    append(example.a);
    if (has_pairs) append(example.b);
    sequences.insert(ids);
  }
  return sequences;
}

TEST_CASE("a batch holds [CLS] A [SEP] B [SEP], types, labels and masks that fit together") {
  const TempFolder folder;
  const auto lengths = random_documents(300, 12, 12);
  const auto documents = documents_of_tokens(lengths);
  const auto is_of_document = [&](std::int64_t a, std::int64_t b) {
    return documents[static_cast<std::size_t>(a - kToySpecial)] == documents[static_cast<std::size_t>(b - kToySpecial)];
  };
  for (const MaskedBatch& batch : epoch_of(make_source(folder, lengths), {.examples = {.segments = kShort}})) {
    const Ids ids = restored(batch);
    REQUIRE(batch.text.type_ids.size() == ids.size());
    REQUIRE(batch.next_labels.size() == batch.text.tokens.lengths.size());
    REQUIRE(std::is_sorted(batch.masked_positions.begin(), batch.masked_positions.end()));
    std::size_t at = 0;
    for (std::size_t i = 0; i < batch.text.tokens.lengths.size(); ++i) {
      const std::size_t end = at + static_cast<std::size_t>(batch.text.tokens.lengths[i]);
      REQUIRE(batch.text.tokens.lengths[i] <= 32);
      REQUIRE((ids[at] == kToyCls && batch.text.tokens.ids[at] == kToyCls && ids[end - 1] == kToySep));
      const auto sep = static_cast<std::size_t>(std::find(ids.begin() + static_cast<long>(at), ids.end(), kToySep) - ids.begin());
      REQUIRE((sep > at + 1 && sep < end - 2));
      REQUIRE(std::count(ids.begin() + static_cast<long>(at), ids.begin() + static_cast<long>(end), kToySep) == 2);
      for (std::size_t j = at; j < end; ++j) {
        REQUIRE(batch.text.type_ids[j] == (j > sep));
        if (j > at + 1 && j != sep && j != sep + 1 && j != end - 1) REQUIRE(ids[j] == ids[j - 1] + 1);  // each is a run of the text
      }
      REQUIRE(batch.next_labels[i] == (is_of_document(ids[sep - 1], ids[sep + 1]) && ids[sep + 1] > ids[sep - 1] ? 0 : 1));
      at = end;
    }
    REQUIRE(at == ids.size());
  }
}

TEST_CASE("an epoch is the examples of its plan, each once, in an order of its own") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, random_documents(300, 12, 12));
  for (const SegmentOptions& segments : {kShort, kSingle})
    for (const BatchBudget& budget : {BatchBudget{.sequences = 7}, BatchBudget{.tokens = 100}}) {
      const MaskedStreamOptions options{.examples = {.segments = segments, .budget = budget}, .seed = 5};
      const bool has_pairs = segments.next_sentence == NextSentence::kYes;
      const auto first = epoch_of(source, options, 0), second = epoch_of(source, options, 1);
      const auto plan = [&](std::uint64_t epoch) { return ExamplePlan(source.corpus, segments, {5, epoch}); };
      CHECK(sequences_of(first) == sequences_of(plan(0), has_pairs));
      CHECK(sequences_of(second) == sequences_of(plan(1), has_pairs));
      CHECK(first != second);
      CHECK(epoch_of(source, options, 0) == first);
      CHECK(epoch_of(source, {.examples = options.examples, .seed = 6}, 0) != first);
      CHECK(MaskedExamples(source, options).examples_an_epoch() == static_cast<std::int64_t>(plan(0).size()));
      std::int64_t sequences = 0;
      for (const MaskedBatch& batch : first) {
        sequences += batch.size();
        CHECK((has_pairs || batch.next_labels.empty()));
      }
      CHECK(sequences == static_cast<std::int64_t>(plan(0).size()));
    }
}

TEST_CASE("masks are others each epoch, also where the examples are the same") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, DocumentLengths(50, {20}));
  const SegmentOptions segments{.max_length = 32, .next_sentence = NextSentence::kNo, .short_probability = 0};
  const MaskedStreamOptions options{.examples = {.segments = segments}};
  const auto first = epoch_of(source, options, 0), second = epoch_of(source, options, 1);
  CHECK(sequences_of(first) == sequences_of(second));
  const auto labels = [](const std::vector<MaskedBatch>& batches) {
    std::set<std::int64_t> all;
    for (const MaskedBatch& batch : batches) all.insert(batch.masked_labels.begin(), batch.masked_labels.end());
    return all;
  };
  REQUIRE(labels(first).size() == 150);  // 3 of 20
  Ids both;
  const auto one = labels(first), two = labels(second);
  std::set_intersection(one.begin(), one.end(), two.begin(), two.end(), std::back_inserter(both));
  CHECK(is_likely(static_cast<double>(both.size()), 150, 0.15));
}

TEST_CASE("over a stream 15 % of the pieces are masked, half of the next sentences are real") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, DocumentLengths(200, std::vector<std::size_t>(200, 9)));
  double pieces = 0, masked = 0, sequences = 0, random = 0;
  for (const MaskedBatch& batch : epoch_of(source, {.examples = {.segments = {.max_length = 128}}})) {
    pieces += static_cast<double>(batch.num_tokens() - 3 * batch.size());
    masked += static_cast<double>(batch.masked_labels.size());
    sequences += static_cast<double>(batch.size());
    for (const std::int64_t label : batch.next_labels) random += static_cast<double>(label);
    for (const std::int64_t label : batch.masked_labels) REQUIRE(label >= kToySpecial);
  }
  REQUIRE(sequences > 3000);
  CHECK(is_likely(masked, pieces, 0.15));
  // A tenth has a short target, of which 9 in 124 gather one sentence; a document ends with one sentence now and then.
  CHECK(random / sequences > 0.5);
  CHECK(random / sequences < 0.55);
}

TEST_CASE("a stream that goes on from any position gives the batches of the one that never stopped") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, random_documents(200, 12, 12));
  for (const MaskedStreamOptions& options :
       {MaskedStreamOptions{.examples = {.segments = kShort, .budget = {.sequences = 8}}},
        MaskedStreamOptions{.examples = {.segments = kSingle, .masking = {.unit = MaskUnit::kWord}, .budget = {.tokens = 200}}},
        MaskedStreamOptions{.examples = {.segments = kShort, .budget = {.tokens = 150}}, .seed = 9, .rank = 1, .world = 3}}) {
    MaskedExamples whole(source, options);
    std::vector<BatchPosition> positions;
    std::vector<std::int64_t> counts;
    std::vector<MaskedBatch> expected;
    while (whole.epoch() < 3) {
      positions.push_back(whole.position());
      counts.push_back(whole.examples_an_epoch());
      expected.push_back(whole.next());
    }
    REQUIRE(expected.size() > 60);
    for (std::size_t i = 0; i < positions.size(); ++i) {
      MaskedExamples resumed(source, options, positions[i]);
      CHECK(resumed.position() == positions[i]);
      CHECK(resumed.examples_an_epoch() == counts[i]);
      for (std::size_t j = i; j < std::min(i + 3, expected.size()); ++j) REQUIRE(resumed.next() == expected[j]);
    }
    MaskedExamples late(source, options, positions[expected.size() / 5]);  // and all the way, over the ends of epochs
    for (std::size_t j = expected.size() / 5; j < expected.size(); ++j) REQUIRE(late.next() == expected[j]);
  }
}

TEST_CASE("the processes of a run share one stream of masked batches") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, random_documents(100, 12, 12));
  for (const int world : {2, 3, 100}) {  // 100: more than there are batches in an epoch
    MaskedStreamOptions options{.examples = {.segments = kShort, .budget = {.sequences = 8}}};
    MaskedExamples alone(source, options);
    std::vector<std::unique_ptr<MaskedExamples>> ranks;
    options.world = world;
    for (options.rank = 0; options.rank < world; ++options.rank) ranks.push_back(std::make_unique<MaskedExamples>(source, options));
    for (int round = 0; round < 200 / world + 1; ++round) {
      const BatchPosition position = alone.position();
      for (auto& one : ranks) {
        CHECK(one->position() == position);
        REQUIRE(one->next() == alone.next());
      }
    }
    CHECK(ranks[0]->epoch() > 1);
  }
}

TEST_CASE("batches hold so many sequences, or at most so many tokens") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, random_documents(300, 12, 12));
  const auto by_count = epoch_of(source, {.examples = {.segments = kShort, .budget = {.sequences = 10}}});
  for (std::size_t i = 0; i + 1 < by_count.size(); ++i) CHECK(by_count[i].size() == 10);
  CHECK((by_count.back().size() >= 1 && by_count.back().size() <= 10));
  const auto by_tokens = epoch_of(source, {.examples = {.segments = kShort, .budget = {.tokens = 150}}});
  for (std::size_t i = 0; i + 1 < by_tokens.size(); ++i) {
    CHECK(by_tokens[i].num_tokens() <= 150);
    CHECK(by_tokens[i].num_tokens() + by_tokens[i + 1].text.tokens.lengths[0] > 150);  // the next one did not fit
  }
  for (const MaskedBatch& batch : epoch_of(source, {.examples = {.segments = kShort, .budget = {.tokens = 20}}}))
    CHECK((batch.num_tokens() <= 20 || batch.size() == 1));
}

TEST_CASE("the examples of a long document lie far apart") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, DocumentLengths(2, std::vector<std::size_t>(3000, 10)));
  double changes = 0, total = 0;
  bool last = false;
  for (const MaskedBatch& batch : epoch_of(source, {.examples = {.segments = kSingle}})) {
    const Ids ids = restored(batch);
    std::size_t at = 0;
    for (const std::int64_t length : batch.text.tokens.lengths) {
      const bool second = ids[at + 1] >= kToySpecial + 30'000;
      if (total++ > 0) changes += second != last;
      last = second;
      at += static_cast<std::size_t>(length);
    }
  }
  CHECK(is_likely(changes, total - 1, 0.5));
}

TEST_CASE("what is evaluated on is the same each time") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, random_documents(300, 12, 12));
  const MaskedExampleOptions options{.segments = kShort, .budget = {.sequences = 16}};
  const EvaluationExamples one(source, options), two(source, options);
  REQUIRE(one.size() == static_cast<std::size_t>((one.num_examples() + 15) / 16));
  std::vector<MaskedBatch> batches;
  for (std::size_t i = 0; i < one.size(); ++i) batches.push_back(one.batch(i));
  for (std::size_t i = one.size(); i-- > 0;) CHECK(two.batch(i) == batches[i]);  // in any order
  CHECK(static_cast<std::int64_t>(sequences_of(batches).size()) == one.num_examples());
  CHECK(MaskedExamples(source, {.examples = options}).next() != one.batch(0));  // not those that are trained on
  CHECK_THROWS_AS(one.batch(one.size()), std::out_of_range);
  CHECK_THROWS_AS(EvaluationExamples(make_source(folder, {{3, 4}}), options), UserError);
}

TEST_CASE("a source or an option without which there are no examples is refused") {
  const TempFolder folder;
  const MaskedSource source = make_source(folder, {{3, 4}, {5}});
  const auto refusal = [](const MaskedSource& from, const MaskedStreamOptions& options, BatchPosition start = {}) {
    return user_error_of([&] { MaskedExamples(from, options, start); });
  };
  CHECK(refusal(source, {}).empty());
  const auto without = [&](std::optional<std::int32_t> MaskingVocabulary::*token) {
    MaskedSource other = source;
    (other.vocabulary.*token).reset();
    return refusal(other, {});
  };
  CHECK_THAT(without(&MaskingVocabulary::mask), Catch::Contains("no [MASK]"));
  CHECK_THAT(without(&MaskingVocabulary::cls), Catch::Contains("no [CLS]"));
  CHECK_THAT(without(&MaskingVocabulary::sep), Catch::Contains("no [SEP]"));
  CHECK_THAT(refusal(make_source(folder, {{3, 4}}), {}), Catch::Contains("one document"));
  CHECK(refusal(make_source(folder, {{3, 4}}), {.examples = {.segments = kSingle}}).empty());
  CHECK_THAT(refusal(source, {.examples = {.budget = {.sequences = 0}}}), Catch::Contains("batch of 0"));
  CHECK_THAT(refusal(source, {.examples = {.budget = {.tokens = -1}}}), Catch::Contains("batch of -1"));
  CHECK_THAT(refusal(source, {}, {0, 1000}), Catch::Contains("stands at batch 1000 of an epoch that has 1 batches"));
  CHECK_THAT(refusal(source, {}, {-1, 0}), Catch::Contains("negative"));
  CHECK_THROWS_AS(MaskedExamples(source, {.rank = 2, .world = 2}), std::invalid_argument);
  MaskedSource smaller = source;
  smaller.vocabulary = toy_vocabulary(10);
  CHECK_THROWS_AS(MaskedExamples(smaller, {}), std::invalid_argument);
}

TEST_CASE("from text to batches") {
  const TempFolder folder;
  set_log_level(LogLevel::kQuiet);
  write_text(folder / "text", "10 11 12\n13 14\n\n20 21\n22 23 24\n25\n\n30\n31\n");
  const ToyTokenizer tokenizer(50);
  const auto corpus = prepare_documents({{folder / "text"}}, {tokenizer, "toy"}, folder / "data");
  MaskedExamples examples({corpus, toy_vocabulary(50)}, {});
  for (int i = 0; i < 20; ++i) {
    const MaskedBatch batch = examples.next();
    CHECK(batch.size() >= 3);
    CHECK(static_cast<std::int64_t>(batch.masked_labels.size()) >= batch.size());
  }
}

}  // namespace
}  // namespace attend
