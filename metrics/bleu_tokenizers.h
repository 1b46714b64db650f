// The tokenizers that sacreBLEU scores BLEU with; a score is comparable only with scores of the same one.
#pragma once

#include <array>
#include <utility>

#include "core/fields.h"
#include "metrics/unicode_text.h"

namespace attend {

enum class BleuTokenizer {
  k13a,   ///< mteval-v13a's, for languages with spaces
  kIntl,  ///< mteval-v14's: all of Unicode's punctuation and symbols
  kZh,    ///< Chinese characters one by one, the rest as 13a
  kChar,  ///< every character
  kNone,  ///< white space only: the text is tokenized already
};

template <>
struct EnumNames<BleuTokenizer> {
  static constexpr std::array values{std::pair{BleuTokenizer::k13a, "13a"}, std::pair{BleuTokenizer::kIntl, "intl"},
                                     std::pair{BleuTokenizer::kZh, "zh"}, std::pair{BleuTokenizer::kChar, "char"},
                                     std::pair{BleuTokenizer::kNone, "none"}};
};

/// The line with white space between its words (see split_words); more of it than needed.
CodePoints tokenize_for_bleu(CodePointView line, BleuTokenizer tokenizer);

}  // namespace attend
