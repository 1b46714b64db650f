#include "data/tasks/lexicon.h"

#include <algorithm>
#include <vector>

namespace attend {
namespace {

constexpr WordPair kEnglishGerman[] = {
#include "data/tasks/english_german.inc"
};

constexpr std::string_view kMisspeltWords[] = {
#include "data/tasks/misspelt_words.inc"
};

std::vector<std::string_view> all_english_words() {
  std::vector<std::string_view> words(std::begin(kMisspeltWords), std::end(kMisspeltWords));
  for (const WordPair& pair : kEnglishGerman) words.push_back(pair.english);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace

std::span<const WordPair> english_german() { return kEnglishGerman; }

std::span<const std::string_view> english_words() {
  static const std::vector<std::string_view> words = all_english_words();
  return words;
}

}  // namespace attend
