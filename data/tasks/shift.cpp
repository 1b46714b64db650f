// Four digits, to each of which its own number is added, without carrying.
#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kDigits = 4;  // 10^4 rules
constexpr std::string_view kNumerals = "0123456789";

}  // namespace

Rule shift(RandomStream& random, const TaskSettings&) {
  const std::string added = random_letters(random, kDigits, kNumerals);
  return {"shift: " + added, [added](RandomStream& draw) {
            const std::string input = random_letters(draw, kDigits, kNumerals);
            std::string output;
            for (std::size_t i = 0; i < kDigits; ++i) output += kNumerals[static_cast<std::size_t>(input[i] - '0' + added[i] - '0') % 10];
            return TaskExample{.input = input, .output = output};
          }};
}

}  // namespace attend::rules
