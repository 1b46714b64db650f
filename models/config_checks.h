// What configurations check of themselves. Each check throws a UserError that begins with the field's name; HfConfig::validate() puts
// config.json's own names in their places.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/limits.h"
#include "models/hf_config.h"

namespace attend {

inline constexpr std::int64_t kMostHidden = 1 << 16, kMostLayers = 1000, kMostInner = 1'000'000, kMostPositions = 1 << 20;

/// "num_layers is 0".
inline std::string is(const std::string& field, std::int64_t value) { return field + " is " + std::to_string(value); }

inline void check_range(const std::string& field, std::int64_t value, std::int64_t least, std::int64_t most) {
  require(value >= least && value <= most, is(field, value) + "; expected " + std::to_string(least) + " to " + std::to_string(most));
}

inline void check_vocabulary(std::int64_t vocab_size) { check_range("vocab_size", vocab_size, 1, limits::kVocabularySize); }

inline void check_heads(const std::string& field, std::int64_t heads, std::int64_t hidden_size) {
  require(heads >= 1 && hidden_size % heads == 0, is(field, heads) + ", which does not divide hidden_size " + std::to_string(hidden_size));
}

/// A share of things that are dropped.
inline void check_rate(const std::string& field, double rate) {
  require(rate >= 0 && rate < 1, field + " is " + std::to_string(rate) + "; expected 0 or more and less than 1");
}

inline void check_initializer(double initializer_range) {
  require(initializer_range >= 0 && initializer_range <= 10,
          "initializer_range is " + std::to_string(initializer_range) + "; expected 0 to 10");
}

inline void check_epsilon(double layer_norm_epsilon) {
  require(layer_norm_epsilon > 0 && layer_norm_epsilon < 1,
          "layer_norm_epsilon is " + std::to_string(layer_norm_epsilon) + "; expected more than 0, less than 1");
}

inline void check_id(const std::string& field, const std::optional<std::int64_t>& id, std::int64_t vocab_size) {
  require(!id || (*id >= 0 && *id < vocab_size), is(field, id.value_or(0)) + ", outside the vocabulary of " + std::to_string(vocab_size));
}

}  // namespace attend
