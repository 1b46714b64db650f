// Fixed tasks: every line that is written is right.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "data/tasks/lexicon.h"
#include "data/tasks/misspell.h"
#include "data/tasks/task_writer.h"
#include "tests/support/refusal.h"

namespace attend {
namespace {

using Catch::Contains;

std::vector<TaskExample> examples_of(const std::string& task, std::size_t count, const TaskSettings& settings = {}) {
  return draw_episode({.tasks = tasks_named(task), .settings = settings, .seed = 4}, 0, count).examples;
}

std::string reversed(const std::string& text) { return {text.rbegin(), text.rend()}; }

/// Both numbers of "12+9".
std::pair<std::int64_t, std::int64_t> operands(const std::string& input, char sign) {
  const std::size_t at = input.find(sign);
  return {std::stoll(input.substr(0, at)), std::stoll(input.substr(at + 1))};
}

bool is_english(const std::string& word) {
  const auto words = english_words();
  return std::binary_search(words.begin(), words.end(), word);
}

}  // namespace

TEST_CASE("sums and differences are right, in every format") {
  for (const std::int64_t digits : {1, 2, 3, 6, 17})
    for (const AnswerOrder order : {AnswerOrder::kPlain, AnswerOrder::kReversed})
      for (const bool zero_padded : {false, true}) {
        const TaskSettings settings{.digits = digits, .answer_order = order, .zero_padded = zero_padded};
        const std::size_t count = digits == 1 ? 50 : 500;
        std::int64_t largest = 0;
        for (const TaskExample& example : examples_of("addition", count, settings)) {
          const auto [first, second] = operands(example.input, '+');
          const std::string answer = order == AnswerOrder::kReversed ? reversed(example.output) : example.output;
          CHECK(std::stoll(answer) == first + second);
          if (zero_padded) {
            CHECK(example.input.size() == static_cast<std::size_t>(2 * digits + 1));
            CHECK(example.output.size() == static_cast<std::size_t>(digits + 1));
          } else {
            CHECK(answer == std::to_string(first + second));
          }
          largest = std::max({largest, first, second});
        }
        CHECK(std::to_string(largest).size() == static_cast<std::size_t>(digits));
        for (const TaskExample& example : examples_of("subtraction", count, settings)) {
          const auto [first, second] = operands(example.input, '-');
          CHECK(first >= second);
          CHECK(std::stoll(order == AnswerOrder::kReversed ? reversed(example.output) : example.output) == first - second);
        }
      }
}

TEST_CASE("words are copied, turned round, sorted and counted") {
  for (const TaskExample& example : examples_of("copy", 300)) CHECK(example.output == example.input);
  for (const TaskExample& example : examples_of("reverse", 300)) CHECK(example.output == reversed(example.input));
  for (const TaskExample& example : examples_of("sort", 300)) {
    CHECK(std::is_sorted(example.output.begin(), example.output.end()));
    CHECK(std::is_permutation(example.output.begin(), example.output.end(), example.input.begin(), example.input.end()));
  }
  std::set<std::string> counts;
  for (const TaskExample& example : examples_of("count", 300)) {
    const std::string word = example.input.substr(std::string("a in ").size());
    CHECK(example.output == std::to_string(std::count(word.begin(), word.end(), example.input[0])));
    counts.insert(example.output);
  }
  CHECK(counts.size() >= 8);
}

TEST_CASE("misspelt words are one mistake away from a word, and none themselves") {
  std::set<std::string> corrected;
  for (const TaskExample& example : examples_of("spelling", 2000)) {
    INFO(example.input << " for " << example.output);
    CHECK(is_english(example.output));
    CHECK_FALSE(is_english(example.input));
    const bool is_one_mistake = std::any_of(std::begin(kMistakes), std::end(kMistakes), [&](Mistake mistake) {
      const std::vector<std::string> results = misspellings(example.output, mistake);
      return std::find(results.begin(), results.end(), example.input) != results.end();
    });
    CHECK(is_one_mistake);
    corrected.insert(example.output);
  }
  CHECK(corrected.size() > 600);
}

TEST_CASE("each kind of mistake is the one it is called") {
  const auto results = [](const char* word, Mistake mistake) {
    const std::vector<std::string> all = misspellings(word, mistake);
    return std::set<std::string>(all.begin(), all.end());
  };
  CHECK(results("their", Mistake::kSwap) == std::set<std::string>{"tehir", "thier", "theri"});
  CHECK(results("until", Mistake::kDouble) == std::set<std::string>{"unntil", "unttil", "untiil", "untill"});
  CHECK(results("address", Mistake::kDrop) == std::set<std::string>{"adress", "addess", "addrss", "addres"});
  CHECK(results("as", Mistake::kNeighbour) == std::set<std::string>{"aa", "ad"});
  CHECK(results("receive", Mistake::kConfusion) == std::set<std::string>{"recieve", "reseive"});
  CHECK(results("physical", Mistake::kConfusion) == std::set<std::string>{"fysical", "phisical"});
  CHECK(results("apple", Mistake::kSwap).count("apple") == 0);  // equal letters are not swapped
  for (const std::string_view word : english_words())
    for (const Mistake mistake : kMistakes)
      for (const std::string& result : misspellings(word, mistake)) CHECK(result != word);
}

TEST_CASE("translations are the lexicon's") {
  for (const TaskExample& example : examples_of("translation", 400)) {
    const auto pairs = english_german();
    const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const WordPair& found) { return found.english == example.input; });
    REQUIRE(pair != pairs.end());
    CHECK(pair->german == example.output);
  }
}

TEST_CASE("the lexicon is sorted, of lower-case words, and each English word has one translation") {
  CHECK(english_german().size() > 500);
  CHECK(english_words().size() > 800);
  CHECK(std::is_sorted(english_words().begin(), english_words().end()));
  std::set<std::string_view> words;
  for (const WordPair& pair : english_german()) {
    CHECK(words.insert(pair.english).second);
    CHECK_FALSE(pair.german.empty());
  }
  for (const std::string_view word : english_words())
    CHECK(std::all_of(word.begin(), word.end(), [](char letter) { return letter >= 'a' && letter <= 'z'; }));
}

TEST_CASE("a task with few inputs says how many it found") {
  CHECK(examples_of("translation", english_german().size()).size() == english_german().size());
  CHECK_THAT(refusal_of([] { examples_of("addition", 101, {.digits = 1, .answer_order = {}}); }),
             Contains("the task 'addition' has hardly more than the 100 different inputs found; 101 are asked for"));
  std::ostringstream all;
  write_task_table({.tasks = tasks_named("translation"), .settings = {}}, 1, 1000, Shortage::kTakeAll, all);
  const std::string lines = all.str();
  CHECK(std::count(lines.begin(), lines.end(), '\n') == static_cast<std::int64_t>(english_german().size()));
}

namespace {

/// What an expression comes to, read again from its text by another way: a stack.
int value_of(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::pair<std::string, std::vector<int>>> open{{"", {}}};
  for (std::string word; words >> word;) {
    if (word[0] == '[') {
      open.push_back({word.substr(1), {}});
    } else if (word != "]") {
      open.back().second.push_back(std::stoi(word));
    } else {
      auto [name, values] = open.back();
      open.pop_back();
      std::sort(values.begin(), values.end());
      const std::size_t n = values.size();
      const int sum = std::accumulate(values.begin(), values.end(), 0);
      open.back().second.push_back(name == "MIN"   ? values.front()
                                   : name == "MAX" ? values.back()
                                   : name == "MED" ? (values[(n - 1) / 2] + values[n / 2]) / 2
                                                   : sum % 10);
    }
  }
  return open.size() == 1 && open[0].second.size() == 1 ? open[0].second[0] : -1;
}

std::int64_t words_of(const std::string& text) { return std::count(text.begin(), text.end(), ' ') + 1; }

}  // namespace

TEST_CASE("listops come to what they say, within their lengths and Long Range Arena's shape") {
  std::set<std::string> answers;
  for (const TaskExample& example : examples_of("listops", 30)) {
    CHECK(std::to_string(value_of(example.input)) == example.output);
    CHECK(words_of(example.input) >= 500);
    CHECK(words_of(example.input) <= 2000);
    answers.insert(example.output);
    int depth = 0, deepest = 0;
    for (const char letter : example.input) {
      depth += letter == '[' ? 1 : letter == ']' ? -1 : 0;
      deepest = std::max(deepest, depth);
    }
    CHECK(depth == 0);
    CHECK(deepest <= 9);  // the tenth level is digits
  }
  CHECK(answers.size() > 3);
  for (const TaskExample& example : examples_of("listops", 200, {.lengths = NumberRange{4, 20}})) {
    CHECK(std::to_string(value_of(example.input)) == example.output);
    CHECK(words_of(example.input) >= 4);
    CHECK(words_of(example.input) <= 20);
  }
  CHECK(value_of("[MAX 2 9 [MIN 4 7 ] 0 ]") == 9);
  CHECK(value_of("[MED 2 9 4 7 ]") == 5);
  CHECK(value_of("[SM 5 9 [MED 1 2 ] ]") == 5);
}

const std::map<std::string, std::string> kLanguages{
    {"france", "french"},  {"spain", "spanish"},    {"germany", "german"},    {"italy", "italian"},
    {"poland", "polish"},  {"greece", "greek"},     {"sweden", "swedish"},    {"finland", "finnish"},
    {"japan", "japanese"}, {"turkey", "turkish"},   {"russia", "russian"},    {"china", "chinese"},
    {"denmark", "danish"}, {"norway", "norwegian"}, {"hungary", "hungarian"}, {"portugal", "portuguese"}};

TEST_CASE("recall's answer is the language of the country that stands so many words back") {
  for (const TaskExample& example : examples_of("recall", 300, {.lengths = NumberRange{7, 9}})) {
    const std::int64_t between = words_of(example.input) - 6 - 3;  // i grew up in X . and i speak fluent
    CHECK((between >= 7 && between <= 9));
    CHECK(example.input.starts_with("i grew up in "));
    CHECK(example.input.ends_with(" i speak fluent"));
    const std::string country = example.input.substr(13, example.input.find(' ', 13) - 13);
    CHECK(kLanguages.at(country) == example.output);
    CHECK(example.input.find(" " + example.output + " ") == std::string::npos);
  }
}

}  // namespace attend
