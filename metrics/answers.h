// Answers to questions, scored as SQuAD's evaluation scripts (versions 1.1 and 2.0) score them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace attend {

/// Lower case, without ASCII punctuation and the words a, an, the, with one space between words: what is compared.
std::string normalized_answer(std::string_view utf8);

enum class SquadVersion { k1, k2 };

struct AnswerScore {
  double exact = 0;  ///< 0 or 1
  double f1 = 0;     ///< 0 to 1: of the words in common, as bags
};

/// The best exact match and the best F1 over the gold answers, each by itself.
/// 1.1: two answers without a word in common have F1 0, also where both have no words at all ("the" against "a").
/// 2.0: gold answers without words do not count; where none is left, "" is the gold answer, and so is it for a question without answer.
/// Where either side has no words, F1 is 1 if both have none. A prediction of "" says that there is no answer.
/// Throws std::invalid_argument for no gold answer in version 1.1.
AnswerScore score_answer(std::span<const std::string> gold, std::string_view prediction, SquadVersion version);

/// Means in percent, as the scripts print them; 0 of nothing.
struct AnswerSummary {
  double exact = 0, f1 = 0;
  std::int64_t total = 0;
};

/// Scores of a data set, question by question.
class AnswerScores {
 public:
  explicit AnswerScores(SquadVersion version) : version_(version) {}

  void add(std::span<const std::string> gold, std::string_view prediction);

  AnswerSummary all() const;
  AnswerSummary has_answer() const { return summary(has_answer_); }  ///< questions that have gold answers
  AnswerSummary no_answer() const { return summary(no_answer_); }    ///< those that have none: version 2.0 only

 private:
  struct Sums {
    double exact = 0, f1 = 0;
    std::int64_t total = 0;
  };
  static AnswerSummary summary(const Sums& sums);

  SquadVersion version_;
  Sums has_answer_, no_answer_;
};

}  // namespace attend
