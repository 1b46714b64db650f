// What every fuzzer does: a UserError is the right answer to a malformed input; another exception, a report of a sanitizer, a hang or a
// broken promise is a finding. Run by ctest under the preset "fuzz" for some seconds each, by hand for as long as one likes:
//   build/fuzz/bin/table_fuzzer -max_total_time=3600 build/fuzz/corpus/table build/fuzz/seeds/table
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/log.h"

namespace attend::fuzz {

/// Ends the run with a finding. libFuzzer keeps the input.
inline void promise(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken promise: " << what << '\n';
  std::abort();
}

/// Runs `work` on an input. Refusals are fine.
template <class Work>
int expect_value_or_refusal(Work work) {
  set_log_level(LogLevel::kQuiet);
  try {
    work();
  } catch (const UserError& error) {
    promise(*error.what() != '\0', "a refusal says something");
  }
  return 0;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

/// The input's parts, which a byte 0xFF separates: it stands in no UTF-8. As many as asked for, missing ones empty.
inline std::vector<std::string> parts_of(const std::uint8_t* data, std::size_t size, std::size_t count) {
  std::vector<std::string> parts(count);
  std::size_t part = 0;
  for (const char c : text_of(data, size)) {
    if (c == '\xff' && part + 1 < count)
      ++part;
    else
      parts[part] += c;
  }
  return parts;
}

/// A folder in memory, the same for every input of a process.
class Folder {
 public:
  Folder() : path_("/dev/shm/attend-fuzz-" + std::to_string(::getpid())) { std::filesystem::create_directories(path_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// An empty text is no file.
  void write(const std::string& name, std::string_view text) const {
    if (text.empty())
      std::filesystem::remove(path_ / name);
    else
      std::ofstream(path_ / name, std::ios::binary) << text;
  }
  void write(std::initializer_list<const char*> names, const std::vector<std::string>& texts) const {
    for (auto text = texts.begin(); const char* name : names) write(name, *text++);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace attend::fuzz
