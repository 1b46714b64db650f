// The page of `evaluate few-shot`: accuracy against the number of shots, in one HTML file that loads nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/few_shot_accuracy.h"

namespace attend {

struct ShotResult {
  std::int64_t shots = 0;
  AccuracyEstimate estimate;
};

/// A prompt as the model saw it, what it answered, and what was expected.
struct PromptSample {
  std::int64_t shots = 0;
  std::string prompt, answer, expected;
};

struct TaskResult {
  std::string name;              ///< of the file
  std::optional<double> chance;  ///< accuracy of guessing, where it is known
  std::vector<ShotResult> results;
  std::vector<PromptSample> samples;
};

struct FewShotPage {
  std::string title;
  std::vector<std::pair<std::string, std::string>> settings;  ///< "model", "runs/gpt"
  std::vector<TaskResult> tasks;                              ///< a curve and a row each
};

/// A whole HTML document: a curve a task with its intervals and the chance line, a table, sample prompts. Every text is escaped, and
/// ill-formed UTF-8 repaired; the content security policy lets nothing in but the page's own style, so no text of a model can load or run
/// anything.
std::string few_shot_page(const FewShotPage& page);

}  // namespace attend
