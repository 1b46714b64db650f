#include "data/text_preparation.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <vector>

#include "core/atomic_file.h"
#include "core/text.h"
#include "core/text_source.h"
#include "core/threads.h"

namespace attend {
namespace {

constexpr std::size_t kLeastOfAThread = 64;  // items that are worth starting one

struct Failure {
  std::size_t item = 0;
  std::exception_ptr exception;
};

}  // namespace

std::string file_state(const std::filesystem::path& path) {
  struct stat status {};
  require_readable_again(path, "this command");
  if (::stat(path.c_str(), &status) != 0) throw UserError("cannot read " + path.string() + ": there is no such file");
  if (status.st_size == 0) throw UserError(path.string() + " is empty; expected text");
  return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + "\n";
}

std::string prepared_key(std::string_view description) { return sha256_hex(std::as_bytes(std::span(description))); }

bool is_blank(std::string_view line) {
  std::size_t at = line.find_first_not_of(" \t\r\v\f");
  while (at < line.size()) {
    const Utf8Sequence sequence = utf8_at(line, at);
    if (!is_white_space(sequence.code_point)) return false;
    at += sequence.length;
  }
  return true;
}

LineCounts check_lines(const std::filesystem::path& path) {
  LineReader reader(path);
  LineCounts counts;
  for (std::string line; reader.next(line);) {
    if (!is_valid_utf8(line)) throw not_utf8(path.string(), reader.line_number());
    counts.blank += is_blank(line);
  }
  counts.lines = reader.line_number();
  return counts;
}

void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& work) {
  const std::size_t wanted = std::clamp<std::size_t>(count / kLeastOfAThread, 1, worker_threads());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Failure> first;  // of the items that failed: items are given out in order, so it is the same one each time
  const auto run = [&] {
    std::size_t i = 0;
    try {
      while ((i = next++) < count) work(i);
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!first || i < first->item) first = {i, std::current_exception()};
    }
  };
  {
    std::vector<std::jthread> threads;  // joined at the end of the block, whatever happens in it
    threads.reserve(wanted - 1);
    try {
      while (threads.size() + 1 < wanted) threads.emplace_back(run);
    } catch (const std::system_error&) {  // the system gives no more threads: those that there are do the work
    }
    run();
  }
  if (first) std::rethrow_exception(first->exception);
}

}  // namespace attend
