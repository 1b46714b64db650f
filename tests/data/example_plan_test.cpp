#include "data/example_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include "core/error.h"
#include "tests/data/toy_corpus.h"
#include "tests/tokenizers/small_text.h"

namespace attend {
namespace {

constexpr SegmentOptions kSingle{.next_sentence = NextSentence::kNo};

std::vector<Segments> all_of(const ExamplePlan& plan) {
  std::vector<Segments> examples;
  for (std::uint64_t i = 0; i < plan.size(); ++i) examples.push_back(plan.at(i));
  return examples;
}

using Spans = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Spans spans_of(const ExamplePlan& plan) {
  Spans spans;
  for (const Segments& example : all_of(plan)) spans.emplace_back(example.a.begin, example.a.end);
  return spans;
}

SegmentOptions single(std::int64_t max_length, double short_probability = 0) {
  return {.max_length = max_length, .next_sentence = NextSentence::kNo, .short_probability = short_probability};
}

SegmentOptions pairs(std::int64_t max_length, double short_probability = 0) {
  return {.max_length = max_length, .short_probability = short_probability};
}

TEST_CASE("single segments are whole sentences of one document, as many as fit") {
  const TempFolder folder;
  const auto corpus = make_documents(folder, {{3, 4, 5}, {2}, {8, 8}});
  CHECK(spans_of({corpus, single(10), {}}) == Spans{{0, 7}, {7, 12}, {12, 14}, {14, 22}, {22, 30}});
  CHECK(spans_of({corpus, single(100), {}}) == Spans{{0, 12}, {12, 14}, {14, 30}});
  // A longer sentence goes on in the next example, and what is left of it shares that with what follows.
  CHECK(spans_of({make_documents(folder, {{20, 3, 2}, {1}}), single(10), {}}) == Spans{{0, 8}, {8, 16}, {16, 23}, {23, 25}, {25, 26}});
  CHECK(spans_of({make_documents(folder, {{16, 3}}), single(10), {}}) == Spans{{0, 8}, {8, 16}, {16, 19}});
}

TEST_CASE("of single segments every token comes once an epoch, in order") {
  const TempFolder folder;
  const auto lengths = random_documents(300, 30, 60);
  const auto corpus = make_documents(folder, lengths);
  const auto documents = documents_of_tokens(lengths);
  for (const std::int64_t max_length : {4, 32, 128}) {
    std::uint64_t end = 0;
    for (const Segments& example : all_of({corpus, single(max_length, 0.3), {.epoch = 2}})) {
      REQUIRE(example.a.begin == end);
      end = example.a.end;
      REQUIRE(example.a.size() > 0);
      REQUIRE(example.a.size() <= static_cast<std::uint64_t>(max_length - 2));
      REQUIRE(documents[example.a.begin] == documents[example.a.end - 1]);
      REQUIRE((example.b.size() == 0 && example.is_next));
    }
    CHECK(end == documents.size());
  }
}

TEST_CASE("a tenth of the examples has a shorter target, any length from 2 on") {
  const TempFolder folder;
  // One document of sentences of one token: an example is as long as its target.
  const auto corpus = make_documents(folder, {std::vector<std::size_t>(600'000, 1)});
  const auto examples = all_of({corpus, single(34, 0.1), {}});  // targets 2 to 32
  std::map<std::uint64_t, int> counts;
  for (std::size_t i = 0; i + 1 < examples.size(); ++i) ++counts[examples[i].a.size()];
  REQUIRE(counts.begin()->first == 2);
  REQUIRE(counts.rbegin()->first == 32);
  const auto total = static_cast<double>(examples.size() - 1);
  CHECK(is_likely(counts[32], total, 0.9 + 0.1 / 31));
  for (std::uint64_t length = 2; length < 32; ++length) CHECK(is_likely(counts[length], total, 0.1 / 31));
}

/// Checks what holds for every pair, and gives the tokens that an A or a B that is next has, each once.
std::vector<bool> check_pairs(const ExamplePlan& plan, const DocumentLengths& lengths, std::uint64_t max_tokens, bool is_full) {
  const auto documents = documents_of_tokens(lengths);
  std::vector<bool> seen(documents.size());
  const auto see = [&](const TokenSpan& span) {
    for (std::uint64_t i = span.begin; i < span.end; ++i) {
      REQUIRE_FALSE(seen[i]);
      seen[i] = true;
    }
  };
  for (const Segments& pair : all_of(plan)) {
    const std::uint64_t size = pair.a.size() + pair.b.size();
    REQUIRE((pair.a.size() > 0 && pair.b.size() > 0 && size <= max_tokens));
    REQUIRE(documents[pair.a.begin] == documents[pair.a.end - 1]);
    REQUIRE(documents[pair.b.begin] == documents[pair.b.end - 1]);
    see(pair.a);
    if (pair.is_next) {
      see(pair.b);
      REQUIRE(documents[pair.a.begin] == documents[pair.b.begin]);
      REQUIRE(pair.b.begin >= pair.a.end);
      if (size < max_tokens) REQUIRE(pair.b.begin == pair.a.end);  // nothing was cut off
    } else {
      REQUIRE(documents[pair.a.begin] != documents[pair.b.begin]);
      // It is gathered up to the target, here always max_tokens, or its document's end.
      const bool at_end = pair.b.end == documents.size() || documents[pair.b.end] != documents[pair.b.begin];
      if (is_full && size < max_tokens) REQUIRE(at_end);
    }
  }
  return seen;
}

TEST_CASE("B goes on where A ends, or is of another document; every sentence comes once but for what is cut off") {
  const TempFolder folder;
  const auto lengths = random_documents(400, 30, 20);
  const auto corpus = make_documents(folder, lengths);
  for (const double short_probability : {0.0, 0.5}) {
    const auto seen = check_pairs({corpus, pairs(64, short_probability), {}}, lengths, 61, short_probability == 0);
    // A chunk exceeds its target by less than a sentence; at most that, and what a B from elsewhere takes, is cut.
    CHECK(std::count(seen.begin(), seen.end(), true) > static_cast<long>(seen.size()) * 8 / 10);
    const auto all = check_pairs({corpus, pairs(4000, short_probability), {}}, lengths, 3997, short_probability == 0);
    CHECK(std::count(all.begin(), all.end(), false) == 0);  // no document is as long: nothing is cut off
  }
}

TEST_CASE("an example begins where the one before it ended, and what was put back comes again") {
  const TempFolder folder;
  const DocumentLengths lengths(50, std::vector<std::size_t>(40, 10));
  const ExamplePlan plan(make_documents(folder, lengths), pairs(64), {});
  std::uint64_t place = 0;  // of the first sentence not used yet
  for (const Segments& pair : all_of(plan)) {
    REQUIRE(pair.a.begin >= place);
    REQUIRE(pair.a.begin < place + 10);  // A of a truncated pair may have lost tokens in front, never a sentence of these
    const std::uint64_t end = pair.is_next ? pair.b.end : pair.a.end;
    place = (end + 9) / 10 * 10;
  }
  CHECK(place == 50 * 400);
}

TEST_CASE("half of the examples have a B that is next; a single sentence never has") {
  const TempFolder folder;
  const DocumentLengths lengths(20, std::vector<std::size_t>(5000, 5));
  const auto examples = all_of({make_documents(folder, lengths), pairs(64), {}});
  REQUIRE(examples.size() > 10'000);
  double next = 0, free = 0, longer_a = 0;
  for (const Segments& example : examples) {
    if (example.a.end % 25'000 == 0) {
      CHECK_FALSE(example.is_next);  // A is the last sentence of its document, so B is not
      continue;
    }
    ++free;
    next += example.is_next;
    if (example.is_next) longer_a += example.a.size() > example.b.size();
  }
  CHECK(is_likely(next, free, 0.5));
  // Thirteen sentences of five tokens, 65, lose four: A has 1 to 12 of them, more than half for six of the twelve.
  CHECK(is_likely(longer_a, next, 0.5));
  for (const Segments& example : all_of({make_documents(folder, {{70}, {70}, {70, 70}}), pairs(64), {}})) CHECK_FALSE(example.is_next);
}

TEST_CASE("a B of another document begins at any sentence of any other one") {
  const TempFolder folder;
  // Each sentence of document 2 reaches the target, so none is next; the others are there to be taken from.
  const DocumentLengths lengths{{5, 5, 5, 5}, {5, 5}, std::vector<std::size_t>(3000, 40), {100}};
  std::map<std::uint64_t, int> begins;
  double others = 0;
  for (const Segments& pair : all_of({make_documents(folder, lengths), pairs(41), {}})) {
    if (pair.a.begin < 30 || pair.a.begin >= 30 + 120'000) continue;
    REQUIRE_FALSE(pair.is_next);
    ++others;
    ++begins[pair.b.begin >= 120'030 ? 120'030 : pair.b.begin / 5 * 5];
  }
  REQUIRE(others == 3000);
  CHECK(is_likely(begins[20] + begins[25], others, 1.0 / 3));
  CHECK(is_likely(begins[25], others, 1.0 / 6));
  for (const std::uint64_t begin : {0, 5, 10, 15}) CHECK(is_likely(begins[begin], others, 1.0 / 12));
  CHECK(is_likely(begins[120'030], others, 1.0 / 3));
}

TEST_CASE("the longer of a pair loses tokens until both fit, at both ends alike") {
  const TempFolder folder;
  RandomStream random(3, "sizes");
  // Documents of two sentences: what is gathered is both of them, or the first one alone where it reaches the target.
  DocumentLengths lengths(2000);
  std::vector<std::uint64_t> starts;
  std::uint64_t tokens = 0;
  for (auto& document : lengths) {
    document = {1 + random.below(80), 1 + random.below(80)};
    starts.push_back(tokens);
    tokens += document[0] + document[1];
  }
  const auto documents = documents_of_tokens(lengths);
  double front = 0, cut = 0;
  for (const Segments& pair : all_of({make_documents(folder, lengths), pairs(43), {}})) {
    if (!pair.is_next) continue;
    const std::size_t document = documents[pair.a.begin];
    const std::uint64_t first = lengths[document][0], second = lengths[document][1];
    std::uint64_t a = first, b = second;
    while (a + b > 40) --(a > b ? a : b);  // as the original does it
    REQUIRE(pair.a.size() == a);
    REQUIRE(pair.b.size() == b);
    front += static_cast<double>(pair.a.begin - starts[document] + pair.b.begin - starts[document] - first);
    cut += static_cast<double>(first + second - a - b);
  }
  CHECK(cut > 3000);
  CHECK(is_likely(front, cut, 0.5));
}

TEST_CASE("the lengths of a plan are those of its examples, none above the maximum") {
  const TempFolder folder;
  const auto corpus = make_documents(folder, random_documents(200, 20, 60));
  for (const SegmentOptions& options : {pairs(64, 0.2), pairs(5, 0), single(64, 0.2), single(4, 0)}) {
    const ExamplePlan plan(corpus, options, {.seed = 3, .epoch = 1});
    const auto lengths = plan.lengths();
    REQUIRE(lengths.size() == plan.size());
    for (std::uint64_t i = 0; i < plan.size(); ++i) {
      const Segments example = plan.at(i);
      REQUIRE(lengths[i] == example.a.size() + example.b.size() + static_cast<std::uint64_t>(options.num_special()));
      REQUIRE(lengths[i] <= options.max_length);
    }
  }
}

TEST_CASE("a plan is a function of its seed and epoch") {
  const TempFolder folder;
  const auto corpus = make_documents(folder, random_documents(200, 20, 20));
  for (const SegmentOptions& options : {pairs(64, 0.1), single(64, 0.1)}) {
    const Spans one = spans_of({corpus, options, {.seed = 1, .epoch = 0}});
    CHECK(spans_of({corpus, options, {.seed = 1, .epoch = 0}}) == one);
    CHECK(spans_of({corpus, options, {.seed = 1, .epoch = 1}}) != one);
    CHECK(spans_of({corpus, options, {.seed = 2, .epoch = 0}}) != one);
  }
  CHECK_THROWS_AS(ExamplePlan(corpus, kSingle, {}).at(1'000'000), std::out_of_range);
}

TEST_CASE("what next sentences cannot be learnt from is refused, and single segments can be") {
  const TempFolder folder;
  const auto refusal = [&](const DocumentLengths& lengths, const SegmentOptions& options) {
    return user_error_of([&] { ExamplePlan(make_documents(folder, lengths), options, {}); });
  };
  CHECK_THAT(refusal({{3, 4, 5}}, {}), Catch::Contains("one document"));
  CHECK_THAT(refusal({{3}, {4}, {5}}, {}), Catch::Contains("3 documents is a single sentence"));
  CHECK(refusal({{3, 4, 5}}, kSingle).empty());
  CHECK(refusal({{3}, {4}, {5}}, kSingle).empty());
  CHECK_THAT(refusal({}, {}), Catch::Contains("no document"));
  try {
    ExamplePlan(make_documents(folder, {{3, 4}}), {}, {});
    FAIL();
  } catch (const UserError& error) {
    CHECK_THAT(error.hint(), Catch::Contains("--no-next-sentence"));
  }
  const DocumentLengths good{{3, 4}, {5}};
  CHECK(refusal(good, {}).empty());
  CHECK(refusal(good, pairs(5)).empty());
  CHECK_THAT(refusal(good, pairs(4)), Catch::Contains("at least 5"));
  CHECK_THAT(refusal(good, single(3)), Catch::Contains("at least 4"));
  for (const double probability : {-0.1, 1.1, std::nan("")}) CHECK_THAT(refusal(good, pairs(64, probability)), Catch::Contains("0 to 1"));
}

TEST_CASE("a damaged index is seen when its documents are walked") {
  const TempFolder folder;
  make_documents(folder, {{3, 4}, {5}, {6, 7}});
  std::filesystem::path tokens, documents;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    (entry.path().extension() == ".tokens" ? tokens : documents) = entry.path();
  std::string content = read_text(documents);
  const std::uint64_t wrong = 77;
  std::memcpy(content.data() + 64 + 2 * 8, &wrong, 8);
  write_text(documents, content);
  const auto corpus = std::make_shared<const DocumentCorpus>(tokens, documents);
  CHECK_THROWS_AS(ExamplePlan(corpus, {}, {}), UserError);
}

TEST_CASE("the share that next-sentence prediction never reads is that of sentences beyond an example") {
  const TempFolder folder;
  const auto corpus = make_documents(folder, {{100, 10}, {40, 50}});  // 200 tokens; an example of 43 has room for 40
  CHECK(unread_share(*corpus, pairs(43)) == (60.0 + 10.0) / 200.0);
  CHECK(unread_share(*corpus, pairs(103)) == 0);
  CHECK(unread_share(*corpus, single(43)) == 0);
  // And so it is: whatever the epoch, the ends of the long sentence are in no example's A or next B.
  std::vector<bool> read(200, false);
  for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
    const ExamplePlan plan(corpus, pairs(43), {.seed = 1, .epoch = epoch});
    for (const Segments& example : all_of(plan))
      for (const TokenSpan& span : {example.a, example.b})
        for (std::uint64_t i = span.begin; i < span.end; ++i) read[i] = true;
  }
  CHECK_FALSE(read[0]);
  CHECK(read[50]);
  CHECK_FALSE(read[99]);
}

}  // namespace
}  // namespace attend
