// Two letters become two others, wherever they stand; the rest of the word stays.
#include <algorithm>

#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kInputLetters = 5;  // all different; both letters that change are among them, or there were words without a question

}  // namespace

Rule replace(RandomStream& random, const TaskSettings&) {
  std::string changes = distinct_letters(random, 4);  // first to second, third to fourth
  if (changes[0] > changes[2]) changes = changes.substr(2) + changes.substr(0, 2);
  const std::string spelling = "replace: " + changes.substr(0, 2) + " " + changes.substr(2);
  return {spelling, [changes](RandomStream& draw) {
            std::string others(kAlphabet);
            std::erase_if(others, [&](char letter) { return letter == changes[0] || letter == changes[2]; });
            std::string input = distinct_letters(draw, kInputLetters - 2, others) + changes[0] + changes[2];
            draw.shuffle(input);
            std::string output = input;
            std::replace(output.begin(), output.end(), changes[0], changes[1]);
            // The first change's result is none of the letters that the second one changes.
            std::replace(output.begin(), output.end(), changes[2], changes[3]);
            return TaskExample{.input = input, .output = output};
          }};
}

}  // namespace attend::rules
