#include "metrics/chrf.h"

#include <algorithm>
#include <stdexcept>

#include "core/text.h"
#include "metrics/corpus.h"
#include "metrics/ngrams.h"
#include "metrics/unicode_text.h"

namespace attend {

namespace {

constexpr double kEpsilon = 1e-16;

/// Words with one punctuation mark taken off, from the end or else from the start: "(hi)" becomes "(hi" and ")", as chrF++.py has it.
std::vector<CodePointView> words_and_punctuation(CodePointView text) {
  std::vector<CodePointView> words;
  for (const CodePointView word : split_words(text)) {
    std::size_t cut = 0;
    if (word.size() > 1 && is_ascii_punctuation(word.back()))
      cut = word.size() - 1;
    else if (word.size() > 1 && is_ascii_punctuation(word.front()))
      cut = 1;
    if (cut > 0) words.push_back(word.substr(0, cut));
    words.push_back(word.substr(cut));
  }
  return words;
}

CodePoints read_segment(const std::string& segment, const ChrfOptions& options) {
  const CodePoints text = to_code_points(segment);
  return options.lowercase ? to_lower(text) : text;
}

CodePoints characters_that_count(CodePointView text, const ChrfOptions& options) {
  CodePoints characters(text);
  if (!options.whitespace) std::erase_if(characters, is_space);
  return characters;
}

/// Counts by order of one kind of n-grams, appended.
void append_counts(std::span<const char32_t> hypothesis, std::span<const char32_t> reference, std::int64_t max_order,
                   std::vector<ChrfCounts>& counts) {
  NgramTrie ngrams;
  const std::vector<std::int64_t> in_reference = ngrams.count(reference, max_order);
  const std::vector<std::int64_t> in_hypothesis = ngrams.count(hypothesis, max_order);
  const std::size_t first = counts.size();
  for (std::int64_t order = 1; order <= max_order; ++order) {
    const std::int64_t num_reference = num_ngrams(static_cast<std::int64_t>(reference.size()), order);
    const std::int64_t num_hypothesis = num_ngrams(static_cast<std::int64_t>(hypothesis.size()), order);
    counts.push_back({.hypothesis = num_reference > 0 ? num_hypothesis : 0, .reference = num_reference, .matches = 0});
  }
  for (std::size_t ngram = 0; ngram < std::min(in_reference.size(), in_hypothesis.size()); ++ngram)
    counts[first + ngrams.order(ngram) - 1].matches += std::min(in_reference[ngram], in_hypothesis[ngram]);
}

}  // namespace

Chrf::Chrf(ChrfOptions options) : options_(options) {
  if (options_.char_order < 0 || options_.word_order < 0 || options_.char_order + options_.word_order < 1)
    throw std::invalid_argument("chrF needs a char_order or a word_order of 1 or more");
  if (options_.beta < 0) throw std::invalid_argument("chrF's beta is 0 or more");
  counts_.resize(options_.char_order + options_.word_order);
}

void Chrf::add(const std::string& hypothesis, std::span<const std::string> references) {
  if (references.empty()) throw std::invalid_argument("a segment needs a reference");
  reference_count_.add(static_cast<std::int64_t>(references.size()));

  std::vector<CodePoints> texts{read_segment(hypothesis, options_)};  // then the references; the word numbers look into them
  for (const std::string& reference : references) texts.push_back(read_segment(reference, options_));
  WordNumbers numbers;
  const CodePoints hypothesis_characters = characters_that_count(texts[0], options_);
  const std::vector<char32_t> hypothesis_words = numbers.numbers(words_and_punctuation(texts[0]));

  std::vector<ChrfCounts> best;
  double best_score = -1;
  for (std::size_t i = 1; i < texts.size(); ++i) {
    std::vector<ChrfCounts> counts;
    append_counts(hypothesis_characters, characters_that_count(texts[i], options_), options_.char_order, counts);
    append_counts(hypothesis_words, numbers.numbers(words_and_punctuation(texts[i])), options_.word_order, counts);
    const double score = f_score(counts);
    if (score > best_score) {
      best_score = score;
      best = std::move(counts);
    }
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    counts_[i].hypothesis += best[i].hypothesis;
    counts_[i].reference += best[i].reference;
    counts_[i].matches += best[i].matches;
  }
}

double Chrf::f_score(std::span<const ChrfCounts> counts) const {
  const auto weight = static_cast<double>(options_.beta * options_.beta);
  double sum_of_f = 0, sum_of_precision = 0, sum_of_recall = 0;
  std::int64_t effective_orders = 0;
  for (const ChrfCounts& count : counts) {
    const auto matches = static_cast<double>(count.matches);
    const double precision = count.hypothesis > 0 ? matches / static_cast<double>(count.hypothesis) : kEpsilon;
    const double recall = count.reference > 0 ? matches / static_cast<double>(count.reference) : kEpsilon;
    const double denominator = weight * precision + recall;
    sum_of_f += denominator > 0 ? (1 + weight) * precision * recall / denominator : kEpsilon;
    if (count.hypothesis > 0 && count.reference > 0) {
      sum_of_precision += precision;
      sum_of_recall += recall;
      ++effective_orders;
    }
  }
  if (options_.eps_smoothing) return sum_of_f / static_cast<double>(counts.size());
  if (sum_of_precision + sum_of_recall == 0) return 0;
  const double precision = sum_of_precision / static_cast<double>(effective_orders);
  const double recall = sum_of_recall / static_cast<double>(effective_orders);
  return (1 + weight) * precision * recall / (weight * precision + recall);
}

ChrfScore Chrf::score() const {
  ChrfScore result;
  result.name = "chrF" + std::to_string(options_.beta) + std::string(options_.word_order, '+');
  result.signature = signature();
  result.score = 100 * f_score(counts_);
  result.counts = counts_;
  return result;
}

std::string Chrf::signature() const {
  return reference_count_.signature_part() + "|case:" + (options_.lowercase ? "lc" : "mixed") +
         "|eff:" + (options_.eps_smoothing ? "no" : "yes") + "|nc:" + std::to_string(options_.char_order) +
         "|nw:" + std::to_string(options_.word_order) + "|space:" + (options_.whitespace ? "yes" : "no") + "|version:" + kSacreBleuVersion;
}

ChrfScore corpus_chrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                      const ChrfOptions& options) {
  Chrf chrf(options);
  add_corpus(chrf, hypotheses, references);
  return chrf.score();
}

ChrfScore corpus_chrf(std::span<const std::string> hypotheses, const std::vector<std::string>& reference, const ChrfOptions& options) {
  return corpus_chrf(hypotheses, std::span(&reference, 1), options);
}

}  // namespace attend
