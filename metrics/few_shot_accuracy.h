// How often a model that was shown examples is right, and how sure that is.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

namespace attend {

struct Interval {
  double low = 0, high = 1;
};

/// Wilson's score interval of a proportion (Wilson 1927), at 95 %: never outside [0, 1], and of some width at 0 and at 1.
/// `examples` need not be whole. [0, 1] of nothing.
Interval wilson_interval(double proportion, double examples);

struct AccuracyEstimate {
  double accuracy = 0;
  Interval interval;
  std::int64_t examples = 0;      ///< answers that were judged
  double effective_examples = 0;  ///< independent answers that would say as much
};

/// Accuracy over answers of which some belong together: the same query in several trials, or the queries of one rule. Answers
/// within such a cluster resemble each other, and counting them as independent makes the interval too narrow.
///
/// The interval is Wilson's with the effective sample size of Korn and Graubard 1998: n / deff, where deff is the variance of the
/// accuracy between clusters (the linearised ratio estimator) over that of n independent answers, at least 1. Where every cluster has
/// one answer it is Wilson's own interval. Where no answer is wrong, or none right, the variances say nothing, and every cluster counts
/// as one answer.
class ClusteredAccuracy {
 public:
  void add(std::uint64_t cluster, bool is_right);
  AccuracyEstimate estimate() const;

 private:
  struct Count {
    std::int64_t right = 0, answers = 0;
  };
  double effective_examples(double accuracy, double examples) const;

  std::map<std::uint64_t, Count> clusters_;
};

/// Equal after white space at both ends is trimmed.
bool is_exact_match(std::string_view answer, std::string_view expected);

}  // namespace attend
