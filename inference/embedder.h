// Vectors for texts, as sentence-transformers makes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inference/embedding_recipe.h"
#include "inference/text_examples.h"
#include "models/text_model.h"
#include "tokenizers/input_encoder.h"

namespace attend {

struct Embedding {
  std::vector<float> vector;
  UnknownShare unknown;               ///< of the text
  std::vector<std::string> warnings;  ///< the text was cut
};

class Embedder {
 public:
  /// Reads at most `max_length` tokens of a text; where nothing is asked for, as many as recipe or tokenizer say. Throws UserError where
  /// tokenizer and model do not fit one another, and for a length that the model does not have.
  Embedder(std::shared_ptr<TextEncoder> model, std::shared_ptr<const InputEncoder> encoder, EmbeddingRecipe recipe,
           std::optional<std::int64_t> max_length = {});

  /// One a text, behind the prompt; a TAB is a blank like any other. A text's vector does not depend on the others, up to the rounding of
  /// sums.
  std::vector<Embedding> embed(std::span<const std::string> texts) const;
  /// What is to be told of the folder.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const EmbeddingRecipe& recipe() const { return recipe_; }

 private:
  std::shared_ptr<TextEncoder> model_;
  std::shared_ptr<const InputEncoder> encoder_;
  EmbeddingRecipe recipe_;          // max_length decided
  std::int64_t prompt_tokens_ = 0;  // what stands before the text, the template's beginning counted
  std::vector<std::string> warnings_;
};

/// The embedder of a folder. Throws UserError.
Embedder load_embedder(const std::filesystem::path& folder, const LoadOptions& options = {}, const EmbeddingChoices& choices = {},
                       std::optional<std::int64_t> max_length = {});

}  // namespace attend
