// Fixed tasks on an embedded lexicon: spelling and translation.
#include <algorithm>

#include "data/tasks/lexicon.h"
#include "data/tasks/misspell.h"
#include "data/tasks/rules.h"

namespace attend::rules {
namespace {

constexpr std::size_t kShortestMisspelt = 4;  // of shorter words too little is left

/// Empty where no mistake of a kind that was drawn can be made, or what came out is a word itself.
std::string mistyped(std::string_view word, RandomStream& random) {
  const Mistake mistake = kMistakes[random.below(std::size(kMistakes))];
  const std::vector<std::string> results = misspellings(word, mistake);
  if (results.empty()) return {};
  const std::string& result = results[random.below(results.size())];
  const std::span<const std::string_view> words = english_words();
  return std::binary_search(words.begin(), words.end(), result) ? "" : result;
}

}  // namespace

Rule spelling(RandomStream&, const TaskSettings&) {
  return {"spelling", [](RandomStream& draw) {
            const std::span<const std::string_view> words = english_words();
            while (true) {
              const std::string_view word = words[draw.below(words.size())];
              if (word.size() < kShortestMisspelt) continue;
              const std::string input = mistyped(word, draw);
              if (!input.empty()) return TaskExample{.input = input, .output = std::string(word)};
            }
          }};
}

Rule translation(RandomStream&, const TaskSettings&) {
  return {"translation", [](RandomStream& draw) {
            const std::span<const WordPair> pairs = english_german();
            const WordPair& pair = pairs[draw.below(pairs.size())];
            return TaskExample{.input = std::string(pair.english), .output = std::string(pair.german)};
          }};
}

}  // namespace attend::rules
