// BERT's cleaning of a text before it is cut into words: control characters, ideographs, accents, capitals; each code point that is left
// knows the bytes it came from.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace attend {

/// Bytes [begin, end) of the original text.
struct TextSpan {
  std::uint32_t begin = 0, end = 0;
  bool operator==(const TextSpan&) const = default;
};

/// What is done to a text, in this order. The defaults are those of an uncased BERT.
struct BertNormalization {
  bool clean = true;             ///< control characters go, white space becomes a space
  bool space_ideographs = true;  ///< a space on either side of each
  bool strip_accents = true;     ///< canonical decomposition without its non-spacing marks
  bool lowercase = true;
};

/// What a code point is to BERT, by tables of the reference's own answers (scripts/make_bert_unicode.py).
namespace bert_class {
enum : std::uint8_t {
  kRemoved = 1,       ///< by cleaning
  kSpace = 2,         ///< ends a word
  kPunctuation = 4,   ///< is a word
  kIdeograph = 8,     ///< gets spaces around it
  kMark = 16,         ///< goes with the accents
  kCombining = 32,    ///< has a canonical combining class: NFD orders it
  kDecomposing = 64,  ///< NFD takes it apart
  kCapital = 128,     ///< has a lower case
};
}
/// By code point, 0x110000 of them.
const std::uint8_t* bert_classes();
/// \w, which tokens that are to stand alone as words look at.
bool is_word_character(char32_t code_point);

struct NormalCharacter {
  char32_t code_point;
  TextSpan span;
};

class BertNormalizer {
 public:
  explicit BertNormalizer(const BertNormalization& normalization);

  /// Gives `put(code_point, span)` what is left of the text, one code point after the other. Spans count from `offset`.
  template <class Put>
  void run(std::string_view text, std::uint32_t offset, const Put& put) const {
    Pending pending;
    const auto put_ready = [&] {
      for (const NormalCharacter& character : pending.ready) put(character.code_point, character.span);
      pending.ready.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = static_cast<unsigned char>(text[at]);
      const auto begin = static_cast<std::uint32_t>(offset + at);
      if (byte < 0x80) {
        ++at;
        const char32_t mapped = ascii_[byte];
        if (mapped == kGone) continue;
        if (!pending.marks.empty()) {
          finish_marks(pending);
          put_ready();
        }
        put(mapped, TextSpan{begin, begin + 1});
        continue;
      }
      const Utf8Sequence sequence = utf8_at(text, at);
      at += sequence.length;
      take(sequence.code_point, {begin, static_cast<std::uint32_t>(begin + sequence.length)}, pending);
      put_ready();
    }
    finish_marks(pending);
    put_ready();
  }

 private:
  static constexpr char32_t kGone = 0xFFFFFFFF;

  /// A run of combining characters, which may change places, waits for its end.
  struct Mark {
    char32_t code_point;
    std::uint8_t combining_class;
    bool replaces;  // a character of the text, or the first that one became
  };
  struct Pending {
    std::vector<NormalCharacter> ready;
    std::vector<Mark> marks;
    std::vector<TextSpan> mark_spans;  // of those that replace, in the order of the text
    TextSpan before;                   // of the character before the run
  };

  void take(char32_t code_point, TextSpan span, Pending& pending) const;
  void take_apart(char32_t code_point, TextSpan span, Pending& pending) const;
  void take_part(Mark part, TextSpan span, Pending& pending) const;
  void finish_marks(Pending& pending) const;
  void add(char32_t code_point, TextSpan span, Pending& pending) const;

  BertNormalization normalization_;
  const std::uint8_t* classes_;
  std::array<char32_t, 128> ascii_;
};

}  // namespace attend
