// A text filter around a Translator: lines flow in, lines flow out, in constant memory.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>

#include "core/text.h"
#include "inference/translator.h"

namespace attend {

/// How each line's answer is printed.
struct AnswerFormat {
  bool json = false;    ///< {"translation", "score", "log_probability"} a line, with "n_best" where more than one is asked for
  bool scores = false;  ///< <TAB>score after the text
};

struct TranslateStream {
  LineReader& source;
  LineReader* prefixes = nullptr;       ///< a target prefix for each line
  std::function<bool()> is_more_ready;  ///< whether a further line can be had without waiting; nothing: always
  std::uint64_t seed = 1;
};

/// Translates `stream.source` to its end. Lines are read in windows of up to 2048, fewer where no more are ready, and each
/// window's answers are flushed before the next is read: one line out for each line in, in order; with n_best above 1 lines
/// of `index ||| text ||| score`, index from 0. Returns how many lines were translated.
/// Throws UserError where there are fewer or more prefixes than lines.
std::uint64_t translate_stream(const Translator& translator, TranslateStream stream, const TranslateOptions& options,
                               const AnswerFormat& format, std::ostream& out);

}  // namespace attend
