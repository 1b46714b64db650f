// attend evaluate classify|regress|mlm|next-sentence: a model of text on data with answers.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <vector>

#include "apps/common.h"
#include "data/table.h"
#include "models/text_model.h"
#include "training/objectives/masked_language.h"

namespace attend {

struct EvaluateClassifyOptions {
  CommonOptions common;
  std::filesystem::path model, data;
  TextColumns columns;
  TableForm form;
  std::string positive;                    ///< class of the F1; "": the second of two, else the mean over all
  bool per_class = false;                  ///< precision, recall and F1 of each class
  std::optional<std::int64_t> max_length;  ///< the model's positions where not given
  TaskLabels::Problem problem = TaskLabels::Problem::kClasses;
};

enum class MaskedTask { kWords, kNextSentence };

struct EvaluateMaskedOptions {
  MaskedTask task = MaskedTask::kWords;
  CommonOptions common;
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  MaskedLanguageOptions masked;
};

int run_evaluate_classify(const EvaluateClassifyOptions& options, std::istream& in, std::ostream& out);
/// Of masked words loss, perplexity and accuracy, of next sentences loss and accuracy. Throws UserError for a model without that head.
int run_evaluate_masked(const EvaluateMaskedOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
