#include "data/text_preparation.h"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <span>
#include <thread>
#include <vector>

#include "core/atomic_file.h"
#include "core/text.h"

namespace attend {
namespace {

constexpr std::size_t kLeastOfAThread = 64;  // items that are worth starting one

}  // namespace

std::string file_state(const std::filesystem::path& path) {
  struct stat status {};
  if (path == "-") throw UserError("the text to train on is read more than once, so it cannot be standard input", "name a file");
  if (::stat(path.c_str(), &status) != 0) throw UserError("cannot read " + path.string() + ": there is no such file");
  if (!S_ISREG(status.st_mode)) throw UserError(path.string() + " is not a file; expected text");
  if (status.st_size == 0) throw UserError(path.string() + " is empty; expected text");
  return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + "\n";
}

std::string prepared_key(std::string_view description) { return sha256_hex(std::as_bytes(std::span(description))); }

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\v\f") == std::string_view::npos; }

LineCounts check_lines(const std::filesystem::path& path) {
  LineReader reader(path);
  LineCounts counts;
  for (std::string line; reader.next(line);) {
    if (!is_valid_utf8(line))
      throw UserError(path.string() + ", line " + std::to_string(reader.line_number()) + ": not valid UTF-8",
                      "convert the file, for example with iconv");
    counts.blank += is_blank(line);
  }
  counts.lines = reader.line_number();
  return counts;
}

void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& work) {
  const std::size_t num_threads = std::clamp<std::size_t>(count / kLeastOfAThread, 1, std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::exception_ptr> failures(num_threads);
  const auto run = [&](std::size_t thread) {
    try {
      for (std::size_t i = thread; i < count; i += num_threads) work(i);
    } catch (...) {
      failures[thread] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < num_threads; ++i) threads.emplace_back(run, i);
  run(0);
  for (std::thread& thread : threads) thread.join();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace attend
