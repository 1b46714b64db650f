#include "metrics/score.h"

#include <cassert>
#include <cstdio>

namespace attend {

std::string fixed_decimals(double value, int decimals) {
  const int length = std::snprintf(nullptr, 0, "%.*f", decimals, value);
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  text.pop_back();
  return text;
}

std::string score_line(const MetricScore& score, int width) {
  std::string line = score.name + "|" + score.signature + " = " + fixed_decimals(score.score, width);
  if (!score.detail.empty()) line += " " + score.detail;
  return line;
}

void ReferenceCount::add(std::int64_t num_references) {
  assert(num_references >= 1);
  if (count_ == kNoneYet) count_ = num_references;
  if (count_ != num_references) count_ = kVarious;
}

std::string ReferenceCount::signature_part() const { return "nrefs:" + (count_ == kVarious ? std::string("var") : std::to_string(count_)); }

}  // namespace attend
