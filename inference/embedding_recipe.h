// What a folder of sentence-transformers' says about how its vectors are made.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "tokenizers/input_encoder.h"

namespace attend {

/// The mean over a text's tokens, or its first token's state.
enum class Pooling { kMean, kCls };
template <>
struct EnumNames<Pooling> {
  static constexpr std::array values{std::pair{Pooling::kMean, "mean"}, std::pair{Pooling::kCls, "cls"}};
};

/// How a text becomes one vector.
struct EmbeddingRecipe {
  std::filesystem::path model;                     ///< folder of the model and its tokenizer
  LetterCase letter_case = LetterCase::kAsFolder;  ///< of the text, before it is cut into tokens
  std::int64_t max_length = 0;                     ///< tokens, special ones counted; 0: nothing is said
  std::string prompt = {};                         ///< stands before every text
  bool pools_prompt = true;                        ///< whether the mean is over the prompt's tokens too
  Pooling pooling = Pooling::kMean;
  bool normalises = false;                 ///< to length 1
  std::int64_t num_kept = 0;               ///< the vector's first numbers, cut after that; 0: all
  std::vector<std::string> warnings = {};  ///< what the folder says and is not followed
};

/// What takes the place of what a folder says.
struct EmbeddingChoices {
  std::optional<Pooling> pooling = {};
  std::optional<std::string> prompt = {};       ///< a text
  std::optional<std::string> prompt_name = {};  ///< or one of the folder's prompts
};

/// Follows modules.json, the files of its modules and config_sentence_transformers.json; without modules.json the mean of the model's
/// states, as sentence-transformers does. Throws UserError, with the key, for what cannot be followed.
EmbeddingRecipe read_embedding_recipe(const std::filesystem::path& folder, const EmbeddingChoices& choices = {});

}  // namespace attend
