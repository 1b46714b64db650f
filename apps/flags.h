// Flags and `--set field=value` from a configuration's field list (core/fields.h).
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/error.h"
#include "core/field_io.h"
#include "core/fields.h"
#include "core/text.h"

namespace attend {

struct FlagSet {
  std::string group = "Options";                    ///< heading in the help
  std::map<std::string, std::string> aliases = {};  ///< field -> "--other-name,--another"
  std::vector<std::string> without = {};            ///< fields that get no flag
};

/// `hidden_size` -> `hidden-size`.
inline std::string hyphenated(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

/// The whole text as a finite number, or nothing. CLI11's own conversion lets 99999999999999999999 pass and reads 010 as 8.
template <class T>
std::optional<T> parse_number(const std::string& text) {
  std::string_view digits = text;
  if (std::is_integral_v<T> && digits.size() > 2 && digits.ends_with(".0")) digits.remove_suffix(2);  // Hugging Face's epochs are 3.0
  T number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(number)) return std::nullopt;
  return number;
}

/// For CLI::Option::check: a whole number from 1. CLI::PositiveNumber's own message has 300 digits.
inline CLI::Validator positive_number() {
  return {[](const std::string& text) {
            const auto number = parse_number<std::int64_t>(text);
            return number && *number > 0 ? std::string() : "'" + text + "' is not a whole number above 0";
          },
          ""};
}

namespace detail {

/// What a flag's value is called in the help: TEXT, INT, FLOAT, or the choices.
template <class T>
std::string type_label() {
  if constexpr (IsOptional<T>::value)
    return type_label<typename T::value_type>();
  else if constexpr (NamedEnum<T>)
    return enum_choices<T>();
  else if constexpr (std::is_same_v<T, std::string>)
    return "TEXT";
  else
    return std::is_same_v<T, double> ? "FLOAT" : "INT";
}

template <class T>
std::string default_text(const T& value) {
  if constexpr (IsOptional<T>::value) {
    return value ? default_text(*value) : "";
  } else if constexpr (NamedEnum<T>) {
    return std::string(enum_name(value));
  } else {
    std::ostringstream text;
    text << value;
    return text.str();
  }
}

/// Throws CLI::ValidationError where the text is not a T.
template <class T>
void set_from_flag(T& value, const std::string& flag, const std::string& text) {
  if constexpr (IsOptional<T>::value) {
    set_from_flag(value.emplace(), flag, text);
  } else if constexpr (NamedEnum<T>) {
    const auto found = enum_from_name<T>(text);
    if (!found) throw CLI::ValidationError(flag, "'" + text + "' is not one of " + enum_choices<T>());
    value = *found;
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = text;
  } else {
    const auto number = parse_number<T>(text);
    const std::string expected = std::is_integral_v<T> ? "a whole number in range" : "a number in range";
    if (!number) throw CLI::ValidationError(flag, "'" + text + "' is not " + expected);
    value = *number;
  }
}

}  // namespace detail

/// One flag bound to `value`, which must outlive the parsing; its help shows the choices and the default.
/// A bool is `--flag` and `--no-flag`; a vector takes several values.
template <class T>
CLI::Option* add_field_flag(CLI::App& command, const std::string& names, T& value, const std::string& help) {
  const std::string first = names.substr(0, names.find(','));
  if constexpr (std::is_same_v<T, bool>) {
    return command.add_flag(names + ",!--no-" + first.substr(2), value, help + (value ? " [on]" : " [off]"));
  } else if constexpr (std::is_same_v<T, std::vector<std::string>> || std::is_same_v<T, std::vector<std::int64_t>>) {
    return command.add_option(names, value, help)->capture_default_str();
  } else {
    const auto set = [&value, first](const std::string& text) { detail::set_from_flag(value, first, text); };
    return command.add_option_function<std::string>(names, set, help)
        ->type_name(detail::type_label<T>())
        ->default_str(detail::default_text(value));
  }
}

/// A flag for each field: `hidden_size` becomes `--hidden-size`. `config` must outlive the parsing.
template <Config T>
void add_config_flags(CLI::App& command, T& config, const FlagSet& set = {}) {
  for_each_field(config, [&](const char* name, auto& value, const char* help, const auto&...) {
    if (std::find(set.without.begin(), set.without.end(), name) != set.without.end()) return;
    std::string names = "--" + hyphenated(name);
    if (const auto alias = set.aliases.find(name); alias != set.aliases.end()) names += "," + alias->second;
    add_field_flag(command, names, value, help)->group(set.group);
  });
}

namespace detail {

/// The value's text as JSON of the field's type; text that does not parse stays a string, for from_json to refuse.
template <class T>
Json setting_to_json(const T&, const std::string& text) {
  if constexpr (IsOptional<T>::value) {
    if (text == "none") return nullptr;
    return setting_to_json(typename T::value_type{}, text);
  } else if constexpr (std::is_same_v<T, std::string> || NamedEnum<T>) {
    return text;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text == "true" || text == "on" || text == "yes" || text == "1") return true;
    if (text == "false" || text == "off" || text == "no" || text == "0") return false;
    return text;
  } else if constexpr (std::is_arithmetic_v<T>) {
    const auto number = parse_number<T>(text);
    return number ? Json(*number) : Json(text);
  } else {  // a vector, separated by commas
    Json list = Json::array();
    for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      list.push_back(setting_to_json(typename T::value_type{}, text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return list;
  }
}

}  // namespace detail

/// Applies `--set field=value` in order; hyphens and underscores are the same, "none" empties an optional.
/// Throws UserError that names the nearest field and lists all.
template <Config T>
void apply_settings(T& config, const std::vector<std::string>& settings) {
  std::vector<std::string> known;
  for_each_field(config, [&](const char* name, const auto&...) { known.push_back(name); });
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) throw UserError("--set " + setting + " has no '='", "write --set field=value");
    std::string field = setting.substr(0, equals);
    std::replace(field.begin(), field.end(), '-', '_');
    bool found = false;
    for_each_field(config, [&](const char* name, auto& value, const auto&...) {
      if (field != name) return;
      found = true;
      detail::field_from_json(value, detail::setting_to_json(value, setting.substr(equals + 1)), "--set", name);
    });
    if (found) continue;
    std::string list;
    for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
    const std::string near = nearest(field, known);
    throw UserError("--set: there is no field '" + field + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"), "fields: " + list);
  }
}

}  // namespace attend
