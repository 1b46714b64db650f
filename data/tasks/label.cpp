// Two classes with names that mean nothing: whether the letter at one place of a word is a vowel.
#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kInputLetters = 4, kLabelLetters = 3;
constexpr std::string_view kVowels = "aeiou", kConsonants = "bcdfghjklmnpqrstvwxyz";

}  // namespace

Rule label(RandomStream& random, const TaskSettings&) {
  const std::size_t place = random.below(kInputLetters);
  const std::string vowel_label = random_letters(random, kLabelLetters);
  std::string consonant_label;
  do consonant_label = random_letters(random, kLabelLetters);
  while (consonant_label == vowel_label);
  const std::string spelling = "label: " + std::to_string(place + 1) + ", " + vowel_label + " " + consonant_label;
  return {spelling, [place, vowel_label, consonant_label](RandomStream& draw) {
            std::string input;
            for (std::size_t i = 0; i < kInputLetters; ++i) input += random_letter(draw, draw.below(2) == 0 ? kVowels : kConsonants);
            const bool is_vowel = kVowels.find(input[place]) != std::string_view::npos;
            return TaskExample{.input = input, .output = is_vowel ? vowel_label : consonant_label};
          }};
}

}  // namespace attend::rules
