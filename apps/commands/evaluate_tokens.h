// attend evaluate tag|answer: a model that labels tokens on data with answers.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>

#include "apps/commands/answer.h"
#include "apps/common.h"
#include "data/conll.h"

namespace attend {

struct EvaluateTagOptions {
  CommonOptions common;
  std::filesystem::path model, data;
  ConllColumns columns;
  bool per_class = false;                  ///< precision, recall and F1 of each type of entity
  std::optional<std::int64_t> max_length;  ///< the model's positions where not given
};

struct EvaluateAnswerOptions {
  CommonOptions common;
  std::filesystem::path model, data;
  SpanFlags spans;
};

void add_evaluate_tag(CLI::App& evaluate);
void add_evaluate_answer(CLI::App& evaluate);

int run_evaluate_tag(const EvaluateTagOptions& options, std::istream& in, std::ostream& out);
int run_evaluate_answer(const EvaluateAnswerOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
