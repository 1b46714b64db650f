// A bar on a terminal, a plain line now and then in a log.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace attend {

/// Shows how far a piece of work is, its rate and the time left, on standard error.
class Progress {
 public:
  /// `total` 0: unknown. `unit` names what `advance` counts ("lines", "steps").
  Progress(std::string title, std::uint64_t total, std::string unit);
  ~Progress();  // clears the bar

  void advance(std::uint64_t count = 1) { update(done_ + count, {}); }
  /// Sets how many are done, with a text to show beside ("loss 3.21  lr 1.0e-03  9.1k tokens/s").
  void update(std::uint64_t done, const std::string& text);
  /// Removes the bar so that a line can be printed; the next update draws it again.
  void clear();
  void finish();

 private:
  std::string title_, unit_;
  std::uint64_t total_, done_ = 0, first_ = 0;
  bool is_terminal_, drawn_ = false, started_ = false;
  std::chrono::steady_clock::time_point start_, last_drawn_;
};

/// "1:02:03", "2:03", "0:04".
std::string format_duration(double seconds);
/// "9.1k", "512", "1.2M".
std::string format_count(double count);

}  // namespace attend
