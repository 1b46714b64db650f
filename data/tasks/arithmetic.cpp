// Addition and subtraction of numbers of so many digits.
#include <algorithm>

#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::int64_t kDefaultDigits = 3;

/// Of up to so many digits, every number as likely.
std::int64_t random_number(RandomStream& random, std::size_t digits) {
  std::uint64_t bound = 1;
  for (std::size_t i = 0; i < digits; ++i) bound *= 10;
  return static_cast<std::int64_t>(random.below(bound));
}

/// A task of two numbers, written as the settings say.
struct NumberFormat {
  std::size_t digits;
  AnswerOrder order;
  bool zero_padded;

  explicit NumberFormat(const TaskSettings& settings)
      : digits(static_cast<std::size_t>(settings.digits.value_or(kDefaultDigits))),
        order(settings.answer_order.value_or(AnswerOrder::kPlain)),
        zero_padded(settings.zero_padded) {}

  std::string padded(std::int64_t number, std::size_t width) const {
    std::string text = std::to_string(number);
    if (zero_padded && text.size() < width) text.insert(0, width - text.size(), '0');
    return text;
  }
  std::string answer(std::int64_t number, std::size_t width) const {
    std::string text = padded(number, width);
    if (order == AnswerOrder::kReversed) std::reverse(text.begin(), text.end());
    return text;
  }
};

}  // namespace

Rule addition(RandomStream&, const TaskSettings& settings) {
  const NumberFormat format(settings);
  return {"addition", [format](RandomStream& draw) {
            const std::int64_t first = random_number(draw, format.digits), second = random_number(draw, format.digits);
            return TaskExample{.input = format.padded(first, format.digits) + "+" + format.padded(second, format.digits),
                               .output = format.answer(first + second, format.digits + 1)};
          }};
}

Rule subtraction(RandomStream&, const TaskSettings& settings) {
  const NumberFormat format(settings);
  return {"subtraction", [format](RandomStream& draw) {
            std::int64_t larger = random_number(draw, format.digits), smaller = random_number(draw, format.digits);
            if (larger < smaller) std::swap(larger, smaller);  // no answer is negative
            return TaskExample{.input = format.padded(larger, format.digits) + "-" + format.padded(smaller, format.digits),
                               .output = format.answer(larger - smaller, format.digits)};
          }};
}

}  // namespace attend::rules
