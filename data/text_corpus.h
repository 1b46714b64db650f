// Plain text to token files, for models that learn to go on with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/text_pieces.h"
#include "data/token_file.h"
#include "tokenizers/tokenizer.h"

namespace attend {

/// The token that ends a document, and how a text spells it ("<|endoftext|>").
struct EndOfText {
  std::int32_t id = 0;
  std::string spelling;
};

/// A tokenizer whose ids do not change where a text is cut at last_gpt2_cut(cuts).
struct TextTokenizer {
  const Tokenizer& tokenizer;
  std::string fingerprint;                    ///< differs where the ids of some text would
  std::optional<EndOfText> end_of_text = {};  ///< without, all text is one document, and a spelled one is text
  Cuts cuts = Cuts::kAtSpacesAndBreaks;       ///< kAtSpaces where each part of a text gets a space in front
};

struct PlainText {
  std::vector<TextSlice> slices;  ///< UTF-8, in this order
  /// A document ends where the end of text is spelled; the end of a file ends one too, or (to measure a text as it is) adds nothing.
  TextPieceReader::EndOfFile end_of_file = TextPieceReader::EndOfFile::kEndsDocument;
};

/// Tokenises the text into a file in `cache_folder` (made where absent) and maps it: a "sentence" of the file is a document, its
/// end-of-text token included where there is one. Documents of nothing are left out. A file made before from the same text (sizes and
/// times of change, in the same order), by the same tokenizer, is taken as it is. Constant memory, whatever the size of the text; all
/// processors. What the ids are does not depend on how many there are, or on where the text is cut for them.
/// Throws UserError for a file that is missing, empty or "-", ill-formed UTF-8, with its line, and a text without a token.
std::shared_ptr<const TokenFile> prepare_text(const PlainText& text, const TextTokenizer& tokenizer,
                                              const std::filesystem::path& cache_folder);

/// "a.txt and 2 more", for messages.
std::string names_of(const std::vector<TextSlice>& slices);

}  // namespace attend
