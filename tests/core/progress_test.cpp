#include "core/progress.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "core/log.h"
#include "core/text.h"
#include "tests/support/captured_stderr.h"

namespace attend {
namespace {

std::size_t columns(const std::string& line) { return decode_utf8(line).size(); }

}  // namespace

TEST_CASE("durations are shown in hours, minutes and seconds") {
  CHECK(format_duration(0) == "0:00");
  CHECK(format_duration(4.4) == "0:04");
  CHECK(format_duration(59.6) == "1:00");
  CHECK(format_duration(123) == "2:03");
  CHECK(format_duration(3599.6) == "1:00:00");
  CHECK(format_duration(3723) == "1:02:03");
  CHECK(format_duration(360'000) == "100:00:00");
  CHECK(format_duration(-1) == "?");
  CHECK(format_duration(std::numeric_limits<double>::infinity()) == "?");
  CHECK(format_duration(std::numeric_limits<double>::quiet_NaN()) == "?");
}

TEST_CASE("counts are shown in thousands") {
  CHECK(format_count(0) == "0");
  CHECK(format_count(512) == "512");
  CHECK(format_count(999) == "999");
  CHECK(format_count(999.6) == "1.0k");
  CHECK(format_count(1000) == "1.0k");
  CHECK(format_count(9140) == "9.1k");
  CHECK(format_count(999'960) == "1.0M");
  CHECK(format_count(1'200'000) == "1.2M");
  CHECK(format_count(3.5e9) == "3.5G");
  CHECK(format_count(7e15) == "7000.0T");
  CHECK(format_count(0.25) == "0.2");
  CHECK(format_count(2.5) == "2.5");
}

TEST_CASE("a progress line says how far, how fast and how long") {
  const ProgressState state{
      .title = "translate", .unit = "lines", .text = "", .done = 500, .total = 2000, .rate = 100, .elapsed_seconds = 5};
  CHECK(progress_line(state, 200) == "translate  [######------------------]   25%  500/2.0k lines  100 lines/s  0:15 left");
  CHECK(progress_line({.title = "read", .unit = "lines", .text = "x", .done = 500, .total = 0, .rate = 100, .elapsed_seconds = 5}, 200) ==
        "read  500 lines  100 lines/s  0:05  x");
  CHECK(progress_line({.title = "train", .unit = "steps", .text = "loss 3.21", .done = 10, .total = 10, .rate = 2, .elapsed_seconds = 5},
                      200) == "train  [########################]  100%  10/10 steps  2 steps/s  0:05  loss 3.21");
  // More than was announced must not break the bar.
  CHECK(progress_line({.title = "t", .unit = "u", .text = "", .done = 11, .total = 10, .rate = 1, .elapsed_seconds = 5}, 200)
            .find("[########################]") != std::string::npos);
}

TEST_CASE("a progress line fits the terminal, whatever its width") {
  const ProgressState state{.title =
                                "\xC3\xBC"
                                "bersetze",
                            .unit = "Zeilen",
                            .text = "loss 3.21  lr 1.0e-03",
                            .done = 999,
                            .total = 2000,
                            .rate = 9140,
                            .elapsed_seconds = 5};
  for (std::size_t width = 0; width < 140; ++width) {
    INFO(width);
    const std::string line = progress_line(state, width);
    CHECK(columns(line) <= width);
    CHECK(is_valid_utf8(line));
  }
  const std::size_t full = columns(progress_line(state, 1000));
  CHECK(progress_line(state, full).find("[###########-------------]") != std::string::npos);
  CHECK(progress_line(state, full - 10).find("[######--------]") != std::string::npos);
  CHECK(progress_line(state, full - 19).find('[') == std::string::npos);
  CHECK(progress_line(state, full - 19).ends_with("lr 1.0e-03"));  // the bar gives way before the text does
}

// The tests' standard error is a file or a pipe here, so progress goes line by line.
TEST_CASE("in a log progress is one line at the end of a short piece of work") {
  if (stderr_is_terminal()) return;
  set_log_level(LogLevel::kNormal);
  const std::string log = captured_stderr([] {
    Progress progress("read", 1000, "lines");
    for (int i = 0; i < 1000; ++i) progress.advance();
    progress.finish();
    progress.finish();
    progress.update(5, "after the end");
  });
  CHECK(log.starts_with("read  100%  1.0k/1.0k lines"));
  CHECK(std::count(log.begin(), log.end(), '\n') == 1);
  CHECK(log.find('\r') == std::string::npos);
}

TEST_CASE("quiet progress and unfinished progress say nothing in a log") {
  if (stderr_is_terminal()) return;
  const std::string log = captured_stderr([] {
    Progress unfinished("read", 10, "lines");
    unfinished.advance(3);
    unfinished.clear();
    set_log_level(LogLevel::kQuiet);
    Progress quiet("read", 10, "lines");
    quiet.advance(10);
    quiet.finish();
    set_log_level(LogLevel::kNormal);
  });
  CHECK(log == "");
}

}  // namespace attend
