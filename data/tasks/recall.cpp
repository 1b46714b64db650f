// A question whose answer stands many words back: "i grew up in france ... i speak fluent".
#include <array>

#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr NumberRange kWordsBetween{5, 50};

struct Place {
  const char *country, *language;
};
constexpr std::array kPlaces{
    Place{"france", "french"},  Place{"spain", "spanish"},    Place{"germany", "german"},    Place{"italy", "italian"},
    Place{"poland", "polish"},  Place{"greece", "greek"},     Place{"sweden", "swedish"},    Place{"finland", "finnish"},
    Place{"japan", "japanese"}, Place{"turkey", "turkish"},   Place{"russia", "russian"},    Place{"china", "chinese"},
    Place{"denmark", "danish"}, Place{"norway", "norwegian"}, Place{"hungary", "hungarian"}, Place{"portugal", "portuguese"}};
constexpr std::array kWords{"we",    "played", "in",    "the",   "garden", "and",    "my",     "sister", "sang", "with",  "a",     "friend",
                            "later", "it",     "began", "to",    "rain",   "so",     "they",   "went",   "home", "after", "lunch", "father",
                            "read",  "old",    "books", "by",    "window", "while",  "mother", "cooked", "soup", "for",   "all",   "of",
                            "us",    "at",     "night", "stars", "were",   "bright", "over",   "hills",  "cold", "river", "then",  "winter",
                            "came",  "snow",   "fell",  "on",    "roofs",  "school", "was",    "far",    "but",  "walk",  "nice",  "."};

}  // namespace

Rule recall(RandomStream&, const TaskSettings& settings) {
  const NumberRange between = settings.lengths.value_or(kWordsBetween);
  return {"recall", [between](RandomStream& draw) {
            const Place& place = kPlaces[draw.below(kPlaces.size())];
            std::string text = std::string("i grew up in ") + place.country + " .";
            const std::int64_t words =
                between.fewest + static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(between.most - between.fewest) + 1));
            for (std::int64_t i = 0; i < words; ++i) text += std::string(" ") + kWords[draw.below(kWords.size())];
            return TaskExample{.input = text + " i speak fluent", .output = place.language};
          }};
}

}  // namespace attend::rules
