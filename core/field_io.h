// A configuration's field list (core/fields.h) to and from JSON and TOML.
#pragma once

#include <string>

#include "core/error.h"
#include "core/fields.h"
#include "core/json.h"

namespace attend {

namespace detail {
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
Json field_to_json(const T& value) {
  if constexpr (IsOptional<T>::value)
    return value ? field_to_json(*value) : Json(nullptr);
  else if constexpr (NamedEnum<T>)
    return Json(std::string(enum_name(value)));
  else
    return Json(value);
}

template <class T>
void field_from_json(T& field, const Json& value, const std::string& name, std::string_view key) {
  if constexpr (IsOptional<T>::value) {
    if (value.is_null()) {
      field.reset();
    } else {
      field.emplace();
      field_from_json(*field, value, name, key);
    }
  } else if constexpr (NamedEnum<T>) {
    const std::string text = json_string(value, name, key);
    const auto found = enum_from_name<T>(text);
    if (!found) throw UserError(name + ": " + std::string(key) + " is '" + text + "'; expected " + enum_choices<T>());
    field = *found;
  } else if constexpr (std::is_same_v<T, bool>) {
    field = json_bool(value, name, key);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    field = json_integer(value, name, key);
  } else if constexpr (std::is_same_v<T, double>) {
    field = json_number(value, name, key);
  } else if constexpr (std::is_same_v<T, std::string>) {
    field = json_string(value, name, key);
  } else {  // a vector
    if (!value.is_array()) throw UserError(name + ": " + std::string(key) + " must be a list");
    field.clear();
    for (const auto& item : value) {
      typename T::value_type element{};
      field_from_json(element, item, name, key);
      field.push_back(std::move(element));
    }
  }
}
}  // namespace detail

/// {"field": value, ...} in the order of the field list.
template <Config T>
Json to_json(const T& config) {
  Json result = Json::object();
  for_each_field(config, [&](const char* name, const auto& value, const auto&...) { result[name] = detail::field_to_json(value); });
  return result;
}

enum class UnknownKeys { kRefuse, kIgnore };

/// Sets the fields named in `object`; the others keep their defaults. `name` is the file, for messages.
/// Throws UserError for wrong types, and for unknown keys where asked.
template <Config T>
void from_json(T& config, const Json& object, const std::string& name, UnknownKeys unknown = UnknownKeys::kIgnore) {
  if (!object.is_object()) throw UserError(name + ": expected a JSON object");
  std::string known;
  for_each_field(config, [&](const char* key, auto& value, const auto&...) {
    known += (known.empty() ? "" : ", ") + std::string(key);
    if (const auto found = object.find(key); found != object.end()) detail::field_from_json(value, *found, name, key);
  });
  if (unknown == UnknownKeys::kIgnore) return;
  for (const auto& [key, ignored] : object.items()) {
    bool is_known = false;
    for_each_field(config, [&](const char* field, const auto&...) { is_known = is_known || key == field; });
    if (!is_known) throw UserError(name + ": unknown setting '" + key + "'", "known settings: " + known);
  }
}

/// The document as TOML: scalars first, then one [table] for each nested object.
std::string json_to_toml(const Json& object);

/// Reads TOML as JSON. Throws UserError with the line and column of a mistake. `name` is the file, for messages.
Json toml_to_json(std::string_view text, const std::string& name);

}  // namespace attend
