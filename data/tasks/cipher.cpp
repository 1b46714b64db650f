// A substitution cipher: six letters stand for six others, drawn anew for every episode.
#include "data/tasks/letters.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kSymbols = 6;       // few enough that eight examples show them all: one is unseen with probability (1/3)^8
constexpr std::size_t kInputLetters = 4;  // different ones

}  // namespace

Rule cipher(RandomStream& random, const TaskSettings&) {
  const std::string letters = distinct_letters(random, 2 * kSymbols);
  const std::string plain = letters.substr(0, kSymbols), secret = letters.substr(kSymbols);  // no letter is among both
  std::string spelling = "cipher:";
  for (const char letter : kAlphabet)  // in alphabetical order, so that a rule has one spelling
    if (const std::size_t i = plain.find(letter); i != std::string::npos) spelling += std::string(" ") + letter + secret[i];
  return {spelling, [plain, secret](RandomStream& draw) {
            const std::string input = distinct_letters(draw, kInputLetters, plain);
            std::string output;
            for (const char letter : input) output += secret[plain.find(letter)];
            return TaskExample{.input = input, .output = output};
          }};
}

}  // namespace attend::rules
