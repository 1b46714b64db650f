#include "metrics/answers.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "core/text.h"
#include "metrics/unicode_text.h"

namespace attend {
namespace {

/// Articles become a space. A word here is a run of \w: the "a" of "a–b" is one, that of "can" is not.
CodePoints without_articles(CodePointView text) {
  CodePoints result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    const CodePointView word = text.substr(at, end - at);
    if (word == U"a" || word == U"an" || word == U"the")
      result += U' ';
    else
      result += word;
    if (end < text.size()) result += text[end++];
    at = end;
  }
  return result;
}

CodePoints normalized(std::string_view utf8) {
  CodePoints text = to_lower(to_code_points(utf8));
  std::erase_if(text, is_ascii_punctuation);
  const CodePoints kept = without_articles(text);
  return join_words(split_words(kept));
}

double f1_of(const CodePoints& gold, const CodePoints& prediction, SquadVersion version) {
  std::vector<CodePointView> gold_words = split_words(gold), words = split_words(prediction);
  if (version == SquadVersion::k2 && (gold_words.empty() || words.empty())) return gold_words.empty() && words.empty() ? 1 : 0;
  std::sort(gold_words.begin(), gold_words.end());
  std::sort(words.begin(), words.end());
  std::vector<CodePointView> common;
  std::set_intersection(gold_words.begin(), gold_words.end(), words.begin(), words.end(), std::back_inserter(common));
  if (common.empty()) return 0;
  const auto num_common = static_cast<double>(common.size());
  const double precision = num_common / static_cast<double>(words.size()), recall = num_common / static_cast<double>(gold_words.size());
  return 2 * precision * recall / (precision + recall);
}

}  // namespace

std::string normalized_answer(std::string_view utf8) {
  std::string result;
  for (const char32_t c : normalized(utf8)) append_utf8(result, c);
  return result;
}

AnswerScore score_answer(std::span<const std::string> gold, std::string_view prediction, SquadVersion version) {
  if (version == SquadVersion::k1 && gold.empty()) throw std::invalid_argument("a question without gold answer in SQuAD 1.1");
  std::vector<CodePoints> answers;
  for (const std::string& answer : gold) answers.push_back(normalized(answer));
  if (version == SquadVersion::k2) {
    std::erase_if(answers, [](const CodePoints& answer) { return answer.empty(); });
    if (answers.empty()) answers.emplace_back();
  }
  const CodePoints predicted = normalized(prediction);
  AnswerScore best;
  for (const CodePoints& answer : answers) {
    best.exact = std::max(best.exact, answer == predicted ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, f1_of(answer, predicted, version));
  }
  return best;
}

void AnswerScores::add(std::span<const std::string> gold, std::string_view prediction) {
  const AnswerScore score = score_answer(gold, prediction, version_);
  Sums& sums = gold.empty() ? no_answer_ : has_answer_;
  sums.exact += score.exact;
  sums.f1 += score.f1;
  ++sums.total;
}

AnswerSummary AnswerScores::all() const {
  return summary({has_answer_.exact + no_answer_.exact, has_answer_.f1 + no_answer_.f1, has_answer_.total + no_answer_.total});
}

AnswerSummary AnswerScores::summary(const Sums& sums) {
  if (sums.total == 0) return {};
  const auto total = static_cast<double>(sums.total);
  return {100 * sums.exact / total, 100 * sums.f1 / total, sums.total};
}

}  // namespace attend
