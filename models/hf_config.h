// Reading transformers' config.json: absent and null keys keep the value they find.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/json.h"
#include "models/layers/activation.h"

namespace attend {

/// A config.json and the file's name, for messages. Every member throws UserError, with file and key, for a value of another type.
class HfConfig {
 public:
  HfConfig(const Json& json, std::string name) : json_(json), name_(std::move(name)) {}

  /// Refuses a key whose other values mean another model. Absent is `expected`.
  void must_be(const char* key, const Json& expected) const;
  void read(const char* key, std::int64_t& value) const;
  void read(const char* key, double& value) const;
  void read(const char* key, bool& value) const;
  template <class T>
  void read(const char* key, std::optional<T>& value) const {
    if (find(key) != nullptr) read(key, value.emplace());
  }
  /// "silu" and "swish", "gelu_new" and "gelu_pytorch_tanh" are the same.
  void read(const char* key, Activation& value) const;

  const std::string& name() const { return name_; }

 private:
  const Json* find(const char* key) const;

  const Json& json_;
  std::string name_;
};

/// Runs config.validate(), and puts the file's name in front of what it throws.
template <class Config>
void validate_as(const Config& config, const std::string& name) {
  try {
    config.validate();
  } catch (const UserError& error) {
    throw UserError(name + ": " + error.what(), error.hint());
  }
}

/// For the validate() of a configuration. Throws UserError.
inline void require(bool condition, const std::string& message) {
  if (!condition) throw UserError(message);
}

}  // namespace attend
