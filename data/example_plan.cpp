#include "data/example_plan.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"

namespace attend {
namespace {

constexpr std::int64_t kLeastTokens = 2;  // of an example beside its special tokens

void check(const DocumentCorpus& corpus, const SegmentOptions& options) {
  const std::int64_t least = options.num_special() + kLeastTokens;
  if (options.max_length < least || options.max_length > INT32_MAX)
    throw UserError("a maximum length of " + std::to_string(options.max_length) + " was asked for; expected at least " +
                    std::to_string(least));
  if (!(options.short_probability >= 0 && options.short_probability <= 1))
    throw UserError("a probability of short sequences of " + std::to_string(options.short_probability) + " was asked for; expected 0 to 1");
  require_documents(corpus, options.next_sentence, "the text");
}

/// How many of so many fair coins show heads.
std::uint64_t count_heads(std::uint64_t coins, RandomStream& random) {
  std::uint64_t heads = 0;
  for (; coins >= 64; coins -= 64) heads += static_cast<std::uint64_t>(std::popcount(random.next()));
  if (coins > 0) heads += static_cast<std::uint64_t>(std::popcount(random.next() >> (64 - coins)));
  return heads;
}

void cut_random_ends(TokenSpan& span, std::uint64_t tokens, RandomStream& random) {
  const std::uint64_t from_front = count_heads(tokens, random);
  span.begin += from_front;
  span.end -= tokens - from_front;
}

/// Token after token goes from the longer one (B where they are equal), from its front or its back.
void truncate_pair(Segments& pair, std::uint64_t max_tokens) {
  const std::uint64_t a = pair.a.size(), b = pair.b.size();
  if (a + b <= max_tokens) return;
  const std::uint64_t excess = a + b - max_tokens, until_equal = std::min(excess, a > b ? a - b : b - a), rest = excess - until_equal;
  cut_random_ends(pair.a, (a > b ? until_equal : 0) + rest / 2, pair.random);
  cut_random_ends(pair.b, (a > b ? 0 : until_equal) + (rest + 1) / 2, pair.random);
}

}  // namespace

void require_documents(const DocumentCorpus& corpus, NextSentence next_sentence, const std::string& name) {
  if (corpus.size() == 0) throw UserError(name + " holds no document");
  if (next_sentence == NextSentence::kNo) return;
  const char* hint = "put a blank line between documents (a sentence a line), or do without next sentences: --no-next-sentence";
  if (corpus.size() == 1)
    throw UserError(name + " is one document; next-sentence prediction needs another one to take false next sentences from", hint);
  if (corpus.size() == corpus.sentences().size())
    throw UserError(name + ": each of the " + std::to_string(corpus.size()) +
                        " documents is a single sentence; next-sentence prediction needs documents of two and more",
                    hint);
}

double unread_share(const DocumentCorpus& corpus, const SegmentOptions& options) {
  const TokenFile& sentences = corpus.sentences();
  if (options.next_sentence == NextSentence::kNo || sentences.num_tokens() == 0) return 0;
  const std::int64_t most = options.max_length - options.num_special();
  std::int64_t unread = 0;
  for (std::uint64_t i = 0; i < sentences.size(); ++i) unread += std::max<std::int64_t>(0, sentences.length(i) - most);
  return static_cast<double>(unread) / static_cast<double>(sentences.num_tokens());
}

ExamplePlan::ExamplePlan(std::shared_ptr<const DocumentCorpus> corpus, const SegmentOptions& options, const EpochKey& key)
    : corpus_(std::move(corpus)),
      options_(options),
      key_(key),
      max_tokens_(static_cast<std::uint64_t>(options.max_length - options.num_special())) {
  check(*corpus_, options);
  for (Place place{0, 0, 0}; place.document < corpus_->size(); place = step(place).next)
    if (size_++ % kStride == 0) places_.push_back(place);
}

Segments ExamplePlan::at(std::uint64_t index) const {
  if (index >= size_) throw std::out_of_range("example " + std::to_string(index) + " of " + std::to_string(size_));
  Place place = places_[index / kStride];
  for (std::uint64_t i = index % kStride; i > 0; --i) place = step(place).next;
  Step found = step(place);
  if (options_.next_sentence == NextSentence::kYes) {
    if (!found.segments.is_next) take_other_document(found);
    truncate_pair(found.segments, max_tokens_);
  }
  return found.segments;
}

std::vector<std::uint32_t> ExamplePlan::lengths() const {
  std::vector<std::uint32_t> lengths;
  lengths.reserve(size_);
  for (Place place{0, 0, 0}; place.document < corpus_->size();) {
    Step here = step(place);
    if (!here.segments.is_next) take_other_document(here);
    const std::uint64_t tokens = std::min(here.segments.a.size() + here.segments.b.size(), max_tokens_);
    lengths.push_back(static_cast<std::uint32_t>(tokens + static_cast<std::uint64_t>(options_.num_special())));
    place = here.next;
  }
  return lengths;
}

std::uint64_t ExamplePlan::draw_target(RandomStream& random) const {
  if (random.uniform() >= options_.short_probability) return max_tokens_;
  return kLeastTokens + random.below(max_tokens_ - kLeastTokens + 1);
}

ExamplePlan::Step ExamplePlan::step(const Place& begin) const {
  return options_.next_sentence == NextSentence::kYes ? pair_from(begin) : single_from(begin);
}

ExamplePlan::Step ExamplePlan::pair_from(const Place& begin) const {
  const TokenFile& sentences = corpus_->sentences();
  const std::uint64_t document_end = corpus_->document(begin.document).end;
  RandomStream random(key_.seed, "example", {key_.epoch, begin.sentence});
  const std::uint64_t target = draw_target(random);
  TokenSpan gathered = sentences.span(begin.sentence);
  std::uint64_t end = begin.sentence + 1;
  while (end < document_end && gathered.size() < target) gathered.end = sentences.span(end++).end;

  const std::uint64_t count = end - begin.sentence;
  const std::uint64_t middle = begin.sentence + (count > 1 ? 1 + random.below(count - 1) : 1);
  const std::uint64_t middle_token = sentences.span(middle - 1).end;
  const bool is_next = count > 1 && random.below(2) == 0;
  const TokenSpan b = is_next ? TokenSpan{middle_token, gathered.end} : TokenSpan{};
  return {.segments = {{gathered.begin, middle_token}, b, is_next, random},
          .begin = begin,
          .next = place_after(begin, is_next ? end : middle),
          .target = target};
}

ExamplePlan::Step ExamplePlan::single_from(const Place& begin) const {
  const TokenFile& sentences = corpus_->sentences();
  const std::uint64_t document_end = corpus_->document(begin.document).end;
  RandomStream random(key_.seed, "example", {key_.epoch, begin.sentence, begin.token});
  const std::uint64_t target = draw_target(random);
  TokenSpan taken = sentences.span(begin.sentence);
  taken.begin += begin.token;
  Place next = begin;
  if (taken.size() > target) {
    taken.end = taken.begin + target;
    next.token += target;
  } else {
    std::uint64_t end = begin.sentence + 1;
    for (; end < document_end; ++end) {
      const std::uint64_t token_end = sentences.span(end).end;
      if (token_end - taken.begin > target) break;
      taken.end = token_end;
    }
    next = place_after(begin, end);
  }
  return {.segments = {taken, {}, true, random}, .begin = begin, .next = next, .target = target};
}

ExamplePlan::Place ExamplePlan::place_after(const Place& begin, std::uint64_t sentence) const {
  return {begin.document + (sentence == corpus_->document(begin.document).end ? 1 : 0), sentence, 0};
}

/// A B that is not next: from a random sentence of a random other document on, up to the target length.
void ExamplePlan::take_other_document(Step& step) const {
  Segments& segments = step.segments;
  std::uint64_t other = segments.random.below(corpus_->size() - 1);
  if (other >= step.begin.document) ++other;
  const SentenceSpan document = corpus_->document(other);
  const std::uint64_t first = document.begin + segments.random.below(document.size());
  segments.b = corpus_->sentences().span(first);
  for (std::uint64_t i = first + 1; i < document.end && segments.a.size() + segments.b.size() < step.target; ++i)
    segments.b.end = corpus_->sentences().span(i).end;
}

}  // namespace attend
