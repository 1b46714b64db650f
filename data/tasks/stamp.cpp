// Two places of the word get letters of their own, whatever stood there; the other places stay.
#include <utility>

#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kInputLetters = 5;  // 10 pairs of places, 26 letters for each: 6,760 rules

}  // namespace

Rule stamp(RandomStream& random, const TaskSettings&) {
  const std::string letters = random_letters(random, 2);
  std::size_t first = random.below(kInputLetters), second = random.below(kInputLetters - 1);
  if (second >= first) ++second;
  if (first > second) std::swap(first, second);
  const auto stamped = [](std::size_t place, char letter) { return std::to_string(place + 1) + letter; };
  return {"stamp: " + stamped(first, letters[0]) + " " + stamped(second, letters[1]), [=](RandomStream& draw) {
            std::string input = random_letters(draw, kInputLetters);
            // Another letter than the one that comes there, so that every example shows both places.
            while (input[first] == letters[0]) input[first] = random_letter(draw);
            while (input[second] == letters[1]) input[second] = random_letter(draw);
            std::string output = input;
            output[first] = letters[0];
            output[second] = letters[1];
            return TaskExample{.input = input, .output = output};
          }};
}

}  // namespace attend::rules
