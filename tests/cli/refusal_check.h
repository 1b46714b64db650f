// What a command says that refuses its input.
#pragma once

#include "tests/cli/process.h"

namespace attend {

/// Exit code 2 and a sentence that contains `expected`; what was answered before it may stand on the output.
inline void check_refusal(const Outcome& outcome, const std::string& expected) {
  INFO(outcome.err);
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.err, Catch::Contains(expected));
  CHECK_THAT(outcome.err, !Catch::Contains("internal error") && !Catch::Contains("Exception raised from"));
}

}  // namespace attend
