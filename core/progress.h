// A bar on a terminal, a plain line now and then in a log.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace attend {

/// Shows how far a piece of work is, its rate and the time left, on standard error.
class Progress {
 public:
  /// `total` 0: unknown. `unit` names what `advance` counts ("lines", "steps").
  Progress(std::string title, std::uint64_t total, std::string unit);
  ~Progress();  // clears the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::uint64_t count = 1) { update(done_ + count, {}); }
  /// The rate counts from the first update, so a resumed run says first where it starts.
  /// Sets how many are done, with a text to show beside ("loss 3.21  lr 1.0e-03  9.1k tokens/s").
  void update(std::uint64_t done, const std::string& text);
  /// Removes the bar so that a line can be printed; the next update draws it again.
  void clear();
  /// The last line stays, with the time it took.
  void finish();

 private:
  void draw_bar(std::chrono::steady_clock::time_point now);
  void log_line(std::chrono::steady_clock::time_point now);

  std::string title_, unit_, text_;
  std::uint64_t total_, done_ = 0, first_ = 0;
  bool is_terminal_, is_drawn_ = false, is_started_ = false, is_finished_ = false;
  std::chrono::steady_clock::time_point start_, last_shown_;
  std::chrono::duration<double> log_interval_;
};

/// One line of at most `width` columns: "title  [####----]  45%  1.2k/2.6k lines  512 lines/s  0:04 left  text".
/// The bar shrinks first, then gives way, then the end is cut.
struct ProgressState {
  std::string title, unit, text;
  std::uint64_t done = 0, total = 0;
  double rate = 0;  ///< units a second; 0: not known yet
  double elapsed_seconds = 0;
};
std::string progress_line(const ProgressState& state, std::size_t width);

/// "1:02:03", "2:03", "0:04".
std::string format_duration(double seconds);
/// "9.1k", "512", "1.2M".
std::string format_count(double count);

}  // namespace attend
