// The keys of somebody else's JSON file: each is followed, refused, told of, or known to change nothing. None is passed over.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace attend {

/// A key, and a value of it written as JSON.
struct KeyValue {
  std::string_view key, value;
};

/// What a reader knows of the keys that it takes no value from. Tables of these stand beside each reader.
struct KnownKeys {
  std::span<const KeyValue> must_be = {};           ///< another value means something that we do not have: refused
  std::span<const KeyValue> not_followed = {};      ///< another value would have an effect elsewhere, and has none here: told
  std::span<const std::string_view> harmless = {};  ///< changes nothing here, or is read by another reader
};

/// What says nothing: null, "", [] and {}.
bool says_nothing(const Json& value);

/// Looks at every key of an object; `followed` are those that the reader took a value from. Returns what is to be told, each sentence
/// beginning with `name`. Keys that say nothing pass. Throws UserError for another value of a `must_be`.
std::vector<std::string> check_keys(const Json& object, const std::string& name, std::span<const KnownKeys> known,
                                    const std::set<std::string, std::less<>>& followed);

}  // namespace attend
