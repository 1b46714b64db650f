// Letters: N tokens of the batch (packed), L tokens of a text, E width.
#include "inference/embedder.h"

#include <algorithm>

#include <torch/torch.h>

#include "inference/folders.h"

namespace attend {
namespace {

/// The states after the prompt, of which a cut may have left none.
torch::Tensor pool(torch::Tensor hidden_LE, const EmbeddingRecipe& recipe, std::int64_t prompt_tokens) {
  const std::int64_t first = recipe.pools_prompt ? 0 : std::min(prompt_tokens, hidden_LE.size(0));
  hidden_LE = hidden_LE.narrow(0, first, hidden_LE.size(0) - first);
  auto pooled_E = recipe.pooling == Pooling::kCls ? hidden_LE[0] : hidden_LE.sum(0) / std::max<std::int64_t>(1, hidden_LE.size(0));
  if (recipe.normalises) pooled_E = pooled_E / pooled_E.norm().clamp_min(1e-12);
  return recipe.num_kept > 0 ? pooled_E.narrow(0, 0, std::min(recipe.num_kept, pooled_E.size(0))) : pooled_E;
}

}  // namespace

Embedder::Embedder(std::shared_ptr<TextEncoder> model, std::shared_ptr<const InputEncoder> encoder, EmbeddingRecipe recipe,
                   std::optional<std::int64_t> max_length)
    : model_(std::move(model)), encoder_(std::move(encoder)), recipe_(std::move(recipe)) {
  warnings_ = vocabulary_warnings(model_->vocab_size(), encoder_->vocab_size());
  warnings_.insert(warnings_.end(), recipe_.warnings.begin(), recipe_.warnings.end());
  recipe_.max_length = length_to_read(max_length, *model_, recipe_.max_length > 0 ? recipe_.max_length : encoder_->max_length());
  if (!recipe_.prompt.empty())
    prompt_tokens_ = static_cast<std::int64_t>(encoder_->encode(recipe_.prompt, std::nullopt, recipe_.max_length).ids.size()) -
                     encoder_->num_closing_tokens();
}

Embedder load_embedder(const std::filesystem::path& folder, const LoadOptions& options, const EmbeddingChoices& choices,
                       std::optional<std::int64_t> max_length) {
  EmbeddingRecipe recipe = read_embedding_recipe(folder, choices);
  auto encoder = load_encoder(recipe.model, recipe.letter_case);
  auto model = load_text_encoder(recipe.model, options);
  return {std::move(model), std::move(encoder), std::move(recipe), max_length};
}

std::vector<Embedding> Embedder::embed(std::span<const std::string> texts) const {
  const torch::NoGradGuard no_grad;
  std::vector<TextExample> examples;
  std::vector<Embedding> answers(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EncodedText encoded = encoder_->encode(recipe_.prompt + texts[i], std::nullopt, recipe_.max_length);
    answers[i].unknown = encoded.unknown;
    if (encoded.num_removed > 0)
      answers[i].warnings.push_back("is longer than " + std::to_string(recipe_.max_length) + " tokens; it was cut");
    examples.push_back({std::move(encoded.ids), std::move(encoded.type_ids)});
  }
  for (const auto& chosen : batches_by_length(examples, kAnswerTokens)) {
    const auto hidden_NE = model_->hidden(pack_examples(examples, chosen)).to(torch::kFloat32).cpu();
    std::int64_t begin = 0;
    for (const std::size_t index : chosen) {
      const auto length = static_cast<std::int64_t>(examples[index].ids.size());
      const auto vector_E = pool(hidden_NE.narrow(0, begin, length), recipe_, prompt_tokens_).contiguous();
      answers[index].vector.assign(vector_E.const_data_ptr<float>(), vector_E.const_data_ptr<float>() + vector_E.numel());
      begin += length;
    }
  }
  return answers;
}

}  // namespace attend
