// What turning large texts into prepared files needs, whatever the files are: is the text sound, has it been prepared
// already, and all processors for the work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/log.h"

namespace attend {

inline constexpr std::uint64_t kLinesWithProgress = 100'000;  // a shorter text is done before a bar is read

/// A text file by what shows that it has changed: size and time of change.
/// Throws UserError for "-", and a file that is missing, empty or not a file; a pipe is never waited for.
std::string file_state(const std::filesystem::path& path);

/// The name, 64 hexadecimal digits, of what is made from all that the description tells.
std::string prepared_key(std::string_view description);

/// True for a line without text: empty, or Unicode's white space alone.
bool is_blank(std::string_view line);

struct LineCounts {
  std::uint64_t lines = 0;
  std::uint64_t blank = 0;
};

/// Reads a text once. Throws UserError for ill-formed UTF-8, with its line.
LineCounts check_lines(const std::filesystem::path& path);

/// Calls work(0) to work(count - 1) on as many threads as the user allows (core/threads.h), fewer where the system refuses them or there
/// is little to do. The exception of the first item that throws comes out after all threads have ended.
void on_all_processors(std::size_t count, const std::function<void(std::size_t)>& work);

struct PreparedFiles {
  std::filesystem::path first, second;
};

/// The corpus of files made before; null where one is not there, is of another key, or (with a warning) damaged.
template <class Corpus, class... Paths>
std::shared_ptr<const Corpus> open_prepared(const std::string& key, const Paths&... files) {
  if (!(std::filesystem::exists(files) && ...)) return nullptr;
  try {
    auto corpus = std::make_shared<const Corpus>(files...);
    if (corpus->has_key(key)) return corpus;
  } catch (const UserError& damage) {
    log_warning(std::string(damage.what()) + "; it is made again");
  }
  return nullptr;
}

}  // namespace attend
