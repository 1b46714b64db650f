// A line by itself, as `attend metric --sentence` scores it.
#pragma once

#include <span>
#include <string>

#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/ter.h"

namespace attend {

template <class Metric, class Options>
auto score_sentence(const std::string& hypothesis, std::span<const std::string> references, const Options& options) {
  Metric metric(options);
  metric.add(hypothesis, references);
  return metric.score();
}

/// Over the effective orders whatever the options say.
inline BleuScore sentence_bleu(const std::string& hypothesis, std::span<const std::string> references, BleuOptions options = {}) {
  options.orders = BleuOrders::kEffective;
  return score_sentence<Bleu>(hypothesis, references, options);
}

inline ChrfScore sentence_chrf(const std::string& hypothesis, std::span<const std::string> references, const ChrfOptions& options = {}) {
  return score_sentence<Chrf>(hypothesis, references, options);
}

inline TerScore sentence_ter(const std::string& hypothesis, std::span<const std::string> references, const TerOptions& options = {}) {
  return score_sentence<Ter>(hypothesis, references, options);
}

}  // namespace attend
