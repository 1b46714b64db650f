// Text that arrives in bytes, given out in whole characters: what a model generates may cut a character in two.
#pragma once

#include <string>
#include <string_view>

#include "core/text.h"

namespace attend {

class Utf8Stream {
 public:
  /// Takes bytes and returns what is certain by now: whole characters, and U+FFFD for each part that no further byte can complete. At most
  /// three bytes wait. All that `add` and `flush` return is repair_utf8 of all that was added.
  std::string add(std::string_view bytes) {
    waiting_ += bytes;
    const std::size_t ready = waiting_.size() - unfinished_length();
    std::string text = repair_utf8(std::string_view(waiting_).substr(0, ready));
    waiting_.erase(0, ready);
    return text;
  }

  /// The end: what still waits, as U+FFFD. The stream is as new afterwards.
  std::string flush() {
    std::string text = repair_utf8(waiting_);
    waiting_.clear();
    return text;
  }

 private:
  /// Bytes at the end that begin a character, and may yet become one.
  std::size_t unfinished_length() const {
    std::size_t lead = waiting_.size();
    for (std::size_t length = 1; length <= 3 && length <= waiting_.size(); ++length) {
      const auto byte = static_cast<unsigned char>(waiting_[waiting_.size() - length]);
      if ((byte & 0xC0) == 0x80) continue;
      if (byte >= 0xC0) lead = waiting_.size() - length;
      break;
    }
    if (lead == waiting_.size()) return 0;
    const auto first = static_cast<unsigned char>(waiting_[lead]);
    const std::size_t needed = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4, length = waiting_.size() - lead;
    const Utf8Sequence sequence = utf8_at(waiting_, lead);
    return !sequence.is_valid && sequence.length == length && length < needed && first >= 0xC2 && first <= 0xF4 ? length : 0;
  }

  std::string waiting_;
};

}  // namespace attend
