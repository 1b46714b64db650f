// A configuration is a plain aggregate with one list of its fields:
//
//   struct OptimizerConfig {
//     double learning_rate = 5e-4;
//     Schedule schedule = Schedule::kInverseSqrt;
//     static void fields(auto& self, auto&& visit) {
//       visit("learning_rate", self.learning_rate, "peak learning rate");
//       visit("schedule", self.schedule, "how it changes over the run");
//     }
//   };
//
// Flags (apps/flags.h), TOML and JSON (core/field_io.h), help and comparison all come from that list.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace attend {

/// The names of an enumeration's values. Specialise beside the enumeration:
///   template <> struct EnumNames<Schedule> {
///     static constexpr std::array values{std::pair{Schedule::kCosine, "cosine"}, ...};
///   };
template <class E>
struct EnumNames;

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { EnumNames<E>::values; };

template <NamedEnum E>
constexpr std::string_view enum_name(E value) {
  for (const auto& [candidate, name] : EnumNames<E>::values)
    if (candidate == value) return name;
  return "?";
}

/// The value with this name; nothing where there is none.
template <NamedEnum E>
constexpr std::optional<E> enum_from_name(std::string_view text) {
  for (const auto& [candidate, name] : EnumNames<E>::values)
    if (text == name) return candidate;
  return std::nullopt;
}

/// "adam|adamw": for help texts and messages.
template <NamedEnum E>
std::string enum_choices() {
  std::string choices;
  for (const auto& [candidate, name] : EnumNames<E>::values) choices += (choices.empty() ? "" : "|") + std::string(name);
  return choices;
}

/// Anything with a field list.
template <class T>
concept Config = std::is_class_v<T> && requires(T& value) { T::fields(value, [](auto&&...) {}); };

/// Calls visit(name, value, help) for each field. Field types: bool, std::int64_t, double, std::string,
/// std::vector<std::string>, std::vector<std::int64_t>, std::optional of the first four, a NamedEnum.
template <Config T, class Visit>
void for_each_field(T& config, Visit&& visit) {
  std::remove_const_t<T>::fields(config, std::forward<Visit>(visit));
}

}  // namespace attend
