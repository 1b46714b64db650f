// The words of the spelling and translation tasks.
#pragma once

#include <span>
#include <string_view>

namespace attend {

struct WordPair {
  std::string_view english, german;
};

/// No English word twice.
std::span<const WordPair> english_german();

/// English words in lower case, sorted, none twice.
std::span<const std::string_view> english_words();

}  // namespace attend
