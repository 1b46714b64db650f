// attend evaluate few-shot: accuracy against the number of examples in the prompt.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/common.h"
#include "apps/pages/few_shot_page.h"

namespace attend {

struct EvaluateFewShotOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;  ///< a task each
  std::vector<std::int64_t> shots{0, 1, 2, 4, 8};
  std::int64_t trials = 1, queries = 0;
  std::optional<std::int64_t> max_new_tokens;  ///< else what the longest output needs
  JudgeBy by = JudgeBy::kGeneration;
  LikelihoodNorm normalize = LikelihoodNorm::kNone;
  bool calibrate = false;
  std::string instruction;
  std::filesystem::path form;    ///< the template's file; "": PromptTemplate::kDefault
  std::int64_t show = 0;         ///< prompts printed for each number of shots
  std::optional<double> chance;  ///< of guessing, in percent, for the page
  std::filesystem::path page;    ///< HTML; "": none
};

void add_evaluate_few_shot(CLI::App& evaluate);

/// A row for each number of shots of each task: shots, accuracy, its 95 % interval, answers judged. With --json one array of objects.
int run_evaluate_few_shot(const EvaluateFewShotOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
