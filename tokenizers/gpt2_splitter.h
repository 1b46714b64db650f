// GPT-2's cutting of a text into words, before bytes are joined:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// by hand, because a general engine takes most of a tokenizer's time.
#pragma once

#include <cstddef>
#include <string_view>

namespace attend {

/// The end of the word that begins at `begin`, which lies inside the text, at a word's begin. The text is well-formed UTF-8. All words of a
/// text take time linear in it, whatever it holds.
std::size_t gpt2_word_end(std::string_view text, std::size_t begin);

/// Calls `put(word)` for each word, in order; together they are the text.
template <class Put>
void for_each_gpt2_word(std::string_view text, const Put& put) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = gpt2_word_end(text, begin);
    put(text.substr(begin, end - begin));
    begin = end;
  }
}

/// The last place where a text can be cut so that its two parts have the words of the whole, whatever follows it: before an ASCII space or
/// line break (with kAtSpaces, a space) behind something that is no white space. 0 where there is none.
enum class Cuts { kAtSpacesAndBreaks, kAtSpaces };
std::size_t last_gpt2_cut(std::string_view text, Cuts cuts);

}  // namespace attend
