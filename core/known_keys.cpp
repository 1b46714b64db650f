#include "core/known_keys.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace attend {
namespace {

/// 1 and 1.0 are the same value, and so are objects whose keys come in another order.
bool is_value(const Json& value, std::string_view text) { return nlohmann::json::parse(value.dump()) == nlohmann::json::parse(text); }

const KeyValue* find(std::span<const KeyValue> table, std::string_view key) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const KeyValue& entry) { return entry.key == key; });
  return found == table.end() ? nullptr : &*found;
}

std::string value_of(const std::string& key, const Json& value) { return key + " is " + excerpt(one_line(value)); }

}  // namespace

bool says_nothing(const Json& value) {
  return value.is_null() || (value.is_structured() && value.empty()) || (value.is_string() && value.get_ref<const std::string&>().empty());
}

std::vector<std::string> check_keys(const Json& object, const std::string& name, std::span<const KnownKeys> known,
                                    const std::set<std::string, std::less<>>& followed) {
  std::vector<std::string> told;
  std::string unknown;
  for (const auto& [key, value] : object.items()) {
    if (says_nothing(value)) continue;
    bool is_known = followed.contains(key);
    for (const KnownKeys& keys : known) {
      const KeyValue* const needed = find(keys.must_be, key);
      if (needed != nullptr && !is_value(value, needed->value))
        throw UserError(name + ": " + value_of(key, value) + "; only " + std::string(needed->value) + " is supported");
      const KeyValue* const neutral = find(keys.not_followed, key);
      if (neutral != nullptr && !is_value(value, neutral->value))
        told.push_back(name + ": " + value_of(key, value) + ", which is not supported and has no effect");
      is_known = is_known || needed != nullptr || neutral != nullptr || std::ranges::find(keys.harmless, key) != keys.harmless.end();
    }
    if (!is_known) unknown += (unknown.empty() ? "" : ", ") + excerpt(key);
  }
  if (!unknown.empty()) told.push_back(name + ": not known here, so without effect, although results may depend on it: " + unknown);
  return told;
}

}  // namespace attend
