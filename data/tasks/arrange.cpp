// Letters of a word put in another order: the rule says which position each letter of the answer comes from, the same one more than once
// too.
#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kLetters = 5;  // of the input, all different, and of the output: 5^5 = 3,125 rules

}  // namespace

Rule arrange(RandomStream& random, const TaskSettings&) {
  const std::string positions = random_letters(random, kLetters, "12345");
  return {"arrange: " + positions, [positions](RandomStream& draw) {
            const std::string input = distinct_letters(draw, kLetters);
            std::string output;
            for (const char position : positions) output += input[static_cast<std::size_t>(position - '1')];
            return TaskExample{.input = input, .output = output};
          }};
}

}  // namespace attend::rules
