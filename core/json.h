// JSON from foreign files, strictly: duplicate keys refused, depth capped, numbers kept in range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/limits.h"

namespace attend {

using Json = nlohmann::ordered_json;  // keeps the order of keys, so that what we write can be compared

/// Parses text. `name` (usually a path) opens every message.
/// Throws UserError on anything but one well-formed UTF-8 document: duplicate keys, depth over limits::kJsonDepth,
/// trailing text, numbers outside the range of a double, more than `max_values` values.
Json parse_json(std::string_view text, const std::string& name, std::size_t max_values = limits::kJsonValues);

/// Reads and parses a file of at most limits::kJsonBytes.
Json read_json_file(const std::filesystem::path& path);

/// JSON of one line; ill-formed UTF-8 becomes U+FFFD.
std::string one_line(const Json& json);

/// Writes atomically (see core/atomic_file.h), with two spaces of indent and a final newline.
void write_json_file(const std::filesystem::path& path, const Json& value);

/// One member, checked. `name` is the file, for the message. Accepts 5.0 where an integer is asked for (transformers
/// writes some so), refuses fractions, values outside int64, and wrong types.
std::int64_t json_integer(const Json& value, const std::string& name, std::string_view key);
double json_number(const Json& value, const std::string& name, std::string_view key);
bool json_bool(const Json& value, const std::string& name, std::string_view key);
std::string json_string(const Json& value, const std::string& name, std::string_view key);

}  // namespace attend
