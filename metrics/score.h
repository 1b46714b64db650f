// What every metric answers with, and the parts of sacreBLEU's signature that they share.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace attend {

/// The version of sacreBLEU whose digits and signatures are matched.
inline constexpr const char* kSacreBleuVersion = "2.6.0";

/// The metrics of one evaluation, in the order to be printed: {"loss", 2.1}, {"perplexity", 8.2}, {"bleu", 31.0}.
using Metrics = std::vector<std::pair<std::string, double>>;

/// A corpus's or a sentence's score, 0 to 100 (TER may be above).
struct MetricScore {
  std::string name;  ///< "BLEU", "chrF2++", "TER"
  double score = 0;
  std::string signature;  ///< sacreBLEU's: "nrefs:1|case:mixed|...|version:2.6.0"
  std::string detail;     ///< what sacreBLEU prints after the score; empty for chrF and TER
};

/// sacreBLEU's line: "BLEU|nrefs:1|...|version:2.6.0 = 36.1 71.0/47.5/34.3/24.5 (BP = ...)". `width` is the number of decimals.
std::string score_line(const MetricScore& score, int width = 1);

/// A number with so many decimals, rounded as C and Python do.
std::string fixed_decimals(double value, int decimals);

/// How many references the segments of a corpus have.
class ReferenceCount {
 public:
  void add(std::int64_t num_references);
  /// "nrefs:2", or "nrefs:var" where segments differ.
  std::string signature_part() const;

 private:
  static constexpr std::int64_t kNoneYet = 0;
  static constexpr std::int64_t kVarious = -1;
  std::int64_t count_ = kNoneYet;
};

}  // namespace attend
