// attend answer: the answer to each line's question, as it stands in the line's text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>

#include "apps/command.h"
#include "apps/common.h"
#include "inference/answerer.h"

namespace attend {

/// Takes the place of what the model was trained with (SpanOptions), where given.
struct SpanFlags {
  std::optional<std::int64_t> max_length, stride, max_answer_length, n_best;
  NoAnswer no_answer = NoAnswer::kAuto;
  std::optional<double> null_score_diff_threshold;

  static void fields(auto& self, auto&& visit) {
    visit("max_length", self.max_length,
          "most tokens of a question and a part of its context, special ones counted [as in training, else 384]");
    visit("stride", self.stride, "tokens that two neighbouring parts of a context have in common [as in training, else 128]");
    visit("max_answer_length", self.max_answer_length, "most tokens of an answer [as in training, else 30]");
    visit("n_best", self.n_best, "answers among which the probability is shared [as in training, else 20]");
    visit("no_answer", self.no_answer, "whether a question may have no answer; auto: as in training");
    visit("null_score_diff_threshold", self.null_score_diff_threshold,
          "there is no answer where that scores higher than the best one by more than this [as in training, else 0]");
  }
};

/// What holds for a folder's model. Throws UserError for what cannot be.
SpanOptions span_options(const SpanFlags& flags, const std::filesystem::path& folder, const TextModel& model);

}  // namespace attend
