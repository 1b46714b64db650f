#include "core/log.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/captured_stderr.h"

namespace attend {
namespace {

std::string logged_at(LogLevel level) {
  const std::string log = captured_stderr([level] {
    set_log_level(level);
    log_info("information {} %v");  // not a format
    log_detail("detail");
    log_warning("careful");
    log_error("wrong");
  });
  set_log_level(LogLevel::kNormal);
  return log;
}

}  // namespace

TEST_CASE("log levels choose what is said on standard error") {
  if (stderr_is_terminal()) return;
  CHECK(logged_at(LogLevel::kQuiet) == "warning: careful\nerror: wrong\n");
  CHECK(logged_at(LogLevel::kNormal) == "information {} %v\nwarning: careful\nerror: wrong\n");
  CHECK(logged_at(LogLevel::kVerbose) == "information {} %v\ndetail\nwarning: careful\nerror: wrong\n");
  CHECK(log_level() == LogLevel::kNormal);
}

TEST_CASE("a file of our own is called by the name that the user knows, and some warnings come once") {
  show_as("/tmp/attend-9/standard input", "standard input");
  CHECK(with_shown_names("/tmp/attend-9/standard input, line 3; /tmp/attend-9/standard input") == "standard input, line 3; standard input");
  CHECK(with_shown_names("/tmp/attend-9/other") == "/tmp/attend-9/other");
  const std::string said = captured_stderr([] {
    log_error("/tmp/attend-9/standard input is empty");
    log_warning_once("only once");
    log_warning_once("only once");
  });
  CHECK(said == "error: standard input is empty\nwarning: only once\n");
}

TEST_CASE("what is said once is said again by nobody, and not lost where nothing was to be said") {
  if (stderr_is_terminal()) return;
  const std::string log = captured_stderr([] {
    set_log_level(LogLevel::kQuiet);
    log_info_once("log_test: a header");
    set_log_level(LogLevel::kNormal);
    for (int i = 0; i < 3; ++i) log_info_once("log_test: a header");
    for (int i = 0; i < 3; ++i) log_warning_once("log_test: a header");
    log_warning_once("log_test: another");
  });
  CHECK(log == "log_test: a header\nwarning: log_test: a header\nwarning: log_test: another\n");
}

}  // namespace attend
