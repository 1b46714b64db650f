// BLEU: Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation", with sacreBLEU's digits and signature.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/bleu_tokenizers.h"
#include "metrics/score.h"

namespace attend {

/// What becomes of a precision of 0 (Chen and Cherry 2014, "A Systematic Comparison of Smoothing Techniques for Sentence-Level BLEU").
enum class BleuSmoothing {
  kExp,    ///< the k-th order without a match counts 1 / 2^k matches
  kFloor,  ///< it counts smooth_value matches
  kAddK,   ///< smooth_value is added to matches and n-grams of every order above 1
  kNone,   ///< it stays 0, and so does the score
};

template <>
struct EnumNames<BleuSmoothing> {
  static constexpr std::array values{std::pair{BleuSmoothing::kExp, "exp"}, std::pair{BleuSmoothing::kFloor, "floor"},
                                     std::pair{BleuSmoothing::kAddK, "add-k"}, std::pair{BleuSmoothing::kNone, "none"}};
};

/// Orders from which orders are averaged.
enum class BleuOrders {
  kAll,        ///< all of them: a corpus's score
  kEffective,  ///< only those that the hypothesis is long enough for: for single sentences
};

struct BleuOptions {
  BleuTokenizer tokenize = BleuTokenizer::k13a;
  bool lowercase = false;
  BleuSmoothing smooth = BleuSmoothing::kExp;
  std::optional<double> smooth_value = {};  ///< of floor (0.1) and add-k (1)
  std::int64_t max_order = 4;
  BleuOrders orders = BleuOrders::kAll;

  static void fields(auto& self, auto&& visit) {
    visit("tokenize", self.tokenize, "how words are separated before scoring");
    visit("lowercase", self.lowercase, "ignore case");
    visit("smooth", self.smooth, "what is done about n-gram orders without a match");
    visit("smooth_value", self.smooth_value, "value for floor (0.1 unless given) and add-k (1 unless given)");
    visit("max_order", self.max_order, "longest n-grams that count");
  }
};

/// What BLEU is computed from; sums over segments. Vectors are indexed by n - 1.
struct BleuStatistics {
  std::int64_t hypothesis_length = 0;  ///< in words
  std::int64_t reference_length = 0;   ///< of each segment's reference nearest in length, the shorter of two equally near
  std::vector<std::int64_t> matches;   ///< n-grams of the hypothesis that a reference has, each at most as often as one reference has it
  std::vector<std::int64_t> totals;    ///< n-grams of the hypothesis
};

struct BleuScore : MetricScore {
  std::vector<double> precisions;  ///< 0 to 100, smoothed; all 0 where no word matches
  double brevity_penalty = 1;
  BleuStatistics statistics;
};

/// BLEU of a corpus that comes a segment at a time.
class Bleu {
 public:
  /// Throws std::invalid_argument where max_order is below 1 or smooth_value is given to a smoothing without one.
  explicit Bleu(BleuOptions options = {});

  /// A segment: its hypothesis and one or more references.
  void add(const std::string& hypothesis, std::span<const std::string> references);

  /// What add() has counted, as numbers that add up over parts of a corpus; and what another sum of them says.
  std::vector<double> counts() const;
  void set_counts(const std::vector<double>& counts);
  /// Of all segments so far:  BLEU = BP exp(1/N sum_n log p_n),  BP = min(1, exp(1 - r/c))  for reference length r, hypothesis length c.
  BleuScore score() const;
  std::string signature() const;

 private:
  double smooth_value() const;
  /// The smoothed precisions and, by `effective_order`, how many of them the hypothesis is long enough for.
  std::vector<double> precisions(std::int64_t& effective_order) const;

  BleuOptions options_;
  BleuStatistics statistics_;
  ReferenceCount reference_count_;
};

/// Of a whole corpus. `references[i]` are the references of one translator, a line for each hypothesis.
/// Throws std::invalid_argument where there is none or the numbers of lines differ.
BleuScore corpus_bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                      const BleuOptions& options = {});
BleuScore corpus_bleu(std::span<const std::string> hypotheses, const std::vector<std::string>& reference, const BleuOptions& options = {});

}  // namespace attend
