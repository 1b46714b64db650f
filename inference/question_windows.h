// Questions on passages as sequences a model can read, and its scores as answers (Devlin et al. 2019, sections 4.2 and 4.3).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/fields.h"
#include "data/squad.h"
#include "inference/text_examples.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

/// Whether "there is no answer" is an answer. kAuto: where the data are SQuAD 2.0's.
enum class NoAnswer { kAuto, kYes, kNo };
template <>
struct EnumNames<NoAnswer> {
  static constexpr std::array values{std::pair{NoAnswer::kAuto, "auto"}, std::pair{NoAnswer::kYes, "yes"}, std::pair{NoAnswer::kNo, "no"}};
};

struct SpanOptions {
  std::int64_t max_length = 384;
  std::int64_t stride = 128;
  std::int64_t max_answer_length = 30;
  std::int64_t n_best = 20;
  NoAnswer no_answer = NoAnswer::kAuto;
  double null_score_diff_threshold = 0;

  static void fields(auto& self, auto&& visit) {
    visit("max_length", self.max_length, "most tokens of a question and a part of its context, special ones counted");
    visit("stride", self.stride, "tokens that two neighbouring parts of a context have in common");
    visit("max_answer_length", self.max_answer_length, "most tokens of an answer");
    visit("n_best", self.n_best, "answers among which the probability is shared");
    visit("no_answer", self.no_answer, "whether a question may have no answer; auto: where the data say which have none");
    visit("null_score_diff_threshold", self.null_score_diff_threshold,
          "there is no answer where that scores higher than the best one by more than this");
  }
};

/// Throws UserError for options out of their ranges: windows longer than the model's positions, or that do not move on.
void check_spans(const SpanOptions& options, std::int64_t max_positions);
/// Of a length and a stride what was asked for. Otherwise windows no longer than the model's positions, of which neighbours share a third
/// where the usual stride is too much for them.
struct AskedSpans {
  std::optional<std::int64_t> max_length, stride;
};
void fit_spans(SpanOptions& options, const AskedSpans& asked, std::int64_t max_positions);

/// What the answering folder was trained with, in a file of its own that transformers passes over. Nothing where there is none.
std::optional<SpanOptions> read_span_options(const std::filesystem::path& folder);
void write_span_options(const SpanOptions& options, const std::filesystem::path& folder);

/// [CLS] question [SEP] pieces [begin, end) of the context [SEP].
struct QuestionWindow {
  std::size_t question = 0, context = 0;
  std::int64_t offset = 0;  ///< of the context's first piece in the sequence
  std::int64_t begin = 0, end = 0;
};

struct QuestionWindows {
  std::vector<WordPieces> contexts;
  std::vector<QuestionWindow> windows;   ///< of one question one after the other, at least one each
  std::vector<TextExample> examples;     ///< as many
  std::vector<std::size_t> cut;          ///< questions that were too long
  std::vector<std::string> warnings;     ///< how many of them there are
  UnknownShare unknown;                  ///< of questions and contexts
  std::vector<UnknownShare> unknown_of;  ///< of each question and its context
};

/// Only the context is cut into windows. A question that would take more than half of one is cut there.
QuestionWindows window_questions(const SquadData& data, const WordPieceTokenizer& tokenizer, const SpanOptions& options);

/// Pieces [begin, end) of a context.
struct PieceSpan {
  std::int64_t begin = 0, end = 0;
};
/// Those that lie in the bytes, or touch them. Nothing where none does.
std::optional<PieceSpan> pieces_within(const WordPieces& context, const TextSpan& bytes);

/// What a model is to answer with for each window.
struct WindowTargets {
  std::vector<std::size_t> windows;  ///< indices; those of questions whose answer has no place are left out
  std::vector<std::int64_t> starts,
      ends;  ///< positions in the sequence of the answer's first and last piece; 0, [CLS], where it is not in the window
};
WindowTargets window_targets(const SquadData& data, const QuestionWindows& windows);

struct Answer {
  std::string text;  ///< as it stands in the context; "" where there is no answer
  double probability = 0;
  std::size_t begin = 0, end = 0;  ///< bytes of the context
};

/// The best spans of one question, over all of its windows.
///
/// A span's score is the logit of its start plus that of its end. The reference looks at pairs of the 20 best starts and the 20 best
/// ends of a window, which may all be out of order or outside of the context; here every span within a window's context is looked at,
/// so the answer scores at least as high, and there always is one.
class AnswerSearch {
 public:
  explicit AnswerSearch(const SpanOptions& options) : options_(options) {}

  /// Logits of a whole sequence, special tokens included.
  void add(const QuestionWindow& window, std::span<const float> start_logits, std::span<const float> end_logits);

  /// As the reference: the probability is among the n_best spans and, where `may_have_none`, no answer at all, whose score is that of
  /// [CLS] where it is lowest.
  Answer best(const std::string& context, const WordPieces& pieces, bool may_have_none) const;

 private:
  struct Candidate {
    double score;
    std::int64_t begin, last;                      // pieces of the context
    bool operator<(const Candidate& other) const;  // the better first
  };
  void offer(const Candidate& candidate);

  SpanOptions options_;
  std::vector<Candidate> candidates_;  // sorted, no span twice
  double null_score_ = std::numeric_limits<double>::infinity();
};

}  // namespace attend
