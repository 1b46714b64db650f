// What every reader of text asks before it reads: is it a file, can it be read again, is it UTF-8 text at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace attend {

/// Opens a file of text. Throws UserError for a missing file and a folder.
std::unique_ptr<std::ifstream> open_text(const std::filesystem::path& path);

/// For texts that are read more than once. Throws UserError, without opening the file, for standard input ("-"), a pipe, a folder, a
/// device, and a file that is missing. `reader` is who reads: "training", "learning a vocabulary".
void require_readable_again(const std::filesystem::path& path, const std::string& reader);

inline constexpr std::size_t kTextBeginning = 4096;  ///< bytes that show what a file is

/// Throws UserError where the beginning of a file is known to be no UTF-8 text: compressed, an archive, a table of Parquet, UTF-32, UTF-16
/// with or without its mark. The hint is the command that converts it.
void check_text_beginning(std::string_view beginning, const std::string& name);

/// The same of one line, which begins behind a line break ("\n"): UTF-16 without a mark. `number` counts from 1.
void check_text_line(std::string_view line, std::uint64_t number, const std::string& name);

/// "NAME, line N: not valid UTF-8", with the command that converts.
UserError not_utf8(const std::string& name, std::uint64_t line_number);

}  // namespace attend
