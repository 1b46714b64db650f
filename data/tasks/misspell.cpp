#include "data/tasks/misspell.h"

#include <array>
#include <utility>

namespace attend {
namespace {

constexpr std::array<std::string_view, 3> kKeyRows{"qwertyuiop", "asdfghjkl", "zxcvbnm"};

/// What is written for what. Both ways where both are seen.
constexpr std::pair<std::string_view, std::string_view> kConfusions[] = {
    {"ei", "ie"},     {"ie", "ei"}, {"ance", "ence"}, {"ence", "ance"}, {"ant", "ent"}, {"ent", "ant"}, {"able", "ible"},
    {"ible", "able"}, {"ph", "f"},  {"cede", "ceed"}, {"ceed", "cede"}, {"ary", "ery"}, {"ery", "ary"}, {"ite", "ate"},
    {"ate", "ite"},   {"sc", "s"},  {"ough", "uff"},  {"ght", "gth"},   {"ck", "k"},    {"que", "k"},   {"tion", "sion"},
    {"sion", "tion"}, {"er", "or"}, {"or", "er"},     {"our", "or"},    {"wh", "w"},    {"rh", "r"},    {"ce", "se"},
    {"se", "ce"},     {"oo", "u"},  {"ea", "ee"},     {"ee", "ea"},     {"ai", "ay"},   {"ou", "u"},    {"y", "i"},
    {"mb", "m"},      {"kn", "n"},  {"wr", "r"},      {"ous", "us"},
};

/// The keys to the left and right of a letter.
std::string neighbours(char letter) {
  std::string keys;
  for (const std::string_view row : kKeyRows) {
    const std::size_t place = row.find(letter);
    if (place == std::string_view::npos) continue;
    if (place > 0) keys += row[place - 1];
    if (place + 1 < row.size()) keys += row[place + 1];
  }
  return keys;
}

/// The word with `count` characters at `place` replaced.
std::string replaced(std::string_view word, std::size_t place, std::size_t count, std::string_view by) {
  return std::string(word).replace(place, count, by);
}

std::vector<std::string> confusions(std::string_view word) {
  std::vector<std::string> results;
  for (const auto& [right, wrong] : kConfusions)
    for (std::size_t place = word.find(right); place != std::string_view::npos; place = word.find(right, place + 1))
      results.push_back(replaced(word, place, right.size(), wrong));
  return results;
}

}  // namespace

std::vector<std::string> misspellings(std::string_view word, Mistake mistake) {
  if (mistake == Mistake::kConfusion) return confusions(word);
  std::vector<std::string> results;
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string letter(1, word[i]);
    if (mistake == Mistake::kSwap && i + 1 < word.size() && word[i] != word[i + 1])
      results.push_back(replaced(word, i, 2, std::string{word[i + 1], word[i]}));
    if (mistake == Mistake::kDouble) results.push_back(replaced(word, i, 1, letter + letter));
    if (mistake == Mistake::kDrop) results.push_back(replaced(word, i, 1, ""));
    if (mistake == Mistake::kNeighbour)
      for (const char key : neighbours(word[i])) results.push_back(replaced(word, i, 1, std::string(1, key)));
  }
  return results;
}

}  // namespace attend
