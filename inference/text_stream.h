// From the bytes of tokens to text that may be shown: characters are whole, and what a stop string begins is held back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/byte_stream.h"

namespace attend {

/// Texts before which a continuation ends.
class StopStrings {
 public:
  /// Throws UserError for an empty one, and one that is not UTF-8.
  explicit StopStrings(std::vector<std::string> strings);

  bool empty() const { return strings_.empty(); }
  std::size_t longest() const { return longest_; }  ///< bytes
  /// Where the first of them begins.
  std::optional<std::size_t> find(std::string_view text) const;
  /// Where the text's longest end that may yet become one of them begins; the text's size where there is none.
  std::size_t unsettled_end(std::string_view text) const;

 private:
  std::vector<std::string> strings_;
  std::size_t longest_ = 0;
};

/// Bytes in, text out. All that push and finish return, one after the other, is the bytes up to the first stop string with
/// ill-formed UTF-8 replaced by U+FFFD, however the bytes were cut.
class TextStream {
 public:
  explicit TextStream(const StopStrings& stops) : stops_(stops) {}

  /// What is certain now: whole characters that no further byte can change, and no beginning of a stop string.
  std::string push(std::string_view bytes);
  /// The rest, once no more bytes come.
  std::string finish();

 private:
  const StopStrings& stops_;
  std::string pending_;  // may be the beginning of a stop string
  Utf8Stream characters_;
  bool is_stopped_ = false;
};

/// The bytes up to the first stop string, ill-formed UTF-8 replaced by U+FFFD.
std::string finished_text(std::string_view bytes, const StopStrings& stops);

}  // namespace attend
