#include "core/json.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace attend {
namespace {

/// Builds the document from the parser's events. nlohmann's own builder keeps the last of two equal keys, has no limit of
/// depth, and looks every key of an ordered object up among the earlier ones, which takes minutes for a large vocabulary.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  StrictBuilder(std::string_view text, const std::string& name, std::size_t max_values)
      : text_(text), name_(name), values_left_(max_values) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }

  bool end_object() override {
    std::vector<std::string_view> keys;
    for (const auto& [key, ignored] : stack_.back()->get_ref<const Json::object_t&>()) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    if (const auto found = std::adjacent_find(keys.begin(), keys.end()); found != keys.end()) {
      throw UserError(name_ + ": the key '" + excerpt(*found) + "' stands twice in one JSON object; expected it once");
    }
    stack_.pop_back();
    return true;
  }

  bool end_array() override {
    stack_.pop_back();
    return true;
  }

  bool parse_error(std::size_t position, const std::string& last_token, const nlohmann::json::exception& error) override {
    throw UserError(name_ + ": " + place(position) + ": " + describe(position, last_token, error.what()));
  }

 private:
  template <class T>
  bool add(T&& value) {
    append(Json(std::forward<T>(value)));
    return true;
  }

  bool open(Json container) {
    if (stack_.size() >= limits::kJsonDepth) {
      throw UserError(name_ + ": JSON nested deeper than " + std::to_string(limits::kJsonDepth) + " levels");
    }
    stack_.push_back(append(std::move(container)));
    return true;
  }

  Json* append(Json value) {
    if (values_left_-- == 0) throw UserError(name_ + ": too many JSON values");
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    auto& members = parent.get_ref<Json::object_t&>();
    members.emplace_back(std::move(key_), std::move(value));  // the vector's: no search for an equal key
    return &members.back().second;
  }

  /// nlohmann's message without its number and its own position.
  std::string describe(std::size_t position, const std::string& last_token, std::string what) const {
    // Python's json module writes these three; the parser stops after the first letter, or before it where a minus is.
    for (const std::size_t start : {position - 1, position}) {
      if (start >= text_.size()) continue;
      const std::string_view rest = text_.substr(start);
      if (rest.starts_with("NaN") || rest.starts_with("Infinity"))
        return "found NaN or Infinity; JSON has no such number, expected a finite one or null";
    }
    if (what.find("out_of_range") != std::string::npos) return "the number " + excerpt(last_token) + " is outside the range of a double";
    if (const std::size_t start = what.find("syntax error"); start != std::string::npos) what.erase(0, start);
    return "not valid JSON: " + excerpt(what, 240);
  }

  std::string place(std::size_t position) const {
    const std::string_view before = text_.substr(0, std::min(position, text_.size()));
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return "line " + std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + ", column " +
           std::to_string(before.size() - line_start);
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t values_left_;
  Json root_;
  std::vector<Json*> stack_;  // the open containers; a parent does not grow while its child is open
  std::string key_;
};

[[noreturn]] void throw_wrong(const Json& value, const std::string& name, std::string_view key, const std::string& expected) {
  throw UserError(name + ": " + std::string(key) + " is " + excerpt(value.dump(-1, ' ', false, Json::error_handler_t::replace)) +
                  "; expected " + expected);
}

}  // namespace

Json parse_json(std::string_view text, const std::string& name, std::size_t max_values) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) throw UserError(name + ": empty; expected JSON");
  // nlohmann's lexer takes a NUL for the end of the text and would not look at what follows.
  if (text.find('\0') != std::string_view::npos) throw UserError(name + ": found a NUL byte; expected JSON text");
  StrictBuilder builder(text, name, max_values);
  Json::sax_parse(text, &builder);
  return builder.take();
}

Json read_json_file(const std::filesystem::path& path) { return parse_json(read_file(path, limits::kJsonBytes), path.string()); }

std::string one_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void write_json_file(const std::filesystem::path& path, const Json& value) {
  std::string text;
  try {
    text = value.dump(2) + "\n";
  } catch (const Json::type_error&) {
    throw UserError(path.string() + ": a text to save is not valid UTF-8");
  }
  write_file_atomically(path, text);
}

std::int64_t json_integer(const Json& value, const std::string& name, std::string_view key) {
  constexpr const char* kExpected = "an integer of 64 bits";
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) throw_wrong(value, name, key, kExpected);
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    // 2^63 itself is a double, INT64_MAX is not.
    if (std::trunc(number) == number && number >= -0x1p63 && number < 0x1p63) return static_cast<std::int64_t>(number);
  }
  throw_wrong(value, name, key, kExpected);
}

double json_number(const Json& value, const std::string& name, std::string_view key) {
  if (!value.is_number()) throw_wrong(value, name, key, "a number");
  return value.get<double>();
}

bool json_bool(const Json& value, const std::string& name, std::string_view key) {
  if (!value.is_boolean()) throw_wrong(value, name, key, "true or false");
  return value.get<bool>();
}

std::string json_string(const Json& value, const std::string& name, std::string_view key) {
  if (!value.is_string()) throw_wrong(value, name, key, "a text in quotes");
  return value.get<std::string>();
}

}  // namespace attend
