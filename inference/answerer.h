// Answers to questions, as they stand in a text (Devlin et al. 2019, sections 4.2 and 4.3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stop_signal.h"
#include "data/squad.h"
#include "inference/question_windows.h"
#include "metrics/score.h"
#include "models/text_model.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

/// The labels of a head whose outputs are where an answer starts and where it ends: transformers names them so.
TaskLabels answer_labels();

/// Throws UserError where the model has not two outputs a token, or cannot read pairs.
void require_answering(const TokenClassifier& model);

/// The questions of a text, ready to be answered.
struct QuestionSet {
  SquadData data;
  QuestionWindows windows;
};

/// Whether a question may be left without answer; of kAuto the data decide.
bool may_have_no_answer(const SpanOptions& options, const SquadData& data);

/// One a question. Nothing where `stop` said so. Throws UserError where the model has not two outputs a token.
std::optional<std::vector<Answer>> answer_all(TokenClassifier& model, const QuestionSet& questions, const SpanOptions& options,
                                              const StopCheck& stop = {});

/// exact and f1 in percent; of version 2.0 also of the questions with and without answer: has_answer_exact, no_answer_f1, ...
/// Nothing where `stop` said so.
std::optional<Metrics> evaluate_answers(TokenClassifier& model, const QuestionSet& questions, const SpanOptions& options,
                                        const StopCheck& stop = {});

/// A question and the text that answers it.
struct AskedQuestion {
  std::string question, context;
};

/// What was found, and what was done to the question so that it fits.
struct FoundAnswer {
  Answer answer;
  UnknownShare unknown;  ///< of the question and its context
  std::vector<std::string> warnings;
};

class Answerer {
 public:
  /// Throws UserError where tokenizer and model do not fit one another, for a model that answers no questions, and for spans that it
  /// cannot have.
  Answerer(std::shared_ptr<TokenClassifier> model, std::shared_ptr<const WordPieceTokenizer> tokenizer, const SpanOptions& spans);

  /// One a question. What is said of one does not depend on the others, up to the rounding of sums.
  std::vector<FoundAnswer> answer(std::span<const AskedQuestion> questions) const;
  /// What is to be told of the folder.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::shared_ptr<TokenClassifier> model_;
  std::shared_ptr<const WordPieceTokenizer> tokenizer_;
  SpanOptions spans_;
  std::vector<std::string> warnings_;
};

}  // namespace attend
