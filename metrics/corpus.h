// Feeding a whole corpus to a metric that takes segments.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace attend {

/// Calls metric.add(hypothesis, references) for every line. `references[i]` holds one translator's references, a line for each hypothesis.
/// Throws std::invalid_argument where there is no reference or the numbers of lines differ.
template <class Metric>
void add_corpus(Metric& metric, std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references) {
  for (const auto& reference : references) {
    if (reference.size() != hypotheses.size())
      throw std::invalid_argument(std::to_string(hypotheses.size()) + " hypotheses, " + std::to_string(reference.size()) + " references");
  }
  std::vector<std::string> of_segment(references.size());
  for (std::size_t line = 0; line < hypotheses.size(); ++line) {
    for (std::size_t i = 0; i < references.size(); ++i) of_segment[i] = references[i][line];
    metric.add(hypotheses[line], of_segment);
  }
}

}  // namespace attend
