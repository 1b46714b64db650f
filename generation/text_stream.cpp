#include "generation/text_stream.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace attend {
namespace {

// Where a last character begins that further bytes may still complete; the text's size where there is none.
std::size_t incomplete_character(std::string_view text) {
  constexpr std::size_t kLongestCharacter = 4;
  const std::size_t first = text.size() - std::min(text.size(), kLongestCharacter - 1);
  for (std::size_t at = first; at < text.size(); ++at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0xC2 || lead > 0xF4) continue;  // not the first byte of a longer character
    const Utf8Sequence character = utf8_at(text, at);
    if (!character.is_valid && at + character.length == text.size()) return at;
  }
  return text.size();
}

}  // namespace

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  for (const std::string& stop : strings_) {
    if (stop.empty()) throw UserError("a stop string is empty", "leave --stop out, or give the text before which to end");
    if (!is_valid_utf8(stop)) throw UserError("the stop string '" + excerpt(stop) + "' is not UTF-8");
    longest_ = std::max(longest_, stop.size());
  }
}

std::optional<std::size_t> StopStrings::find(std::string_view text) const {
  std::size_t first = std::string_view::npos;
  for (const std::string& stop : strings_) first = std::min(first, text.find(stop));
  return first == std::string_view::npos ? std::nullopt : std::optional(first);
}

std::size_t StopStrings::unsettled_end(std::string_view text) const {
  std::size_t begin = text.size();
  for (const std::string& stop : strings_)
    for (std::size_t length = std::min(stop.size() - 1, text.size()); length > text.size() - begin; --length)
      if (text.ends_with(std::string_view(stop).substr(0, length))) begin = text.size() - length;
  return begin;
}

std::string TextStream::push(std::string_view bytes) {
  if (is_stopped_) return {};
  pending_ += bytes;
  if (const auto stop = stops_.find(pending_)) {
    pending_.resize(*stop);
    return finish();
  }
  const std::size_t certain = std::min(incomplete_character(pending_), stops_.unsettled_end(pending_));
  std::string text = repair_utf8(std::string_view(pending_).substr(0, certain));
  pending_.erase(0, certain);
  return text;
}

std::string TextStream::finish() {
  is_stopped_ = true;
  std::string text = repair_utf8(pending_);
  pending_.clear();
  return text;
}

std::string finished_text(std::string_view bytes, const StopStrings& stops) {
  return repair_utf8(bytes.substr(0, stops.find(bytes).value_or(bytes.size())));
}

}  // namespace attend
