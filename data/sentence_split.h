// Running prose to sentences, by a rule that one can hold in one's head.
#pragma once

#include <string_view>
#include <vector>

namespace attend {

/// Cuts a paragraph of well-formed UTF-8 into sentences, white space around them left out; a paragraph without text has
/// none. A sentence ends where all of this holds:
///   - there are one or more of . ! ?, and perhaps closing quotes or brackets;
///   - white space follows (not U+00A0 and its like, which hold words together), and then an upper-case or title-case letter,
///     a letter of a script without case, a digit, or an opening quote or bracket that is not followed by white space;
///   - where it is a single full stop and nothing closes behind it, the word before is no abbreviation: not in the list
///     of the source (Dr, Mr, vs, ...; No, Fig, Jan, ... before a digit only), and neither a capital
///     alone (an initial: J. Smith) nor letters with full stops between (U.S., e.g.).
/// And it ends at a mark that means nothing else, whatever follows it: 。！？｡ । ॥ ؟ ۔ ։ ። ။ ។ and closing quotes or brackets.
/// No byte is changed, and none but white space is lost. Text in small letters throughout, of a script with case, has no sentences by it.
std::vector<std::string_view> split_sentences(std::string_view paragraph);

}  // namespace attend
