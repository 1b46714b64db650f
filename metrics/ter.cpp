#include "metrics/ter.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>

#include "metrics/corpus.h"
#include "metrics/edit_distance.h"

namespace attend {

namespace {

// Tercom's limits.
constexpr std::int64_t kMaxShiftLength = 10;
constexpr std::int64_t kMaxShiftDistance = 50;
// sacreBLEU's: orderings tried for one sentence.
constexpr std::int64_t kMaxCandidates = 1000;

/// The phrase of `length` words at `start` is put before the word at `target`.
struct Shift {
  std::int64_t start = 0, length = 0, target = 0;
  std::int64_t gain = 0;  ///< by how much it lowers the edit distance

  /// Tercom's ranking: the larger gain, then the longer phrase, then the earlier one, then the earlier target.
  bool better_than(const Shift& other) const {
    return std::tuple(-gain, -length, start, target) < std::tuple(-other.gain, -other.length, other.start, other.target);
  }
};

void move_phrase(const Shift& shift, std::vector<char32_t>& words) {
  const auto at = [&](std::int64_t i) { return words.begin() + std::min(i, static_cast<std::int64_t>(words.size())); };
  const std::int64_t end = shift.start + shift.length;
  if (shift.target < shift.start)
    std::rotate(at(shift.target), at(shift.start), at(end));
  else if (shift.target > end)
    std::rotate(at(shift.start), at(end), at(shift.target));
  else  // aimed into the phrase itself: it moves to the right by as much
    std::rotate(at(shift.start), at(end), at(shift.target + shift.length));
}

/// The segment's words with one space between them.
CodePoints read_segment(CodePointView segment, const TerOptions& options) {
  const CodePoints spaced = tokenize_for_ter(strip_right(segment), options);
  return join_words(split_words(spaced));
}

/// One round of the greedy search: tries phrases of the hypothesis that stand elsewhere in the reference.
class ShiftSearch {
 public:
  ShiftSearch(std::span<const char32_t> reference, BeamEditDistance& edit_distance)
      : reference_(reference), edit_distance_(edit_distance) {}

  /// The best shift; its length is 0 where there is nothing to try.
  Shift best_shift(const std::vector<char32_t>& words) {
    alignment_ = edit_distance_.align(words);
    best_ = Shift{};
    const auto num_words = static_cast<std::int64_t>(words.size());
    const auto num_reference = static_cast<std::int64_t>(reference_.size());
    for (std::int64_t start = 0; start < num_words; ++start) {
      const std::int64_t last = std::min(num_reference - 1, start + kMaxShiftDistance);
      for (std::int64_t in_reference = std::max<std::int64_t>(0, start - kMaxShiftDistance); in_reference <= last; ++in_reference)
        if (!try_phrases(words, start, in_reference)) return best_;
    }
    return best_;
  }

  bool is_exhausted() const { return num_candidates_ >= kMaxCandidates; }

 private:
  /// Every phrase that starts at `start` in the hypothesis and at `in_reference` in the reference. False once enough has been tried.
  bool try_phrases(const std::vector<char32_t>& words, std::int64_t start, std::int64_t in_reference) {
    const auto longest = std::min(
        {kMaxShiftLength, static_cast<std::int64_t>(words.size()) - start, static_cast<std::int64_t>(reference_.size()) - in_reference});
    bool hypothesis_is_wrong = false;
    bool reference_is_wrong = false;
    for (std::int64_t length = 1; length <= longest; ++length) {
      if (words[start + length - 1] != reference_[in_reference + length - 1]) break;
      // A phrase moves only if some of it is wrong where it stands, and some of the place that it would fill is wrong.
      hypothesis_is_wrong = hypothesis_is_wrong || alignment_.hypothesis_is_wrong[start + length - 1];
      reference_is_wrong = reference_is_wrong || alignment_.reference_is_wrong[in_reference + length - 1];
      const std::int64_t place = alignment_.hypothesis_position[in_reference];
      const bool moves_into_itself = start <= place && place < start + length;
      if (!hypothesis_is_wrong || !reference_is_wrong || moves_into_itself) continue;
      try_targets(words, start, in_reference, length);
      if (is_exhausted()) return false;
    }
    return true;
  }

  /// One phrase, put after each hypothesis word that lines up with the reference word before the phrase's place or with one of its words.
  void try_targets(const std::vector<char32_t>& words, std::int64_t start, std::int64_t in_reference, std::int64_t length) {
    std::int64_t previous_target = -1;
    for (std::int64_t offset = -1; offset < length; ++offset) {
      const std::int64_t after = in_reference + offset;
      const std::int64_t target = after == -1 ? 0 : alignment_.hypothesis_position[after] + 1;
      if (target == previous_target) continue;
      previous_target = target;
      Shift shift{.start = start, .length = length, .target = target};
      shifted_ = words;
      move_phrase(shift, shifted_);
      shift.gain = alignment_.distance - edit_distance_.distance(shifted_, static_cast<std::size_t>(std::min(start, target)));
      ++num_candidates_;
      if (best_.length == 0 || shift.better_than(best_)) best_ = shift;
    }
  }

  std::span<const char32_t> reference_;
  BeamEditDistance& edit_distance_;
  Alignment alignment_;  // of the round
  Shift best_;
  std::vector<char32_t> shifted_;
  std::int64_t num_candidates_ = 0;  // of all rounds
};

}  // namespace

std::int64_t translation_edits(std::span<const char32_t> hypothesis, std::span<const char32_t> reference) {
  if (reference.empty()) return static_cast<std::int64_t>(hypothesis.size());
  BeamEditDistance edit_distance(reference);
  ShiftSearch search(reference, edit_distance);
  std::vector<char32_t> words(hypothesis.begin(), hypothesis.end());
  std::int64_t num_shifts = 0;
  while (true) {
    const Shift shift = search.best_shift(words);
    // sacreBLEU drops the shift of the round in which it ran out of candidates.
    if (shift.gain <= 0 || search.is_exhausted()) break;
    move_phrase(shift, words);
    ++num_shifts;
  }
  return num_shifts + edit_distance.align(words).distance;
}

void Ter::add(const std::string& hypothesis, std::span<const std::string> references) {
  if (references.empty()) throw std::invalid_argument("a segment needs a reference");
  reference_count_.add(static_cast<std::int64_t>(references.size()));

  // The hypothesis, then the references; the word numbers look into them.
  std::vector<CodePoints> texts{read_segment(to_code_points(hypothesis), options_)};
  // sacreBLEU normalizes references twice, and a second pass may split more: "dog's." becomes "dog's .", then "dog 's .".
  for (const std::string& reference : references) {
    const CodePoints once = read_segment(to_code_points(reference), options_);
    texts.push_back(read_segment(once, options_));
  }

  WordNumbers numbers;
  const std::vector<char32_t> words = numbers.numbers(split_words(texts[0]));
  std::int64_t fewest_edits = std::numeric_limits<std::int64_t>::max();
  std::int64_t sum_of_lengths = 0;
  for (std::size_t i = 1; i < texts.size(); ++i) {
    const std::vector<char32_t> reference_words = numbers.numbers(split_words(texts[i]));
    fewest_edits = std::min(fewest_edits, translation_edits(words, reference_words));
    sum_of_lengths += static_cast<std::int64_t>(reference_words.size());
  }
  num_edits_ += fewest_edits;
  reference_length_ += static_cast<double>(sum_of_lengths) / static_cast<double>(references.size());
}

TerScore Ter::score() const {
  TerScore result;
  result.name = "TER";
  result.signature = signature();
  result.num_edits = num_edits_;
  result.reference_length = reference_length_;
  if (reference_length_ > 0)
    result.score = 100 * (static_cast<double>(num_edits_) / reference_length_);
  else
    result.score = num_edits_ > 0 ? 100 : 0;
  return result;
}

std::string Ter::signature() const {
  return reference_count_.signature_part() + "|case:" + (options_.case_sensitive ? "mixed" : "lc") +
         "|tok:tercom|norm:" + (options_.normalized ? "yes" : "no") + "|punct:" + (options_.no_punct ? "no" : "yes") +
         "|asian:" + (options_.asian_support ? "yes" : "no") + "|version:" + kSacreBleuVersion;
}

TerScore corpus_ter(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                    const TerOptions& options) {
  Ter ter(options);
  add_corpus(ter, hypotheses, references);
  return ter.score();
}

TerScore corpus_ter(std::span<const std::string> hypotheses, const std::vector<std::string>& reference, const TerOptions& options) {
  return corpus_ter(hypotheses, std::span(&reference, 1), options);
}

}  // namespace attend
