#include "models/hf_config.h"

#include "core/field_io.h"

namespace attend {

const Json* HfConfig::find(const char* key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void HfConfig::must_be(const char* key, const Json& expected) const {
  const Json* const found = find(key);
  if (found != nullptr && *found != expected)
    throw UserError(name_ + ": " + key + " is " + found->dump() + "; only " + expected.dump() + " is supported");
}

void HfConfig::read(const char* key, std::int64_t& value) const {
  if (const Json* const found = find(key)) value = json_integer(*found, name_, key);
}

void HfConfig::read(const char* key, double& value) const {
  if (const Json* const found = find(key)) value = json_number(*found, name_, key);
}

void HfConfig::read(const char* key, bool& value) const {
  if (const Json* const found = find(key)) value = json_bool(*found, name_, key);
}

void HfConfig::read(const char* key, Activation& value) const {
  const Json* const found = find(key);
  if (found == nullptr) return;
  std::string spelling = json_string(*found, name_, key);
  if (spelling == "silu") spelling = "swish";
  if (spelling == "gelu_pytorch_tanh") spelling = "gelu_new";
  detail::field_from_json(value, Json(spelling), name_, key);
}

}  // namespace attend
