// ListOps (Nangia and Bowman 2018), drawn by the rules of Long Range Arena (Tay et al. 2021, section 2.2.1): nested operations on digits.
#include <algorithm>

#include "core/error.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

// Long Range Arena's settings.
constexpr int kMostDepth = 10;
constexpr std::uint64_t kMostArguments = 10;
constexpr NumberRange kLengths{500, 2000};
constexpr int kMostTries = 1 << 22;

/// An expression as text, how many tokens it has, what it comes to.
struct Expression {
  std::string text;
  std::int64_t tokens = 0;
  int value = 0;
};

int median(std::vector<int> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

int value_of(std::size_t operation, const std::vector<int>& values) {
  switch (operation) {
    case 0:
      return *std::min_element(values.begin(), values.end());
    case 1:
      return *std::max_element(values.begin(), values.end());
    case 2:
      return median(values);
    default: {
      int sum = 0;
      for (const int value : values) sum += value;
      return sum % 10;
    }
  }
}

/// Appends an expression of at most `room` tokens; longer ones are given up half-way. Three in four are a digit.
void draw_expression(RandomStream& random, int depth, std::int64_t room, Expression& whole) {
  if (whole.tokens > room) return;
  if (depth >= kMostDepth || random.below(4) != 0) {
    whole.value = static_cast<int>(random.below(10));
    whole.text += std::to_string(whole.value);
    ++whole.tokens;
    return;
  }
  constexpr const char* kNames[] = {"[MIN", "[MAX", "[MED", "[SM"};
  const std::size_t operation = random.below(4);
  const std::uint64_t arguments = 2 + random.below(kMostArguments - 1);
  whole.text += kNames[operation];
  ++whole.tokens;
  std::vector<int> values;
  for (std::uint64_t i = 0; i < arguments; ++i) {
    whole.text += ' ';
    draw_expression(random, depth + 1, room, whole);
    values.push_back(whole.value);
  }
  whole.text += " ]";
  ++whole.tokens;
  whole.value = value_of(operation, values);
}

}  // namespace

Rule listops(RandomStream&, const TaskSettings& settings) {
  const NumberRange lengths = settings.lengths.value_or(kLengths);
  return {"listops", [lengths](RandomStream& draw) {
            for (int tries = 0; tries < kMostTries; ++tries) {
              Expression whole;
              draw_expression(draw, /*depth=*/1, lengths.most, whole);
              if (whole.tokens >= lengths.fewest && whole.tokens <= lengths.most)
                return TaskExample{.input = whole.text, .output = std::to_string(whole.value)};
            }
            throw UserError("--lengths " + std::to_string(lengths.fewest) + "-" + std::to_string(lengths.most) + ": of " +
                                std::to_string(kMostTries) + " expressions none had such a length",
                            "few have more than 5000 tokens; ask for shorter ones, or for a wider range");
          }};
}

}  // namespace attend::rules
