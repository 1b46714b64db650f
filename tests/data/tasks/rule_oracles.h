// What a reader who knows a family of rules makes of the examples: rules written out once more, from their spellings and from examples
// alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "data/task_examples.h"

namespace attend {

inline bool is_vowel(char letter) { return std::string("aeiou").find(letter) != std::string::npos; }

/// The output of a rule, read from its spelling.
inline std::string apply_rule(const std::string& spelling, const std::string& input) {
  const std::string family = spelling.substr(0, spelling.find(':')), rest = spelling.substr(family.size() + 2);
  std::string output;
  if (family == "cipher") {  // "ax bq ..."
    std::map<char, char> secret;
    for (std::size_t i = 0; i < rest.size(); i += 3) secret[rest[i]] = rest[i + 1];
    for (const char letter : input) output += secret.at(letter);
  } else if (family == "arrange") {  // "11534"
    for (const char position : rest) output += input.at(static_cast<std::size_t>(position - '1'));
  } else if (family == "affix") {  // "before, qz"
    const std::string affix = rest.substr(rest.find(' ') + 1);
    output = rest.starts_with("before") ? affix + input : input + affix;
  } else if (family == "replace") {  // "ax bq": at once
    for (const char letter : input) output += letter == rest[0] ? rest[1] : letter == rest[3] ? rest[4] : letter;
  } else if (family == "stamp") {  // "2q 5z"
    output = input;
    for (const std::size_t i : {0, 3}) output[static_cast<std::size_t>(rest[i] - '1')] = rest[i + 1];
  } else if (family == "shift") {  // "4301"
    for (std::size_t i = 0; i < input.size(); ++i) output += static_cast<char>('0' + (input[i] - '0' + rest[i] - '0') % 10);
  } else if (family == "label") {  // "3, qwe rty"
    output = is_vowel(input[static_cast<std::size_t>(rest[0] - '1')]) ? rest.substr(3, 3) : rest.substr(7, 3);
  }
  return output;
}

using Examples = std::span<const TaskExample>;

/// Letter by letter, from what the examples show; nothing where a letter of the query was never seen.
inline std::optional<std::string> guess_cipher(Examples shots, const std::string& query) {
  std::map<char, char> secret;
  for (const TaskExample& shot : shots)
    for (std::size_t i = 0; i < shot.input.size(); ++i) secret[shot.input[i]] = shot.output[i];
  std::string output;
  for (const char letter : query) {
    if (!secret.contains(letter)) return std::nullopt;
    output += secret[letter];
  }
  return output;
}

/// For each place of the output, a place of the input that always has its letter.
inline std::optional<std::string> guess_arrange(Examples shots, const std::string& query) {
  if (shots.empty()) return std::nullopt;
  std::string output;
  for (std::size_t to = 0; to < shots[0].output.size(); ++to)
    for (std::size_t from = 0; from < query.size(); ++from) {
      bool fits = true;
      for (const TaskExample& shot : shots) fits = fits && shot.output[to] == shot.input[from];
      if (!fits) continue;
      output += query[from];
      break;
    }
  return output;
}

inline std::optional<std::string> guess_affix(Examples shots, const std::string& query) {
  std::set<std::string> before, after;
  bool is_prefix = true, is_suffix = true;
  for (const TaskExample& shot : shots) {
    const std::size_t added = shot.output.size() - shot.input.size();
    is_prefix = is_prefix && shot.output.ends_with(shot.input);
    is_suffix = is_suffix && shot.output.starts_with(shot.input);
    before.insert(shot.output.substr(0, added));
    after.insert(shot.output.substr(shot.input.size()));
  }
  if (is_prefix && before.size() == 1) return *before.begin() + query;
  if (is_suffix && after.size() == 1) return query + *after.begin();
  return std::nullopt;
}

inline std::optional<std::string> guess_replace(Examples shots, const std::string& query) {
  std::map<char, char> changes;
  for (const TaskExample& shot : shots)
    for (std::size_t i = 0; i < shot.input.size(); ++i)
      if (shot.input[i] != shot.output[i]) changes[shot.input[i]] = shot.output[i];
  std::string output;
  for (const char letter : query) output += changes.contains(letter) ? changes[letter] : letter;
  return output;
}

inline std::optional<std::string> guess_stamp(Examples shots, const std::string& query) {
  if (shots.empty()) return std::nullopt;
  std::string output = query;
  for (std::size_t i = 0; i < query.size(); ++i)
    if (shots[0].input[i] != shots[0].output[i]) output[i] = shots[0].output[i];
  return output;
}

inline std::optional<std::string> guess_shift(Examples shots, const std::string& query) {
  if (shots.empty()) return std::nullopt;
  std::string output;
  for (std::size_t i = 0; i < query.size(); ++i)
    output += static_cast<char>('0' + (query[i] - shots[0].input[i] + shots[0].output[i] - '0' + 10) % 10);
  return output;
}

/// Every place whose letter explains the examples has a vote.
inline std::optional<std::string> guess_label(Examples shots, const std::string& query) {
  std::map<std::string, int> votes;
  for (std::size_t place = 0; place < query.size(); ++place) {
    std::map<bool, std::set<std::string>> labels;
    for (const TaskExample& shot : shots) labels[is_vowel(shot.input[place])].insert(shot.output);
    const bool explains = labels[false].size() <= 1 && labels[true].size() <= 1 && labels[false] != labels[true];
    const std::set<std::string>& answer = labels[is_vowel(query[place])];
    if (explains && !answer.empty()) ++votes[*answer.begin()];
  }
  std::optional<std::string> best;
  for (const auto& [answer, count] : votes)
    if (!best || count > votes[*best]) best = answer;
  return best;
}

using Guess = std::optional<std::string> (*)(Examples shots, const std::string& query);
struct Oracle {
  const char* task;
  Guess guess;
};
inline constexpr Oracle kOracles[] = {{"cipher", guess_cipher},   {"arrange", guess_arrange}, {"affix", guess_affix},
                                      {"replace", guess_replace}, {"stamp", guess_stamp},     {"shift", guess_shift},
                                      {"label", guess_label}};

}  // namespace attend
