#include "core/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "core/log.h"
#include "core/text.h"

namespace attend {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRedraw{100};
// A log gets a line after 10 s, then ever more rarely: a run of a day has some 60 of them and not 8,640.
constexpr std::chrono::duration<double> kFirstLogInterval{10}, kLongestLogInterval{1800};
constexpr double kLogGrowth = 1.3;
constexpr std::size_t kBarWidth = 24, kShortestBar = 6;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void put(const std::string& text) { (void)!::write(STDERR_FILENO, text.data(), text.size()); }

double seconds_between(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double>(to - from).count(); }

/// Everything but the bar.
std::pair<std::string, std::string> parts(const ProgressState& state) {
  std::string after;
  if (state.total > 0) {
    char percent[16];
    std::snprintf(percent, sizeof percent, "%3.0f%%  ",
                  std::floor(100.0 * static_cast<double>(state.done) / static_cast<double>(state.total)));
    after +=
        percent + format_count(static_cast<double>(state.done)) + "/" + format_count(static_cast<double>(state.total)) + " " + state.unit;
  } else {
    after += format_count(static_cast<double>(state.done)) + " " + state.unit;
  }
  if (state.rate > 0) after += "  " + format_count(state.rate) + " " + state.unit + "/s";
  if (state.rate > 0 && state.total > state.done) {
    after += "  " + format_duration(static_cast<double>(state.total - state.done) / state.rate) + " left";
  } else {
    after += "  " + format_duration(state.elapsed_seconds);
  }
  if (!state.text.empty()) after += "  " + state.text;
  return {state.title, after};
}

}  // namespace

std::string progress_line(const ProgressState& state, std::size_t width) {
  const auto [before, after] = parts(state);
  const std::size_t plain = decode_utf8(before).size() + 2 + decode_utf8(after).size();
  std::string line = before + "  ";
  // The brackets and the spaces after them take four columns.
  const std::size_t bar_width = std::min(kBarWidth, width > plain + 4 ? width - plain - 4 : 0);
  if (state.total > 0 && bar_width >= kShortestBar) {
    const double share = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_width));
    line += "[" + std::string(filled, '#') + std::string(bar_width - filled, '-') + "]  ";
  }
  line += after;
  const std::vector<char32_t> letters = decode_utf8(line);
  if (letters.size() <= width) return line;
  std::string cut;
  for (std::size_t i = 0; i < width; ++i) append_utf8(cut, letters[i]);
  return cut;
}

Progress::Progress(std::string title, std::uint64_t total, std::string unit)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      is_terminal_(stderr_is_terminal()),
      start_(Clock::now()),
      last_shown_(start_),
      log_interval_(kFirstLogInterval) {}

Progress::~Progress() { clear(); }

void Progress::update(std::uint64_t done, const std::string& text) {
  const auto now = Clock::now();
  if (!std::exchange(is_started_, true)) {
    first_ = done;
    start_ = now;
  }
  done_ = done;
  text_ = text;
  if (is_finished_ || log_level() <= LogLevel::kQuiet) return;
  if (is_terminal_) {
    if (!is_drawn_ || now - last_shown_ >= kRedraw) draw_bar(now);
  } else if (now - last_shown_ >= log_interval_) {
    log_line(now);
    log_interval_ = std::min(log_interval_ * kLogGrowth, kLongestLogInterval);
  }
}

void Progress::clear() {
  if (std::exchange(is_drawn_, false)) put("\r\x1b[K");
}

void Progress::finish() {
  clear();
  if (std::exchange(is_finished_, true) || log_level() <= LogLevel::kQuiet) return;
  log_line(Clock::now());
}

void Progress::draw_bar(Clock::time_point now) {
  const double elapsed = seconds_between(start_, now);
  const double rate = elapsed > 0 ? static_cast<double>(done_ - std::min(first_, done_)) / elapsed : 0;
  // The last column stays free: writing there makes some terminals go to the next line.
  put("\r" + progress_line({title_, unit_, text_, done_, total_, rate, elapsed}, terminal_width() - 1) + "\x1b[K");
  is_drawn_ = true;
  last_shown_ = now;
}

void Progress::log_line(Clock::time_point now) {
  const double elapsed = seconds_between(start_, now);
  const double rate = elapsed > 0 ? static_cast<double>(done_ - std::min(first_, done_)) / elapsed : 0;
  const auto [before, after] = parts({title_, unit_, text_, done_, total_, rate, elapsed});
  log_info(before + "  " + after);
  last_shown_ = now;
}

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e12) return "?";
  const auto whole = std::llround(seconds);
  char text[48];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02d:%02d", static_cast<long long>(whole / 3600), static_cast<int>(whole / 60 % 60),
                  static_cast<int>(whole % 60));
  } else {
    std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(whole / 60), static_cast<int>(whole % 60));
  }
  return text;
}

std::string format_count(double count) {
  static constexpr const char* kSuffixes[] = {"", "k", "M", "G", "T"};
  std::size_t power = 0;
  // 999.95 of a unit would print as "1000.0": it belongs to the next one.
  while (std::abs(count) >= (power == 0 ? 999.5 : 999.95) && power + 1 < std::size(kSuffixes)) {
    count /= 1000;
    ++power;
  }
  char text[48];
  const bool is_small_fraction = power == 0 && std::abs(count) < 10 && count != std::floor(count);
  std::snprintf(text, sizeof text, power > 0 || is_small_fraction ? "%.1f%s" : "%.0f%s", count, kSuffixes[power]);
  return text;
}

}  // namespace attend
