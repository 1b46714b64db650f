#include "metrics/bleu.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "metrics/corpus.h"
#include "metrics/ngrams.h"

namespace attend {

namespace {

/// The log of a precision of 0: finite, so that a sum over orders stays a number, and so low that the score is 0.
constexpr double kLogOfZero = -9999999999.0;

/// White space between the words.
CodePoints spaced_words(const std::string& segment, const BleuOptions& options) {
  CodePoints text = to_code_points(segment);
  if (options.lowercase) text = to_lower(text);
  return tokenize_for_bleu(strip_right(text), options.tokenize);
}

std::int64_t closest_length(std::int64_t hypothesis_length, std::span<const std::int64_t> reference_lengths) {
  return *std::min_element(reference_lengths.begin(), reference_lengths.end(), [&](std::int64_t a, std::int64_t b) {
    const std::int64_t distance_a = std::abs(a - hypothesis_length);
    const std::int64_t distance_b = std::abs(b - hypothesis_length);
    return distance_a != distance_b ? distance_a < distance_b : a < b;
  });
}

}  // namespace

Bleu::Bleu(BleuOptions options) : options_(options) {
  if (options_.max_order < 1) throw std::invalid_argument("BLEU needs a max_order of 1 or more");
  const bool takes_value = options_.smooth == BleuSmoothing::kFloor || options_.smooth == BleuSmoothing::kAddK;
  if (options_.smooth_value && !takes_value) throw std::invalid_argument("only the smoothings floor and add-k take a value");
  statistics_.matches.resize(options_.max_order);
  statistics_.totals.resize(options_.max_order);
}

void Bleu::add(const std::string& hypothesis, std::span<const std::string> references) {
  if (references.empty()) throw std::invalid_argument("a segment needs a reference");
  reference_count_.add(static_cast<std::int64_t>(references.size()));

  std::vector<CodePoints> texts;  // of the references, then of the hypothesis; the word numbers look into them
  for (const std::string& reference : references) texts.push_back(spaced_words(reference, options_));
  texts.push_back(spaced_words(hypothesis, options_));

  WordNumbers numbers;
  NgramTrie ngrams;
  std::vector<std::int64_t> reference_counts;  // by n-gram: the most that one reference has of it
  std::vector<std::int64_t> reference_lengths;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const std::vector<char32_t> words = numbers.numbers(split_words(texts[i]));
    reference_lengths.push_back(static_cast<std::int64_t>(words.size()));
    const std::vector<std::int64_t> counts = ngrams.count(words, options_.max_order);
    reference_counts.resize(ngrams.size());
    for (std::size_t ngram = 0; ngram < counts.size(); ++ngram) reference_counts[ngram] = std::max(reference_counts[ngram], counts[ngram]);
  }

  const std::vector<char32_t> words = numbers.numbers(split_words(texts.back()));
  const auto length = static_cast<std::int64_t>(words.size());
  const std::vector<std::int64_t> counts = ngrams.count(words, options_.max_order);
  for (std::size_t ngram = 0; ngram < std::min(counts.size(), reference_counts.size()); ++ngram)
    statistics_.matches[ngrams.order(ngram) - 1] += std::min(counts[ngram], reference_counts[ngram]);
  for (std::int64_t order = 1; order <= options_.max_order; ++order) statistics_.totals[order - 1] += num_ngrams(length, order);
  statistics_.hypothesis_length += length;
  statistics_.reference_length += closest_length(length, reference_lengths);
}

double Bleu::smooth_value() const { return options_.smooth_value.value_or(options_.smooth == BleuSmoothing::kFloor ? 0.1 : 1.0); }

std::vector<double> Bleu::precisions(std::int64_t& effective_order) const {
  std::vector<double> precisions(options_.max_order);
  double halvings = 1;
  effective_order = 0;
  for (std::int64_t order = 1; order <= options_.max_order; ++order) {
    const double added = options_.smooth == BleuSmoothing::kAddK && order > 1 ? smooth_value() : 0.0;
    const double matches = static_cast<double>(statistics_.matches[order - 1]) + added;
    const double total = static_cast<double>(statistics_.totals[order - 1]) + added;
    if (total == 0) break;
    effective_order = order;
    double& precision = precisions[order - 1];
    if (matches > 0) {
      precision = 100 * matches / total;
    } else if (options_.smooth == BleuSmoothing::kExp) {
      halvings *= 2;
      precision = 100 / (halvings * total);
    } else if (options_.smooth == BleuSmoothing::kFloor) {
      precision = 100 * smooth_value() / total;
    }
  }
  return precisions;
}

std::vector<double> Bleu::counts() const {
  std::vector<double> counts{static_cast<double>(statistics_.hypothesis_length), static_cast<double>(statistics_.reference_length)};
  counts.insert(counts.end(), statistics_.matches.begin(), statistics_.matches.end());
  counts.insert(counts.end(), statistics_.totals.begin(), statistics_.totals.end());
  return counts;
}

void Bleu::set_counts(const std::vector<double>& counts) {
  const std::size_t orders = statistics_.matches.size();
  if (counts.size() != 2 + 2 * orders) throw std::invalid_argument("these are not the counts of a BLEU of as many orders");
  statistics_.hypothesis_length = static_cast<std::int64_t>(counts[0]);
  statistics_.reference_length = static_cast<std::int64_t>(counts[1]);
  for (std::size_t n = 0; n < orders; ++n) {
    statistics_.matches[n] = static_cast<std::int64_t>(counts[2 + n]);
    statistics_.totals[n] = static_cast<std::int64_t>(counts[2 + orders + n]);
  }
}

BleuScore Bleu::score() const {
  BleuScore result;
  result.name = "BLEU";
  result.signature = signature();
  result.statistics = statistics_;
  const auto hypothesis_length = static_cast<double>(statistics_.hypothesis_length);
  const auto reference_length = static_cast<double>(statistics_.reference_length);
  if (hypothesis_length < reference_length)
    result.brevity_penalty = hypothesis_length > 0 ? std::exp(1 - reference_length / hypothesis_length) : 0.0;

  if (std::all_of(statistics_.matches.begin(), statistics_.matches.end(), [](std::int64_t count) { return count == 0; })) {
    result.precisions.assign(options_.max_order, 0.0);  // no smoothing lends a score to a text without one right word
  } else {
    std::int64_t num_orders = 0;
    result.precisions = precisions(num_orders);
    if (options_.orders == BleuOrders::kAll) num_orders = options_.max_order;
    double sum_of_logs = 0;
    for (std::int64_t i = 0; i < num_orders; ++i) sum_of_logs += result.precisions[i] == 0 ? kLogOfZero : std::log(result.precisions[i]);
    result.score = result.brevity_penalty * std::exp(sum_of_logs / static_cast<double>(num_orders));
  }

  for (const double precision : result.precisions) result.detail += (result.detail.empty() ? "" : "/") + fixed_decimals(precision, 1);
  const double ratio = statistics_.reference_length > 0 ? hypothesis_length / reference_length : 0.0;
  result.detail += " (BP = " + fixed_decimals(result.brevity_penalty, 3) + " ratio = " + fixed_decimals(ratio, 3) +
                   " hyp_len = " + std::to_string(statistics_.hypothesis_length) +
                   " ref_len = " + std::to_string(statistics_.reference_length) + ")";
  return result;
}

std::string Bleu::signature() const {
  std::string smoothing(enum_name(options_.smooth));
  if (options_.smooth == BleuSmoothing::kFloor || options_.smooth == BleuSmoothing::kAddK)
    smoothing += "[" + fixed_decimals(smooth_value(), 2) + "]";
  return reference_count_.signature_part() + "|case:" + (options_.lowercase ? "lc" : "mixed") +
         "|eff:" + (options_.orders == BleuOrders::kEffective ? "yes" : "no") + "|tok:" + std::string(enum_name(options_.tokenize)) +
         "|smooth:" + smoothing + "|version:" + kSacreBleuVersion;
}

BleuScore corpus_bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                      const BleuOptions& options) {
  Bleu bleu(options);
  add_corpus(bleu, hypotheses, references);
  return bleu.score();
}

BleuScore corpus_bleu(std::span<const std::string> hypotheses, const std::vector<std::string>& reference, const BleuOptions& options) {
  return corpus_bleu(hypotheses, std::span(&reference, 1), options);
}

}  // namespace attend
