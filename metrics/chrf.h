// chrF: Popovic 2015, "chrF: character n-gram F-score for automatic MT evaluation", and chrF++ (Popovic 2017, with words), with sacreBLEU's
// digits and signature.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metrics/score.h"

namespace attend {

struct ChrfOptions {
  std::int64_t char_order = 6;
  std::int64_t word_order = 0;  ///< 2 is chrF++
  std::int64_t beta = 2;        ///< recall weighs beta times as much as precision
  bool lowercase = false;
  bool whitespace = false;     ///< white space counts as characters
  bool eps_smoothing = false;  ///< average F-scores with 1e-16 for a missing precision or recall, as chrF++.py, NLTK and Moses do

  static void fields(auto& self, auto&& visit) {
    visit("char_order", self.char_order, "longest character n-grams that count");
    visit("word_order", self.word_order, "longest word n-grams that count; 2 is chrF++");
    visit("beta", self.beta, "recall weighs this many times as much as precision");
    visit("lowercase", self.lowercase, "ignore case");
    visit("whitespace", self.whitespace, "count white space as characters");
    visit("eps_smoothing", self.eps_smoothing, "smooth as chrF++.py, NLTK and Moses do");
  }
};

/// Counts of one n-gram order, summed over segments.
struct ChrfCounts {
  std::int64_t hypothesis = 0;  ///< n-grams of the hypothesis; 0 where the reference is too short to have any
  std::int64_t reference = 0;
  std::int64_t matches = 0;
};

struct ChrfScore : MetricScore {
  std::vector<ChrfCounts> counts;  ///< by order: characters, then words
};

/// chrF of a corpus that comes a segment at a time.
class Chrf {
 public:
  /// Throws std::invalid_argument where an option is negative or both orders are 0.
  explicit Chrf(ChrfOptions options = {});

  /// A segment: its hypothesis and one or more references, of which the one with the best F-score of this segment counts.
  void add(const std::string& hypothesis, std::span<const std::string> references);

  /// Of all segments so far:  F_beta = (1 + beta^2) P R / (beta^2 P + R)  with P and R averaged over the orders that both sides have.
  ChrfScore score() const;
  std::string signature() const;

 private:
  /// Of what the counts hold; 0 to 1.
  double f_score(std::span<const ChrfCounts> counts) const;

  ChrfOptions options_;
  std::vector<ChrfCounts> counts_;
  ReferenceCount reference_count_;
};

/// Of a whole corpus. `references[i]` are the references of one translator, a line for each hypothesis.
/// Throws std::invalid_argument where there is none or the numbers of lines differ.
ChrfScore corpus_chrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                      const ChrfOptions& options = {});
ChrfScore corpus_chrf(std::span<const std::string> hypotheses, const std::vector<std::string>& reference, const ChrfOptions& options = {});

}  // namespace attend
