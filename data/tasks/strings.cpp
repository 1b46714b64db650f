// Fixed tasks on made-up words: copy, reverse, count, sort.
#include <algorithm>

#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kShortest = 3, kLongest = 6;

std::string random_word(RandomStream& random) { return random_letters(random, kShortest + random.below(kLongest - kShortest + 1)); }

/// A rule whose output is a function of a random word.
Rule word_rule(const char* spelling, std::string (*output)(std::string)) {
  return {spelling, [output](RandomStream& draw) {
            const std::string input = random_word(draw);
            return TaskExample{.input = input, .output = output(input)};
          }};
}

}  // namespace

Rule copy(RandomStream&, const TaskSettings&) {
  return word_rule("copy", [](std::string word) { return word; });
}

Rule reverse(RandomStream&, const TaskSettings&) {
  return word_rule("reverse", [](std::string word) { return std::string(word.rbegin(), word.rend()); });
}

Rule sort(RandomStream&, const TaskSettings&) {
  return word_rule("sort", [](std::string word) {
    std::sort(word.begin(), word.end());
    return word;
  });
}

Rule count(RandomStream&, const TaskSettings&) {
  return {"count", [](RandomStream& draw) {
            constexpr std::size_t kPlaces = 9;
            const char counted = random_letter(draw);
            const std::string pair{counted, random_letter(draw)};  // letters that occur and one to count among them
            std::string word = random_letters(draw, 1 + draw.below(kPlaces), pair);
            const auto times = std::count(word.begin(), word.end(), counted);
            return TaskExample{.input = std::string(1, counted) + " in " + word, .output = std::to_string(times)};
          }};
}

}  // namespace attend::rules
