// Two or three letters put before or after a word.
#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kInputLetters = 4, kShortest = 2, kLongest = 3;

}  // namespace

Rule affix(RandomStream& random, const TaskSettings&) {
  const bool is_prefix = random.below(2) == 0;
  const std::string affix = random_letters(random, kShortest + random.below(kLongest - kShortest + 1));
  return {std::string("affix: ") + (is_prefix ? "before, " : "after, ") + affix, [is_prefix, affix](RandomStream& draw) {
            const std::string input = random_letters(draw, kInputLetters);
            return TaskExample{.input = input, .output = is_prefix ? affix + input : input + affix};
          }};
}

}  // namespace attend::rules
