// TER: Snover et al. 2006, "A Study of Translation Edit Rate with Targeted Human Annotation", with sacreBLEU's digits and signature.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metrics/score.h"
#include "metrics/ter_tokenizer.h"

namespace attend {

struct TerScore : MetricScore {
  std::int64_t num_edits = 0;   ///< shifts, insertions, deletions, substitutions
  double reference_length = 0;  ///< in words, averaged over a segment's references
};

/// TER of a corpus that comes a segment at a time.
class Ter {
 public:
  explicit Ter(TerOptions options = {}) : options_(options) {}

  /// A segment: its hypothesis and one or more references, of which the one with the fewest edits counts.
  void add(const std::string& hypothesis, std::span<const std::string> references);

  /// Of all segments so far: 100 edits / words of the references. 100 where the references are empty and the hypotheses are not.
  TerScore score() const;
  std::string signature() const;

 private:
  TerOptions options_;
  std::int64_t num_edits_ = 0;
  double reference_length_ = 0;
  ReferenceCount reference_count_;
};

/// The fewest edits that Tercom's greedy search finds: shifts of phrases as long as one lowers the edit distance, then the
/// distance that is left.
std::int64_t translation_edits(std::span<const char32_t> hypothesis, std::span<const char32_t> reference);

/// Of a whole corpus. `references[i]` are the references of one translator, a line for each hypothesis.
/// Throws std::invalid_argument where there is none or the numbers of lines differ.
TerScore corpus_ter(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                    const TerOptions& options = {});
TerScore corpus_ter(std::span<const std::string> hypotheses, const std::vector<std::string>& reference, const TerOptions& options = {});

}  // namespace attend
