// The page of `evaluate few-shot`: accuracy against the number of shots, in one HTML file that loads nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "inference/few_shot.h"

namespace attend {

struct FewShotPage {
  std::string title;
  std::vector<std::pair<std::string, std::string>> settings;  ///< "model", "runs/gpt"
  std::vector<TaskResult> tasks;                              ///< a curve and a row each
};

/// A whole HTML document: a curve a task with its intervals and the chance line, a table, sample prompts.
std::string few_shot_page(const FewShotPage& page);

/// Its curves alone, as an SVG file.
std::string few_shot_picture(const FewShotPage& page);

}  // namespace attend
