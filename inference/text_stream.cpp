#include "inference/text_stream.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace attend {

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
  const auto stop = stops_.find(pending_);
  const std::size_t certain = stop.value_or(stops_.unsettled_end(pending_));
  std::string text = characters_.add(std::string_view(pending_).substr(0, certain));
  pending_.erase(0, certain);
  if (!stop) return text;
  is_stopped_ = true;
  return text + characters_.flush();
}

std::string TextStream::finish() {
  if (is_stopped_) return {};
  is_stopped_ = true;
  std::string text = characters_.add(pending_);
  text += characters_.flush();  // in this order
  return text;
}

std::string finished_text(std::string_view bytes, const StopStrings& stops) {
  return repair_utf8(bytes.substr(0, stops.find(bytes).value_or(bytes.size())));
}

}  // namespace attend
