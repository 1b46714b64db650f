// Two kinds of failure: what the user can mend is a UserError; what we got wrong is an assertion.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace attend {

/// What the process answers with; listed in `attend --help`.
enum class ExitCode : int {
  kDone = 0,
  kInternal = 1,          ///< our mistake
  kUserError = 2,         ///< the user's mistake in flags or input
  kStoppedAndSaved = 75,  ///< a signal or a full disk; `--resume` goes on
  kInterrupted = 130,     ///< a second signal
};

/// The user's mistake. The message says what was found and what was expected; the hint says what to do.
/// Caught once, in main, which prints both and exits with ExitCode::kUserError.
class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& message, std::string hint = {}) : std::runtime_error(message), hint_(std::move(hint)) {}
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

/// What `work` gives; its UserError opens with place(), "train.tsv, line 3".
template <class Place, class Work>
auto with_place(const Place& place, const Work& work) {
  try {
    return work();
  } catch (const UserError& error) {
    throw UserError(place() + ": " + error.what(), error.hint());
  }
}

/// The disk would not take what a run had to save (full, read-only, failing). The run can be resumed: exit code 75.
class StorageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace attend
