// Tokens that are cut out of a text before it is split into words: special ones, and those that users added.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attend {

/// With the flags that the reference's files have.
struct AddedToken {
  std::string content;
  std::int32_t id = -1;
  bool single_word = false;  ///< not beside letters or digits
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< and behind it
  bool normalized = false;   ///< looked for in the cleaned text, itself cleaned
  bool special = false;      ///< left out of decoded text
};

/// Finds tokens in a text: from left to right, at each place the longest; of equal ones the first.
class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  AddedTokenFinder(AddedTokenFinder&&) = default;  // not copied: views into its own strings
  AddedTokenFinder& operator=(AddedTokenFinder&&) = default;
  /// `spellings[i]` is what `tokens[i]` looks like in the text; both must not be empty.
  AddedTokenFinder(std::vector<AddedToken> tokens, const std::vector<std::string>& spellings);

  bool empty() const { return tokens_.empty(); }

  struct Found {
    std::size_t begin, end;
    const AddedToken* token;  ///< null for the text between tokens
  };
  /// The whole text in order. A token that takes white space may begin within the one before it, as in the reference.
  std::vector<Found> split(std::string_view text) const;

 private:
  struct Match {
    std::size_t length = 0;  // 0: none
    const AddedToken* token = nullptr;
  };
  Match match_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> spellings_;
  std::unordered_map<std::string_view, std::size_t> index_;  // spelling to token; views into spellings_
  std::array<std::vector<std::size_t>, 256> lengths_;        // of the spellings that begin with a byte, falling
  std::string first_bytes_;                                  // those bytes
};

}  // namespace attend
