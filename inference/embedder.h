// Vectors for texts, as sentence-transformers makes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/fields.h"
#include "inference/text_examples.h"
#include "models/text_model.h"
#include "tokenizers/input_encoder.h"

namespace attend {

/// The mean over a text's tokens, or its first token's state.
enum class Pooling { kMean, kCls };
template <>
struct EnumNames<Pooling> {
  static constexpr std::array values{std::pair{Pooling::kMean, "mean"}, std::pair{Pooling::kCls, "cls"}};
};

/// How a sequence's states become one vector.
struct EmbeddingRecipe {
  Pooling pooling = Pooling::kMean;
  bool normalises = false;      ///< to length 1
  std::int64_t max_length = 0;  ///< tokens, special ones counted
};

/// What a folder of sentence-transformers' says in modules.json and the files it names; `asked` takes the place of its pooling. Without
/// modules.json the mean. Throws UserError for what cannot be followed.
EmbeddingRecipe read_embedding_recipe(const std::filesystem::path& folder, std::optional<Pooling> asked);

struct Embedding {
  std::vector<float> vector;
  std::vector<std::string> warnings;  ///< the text was cut
};

class Embedder {
 public:
  /// Reads at most `max_length` tokens of a text; where nothing is asked for, as many as recipe or tokenizer say. Throws UserError where
  /// tokenizer and model do not fit one another, and for a length that the model does not have.
  Embedder(std::shared_ptr<TextEncoder> model, std::shared_ptr<const InputEncoder> encoder, const EmbeddingRecipe& recipe,
           std::optional<std::int64_t> max_length = {});

  /// One a text; a TAB is a blank like any other. A text's vector does not depend on the others, up to the rounding of sums.
  std::vector<Embedding> embed(std::span<const std::string> texts) const;

 private:
  std::shared_ptr<TextEncoder> model_;
  std::shared_ptr<const InputEncoder> encoder_;
  EmbeddingRecipe recipe_;  // max_length decided
};

/// The embedder of a folder. Throws UserError.
Embedder load_embedder(const std::filesystem::path& folder, const LoadOptions& options = {}, std::optional<Pooling> pooling = {},
                       std::optional<std::int64_t> max_length = {});

}  // namespace attend
