#include "models/hf_config.h"

#include "core/field_io.h"

namespace attend {

std::string with_words_replaced(const std::string& text, const std::map<std::string, std::string, std::less<>>& words) {
  const auto is_part = [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && is_part(text[end])) ++end;
    const std::string word = text.substr(begin, end - begin);
    const auto found = words.find(word);
    result += found == words.end() ? word : found->second;
    if (end < text.size()) result += text[end++];
    begin = end;
  }
  return result;
}

const Json* HfConfig::find(const char* key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void HfConfig::must_be(const char* key, const Json& expected) const {
  const Json* const found = find(key);
  if (found != nullptr && *found != expected)
    throw UserError(name_ + ": " + key + " is " + found->dump() + "; only " + expected.dump() + " is supported");
}

void HfConfig::take(const Json& json, const char* key, std::int64_t& value) const { value = json_integer(json, name_, key); }
void HfConfig::take(const Json& json, const char* key, double& value) const { value = json_number(json, name_, key); }
void HfConfig::take(const Json& json, const char* key, bool& value) const { value = json_bool(json, name_, key); }

void HfConfig::take(const Json& json, const char* key, Activation& value) const {
  std::string spelling = json_string(json, name_, key);
  if (spelling == "silu") spelling = "swish";
  if (spelling == "gelu_pytorch_tanh") spelling = "gelu_new";
  detail::field_from_json(value, Json(spelling), name_, key);
}

}  // namespace attend
