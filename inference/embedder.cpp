// Letters: N tokens of the batch (packed), L tokens of a text, E width.
#include "inference/embedder.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/json.h"
#include "inference/folders.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

/// The pooling that a module's config.json names: "pooling_mode" since sentence-transformers 5.4, before that a switch for each kind.
Pooling read_pooling(const fs::path& path) {
  const std::string name = path.string();
  const Json config = read_json_file(path);
  if (!config.is_object()) throw UserError(name + ": expected a JSON object");
  std::vector<std::string> modes;
  if (const auto mode = config.find("pooling_mode"); mode != config.end() && !mode->is_null()) {
    for (const Json& one : mode->is_array() ? *mode : Json::array({*mode})) modes.push_back(json_string(one, name, "pooling_mode"));
  } else {
    for (const auto& [key, value] : config.items())
      if (key.starts_with("pooling_mode_") && !value.is_null() && json_bool(value, name, key)) modes.push_back(key.substr(13));
  }
  if (modes.size() == 1 && (modes[0] == "mean" || modes[0] == "mean_tokens")) return Pooling::kMean;
  if (modes.size() == 1 && (modes[0] == "cls" || modes[0] == "cls_token")) return Pooling::kCls;
  std::string found;
  for (const std::string& mode : modes) found += (found.empty() ? "" : ", ") + mode;
  throw UserError(name + ": pooling by " + (found.empty() ? "nothing" : found) + "; expected the mean, or the first token",
                  "choose with --pooling mean|cls; its vectors are others than this folder's");
}

torch::Tensor pool(const torch::Tensor& hidden_LE, const EmbeddingRecipe& recipe) {
  const auto pooled_E = recipe.pooling == Pooling::kCls ? hidden_LE[0] : hidden_LE.mean(0);
  return recipe.normalises ? pooled_E / pooled_E.norm().clamp_min(1e-12) : pooled_E;
}

}  // namespace

EmbeddingRecipe read_embedding_recipe(const fs::path& folder, std::optional<Pooling> asked) {
  EmbeddingRecipe recipe{.pooling = asked.value_or(Pooling::kMean)};
  const std::string name = (folder / "modules.json").string();
  if (!fs::exists(name)) return recipe;
  const Json modules = read_json_file(name);
  if (!modules.is_array()) throw UserError(name + ": expected a list of modules");
  for (const Json& module : modules) {
    if (!module.is_object()) throw UserError(name + ": expected a list of objects");
    const auto text = [&](const char* key) { return json_string(module.value(key, Json()), name, key); };
    const std::string type = text("type");
    if (type.ends_with(".Transformer")) {
      const fs::path limits = folder / "sentence_bert_config.json";
      if (!fs::exists(limits)) continue;
      const Json config = read_json_file(limits);
      if (const auto found = config.find("max_seq_length"); found != config.end() && !found->is_null())
        recipe.max_length = json_integer(*found, limits.string(), "max_seq_length");
    } else if (type.ends_with(".Pooling")) {
      if (!asked) recipe.pooling = read_pooling(folder / text("path") / "config.json");
    } else if (type.ends_with(".Normalize")) {
      recipe.normalises = true;
    } else {
      throw UserError(name + ": a module of type " + type + " is not supported; expected Transformer, Pooling, Normalize");
    }
  }
  return recipe;
}

Embedder::Embedder(std::shared_ptr<TextEncoder> model, std::shared_ptr<const InputEncoder> encoder, const EmbeddingRecipe& recipe,
                   std::optional<std::int64_t> max_length)
    : model_(std::move(model)), encoder_(std::move(encoder)), recipe_(recipe) {
  require_vocabulary(model_->vocab_size(), encoder_->vocab_size());
  recipe_.max_length = length_to_read(max_length, *model_, recipe.max_length > 0 ? recipe.max_length : encoder_->max_length());
}

Embedder load_embedder(const fs::path& folder, const LoadOptions& options, std::optional<Pooling> pooling,
                       std::optional<std::int64_t> max_length) {
  auto encoder = load_encoder(folder);
  auto model = load_text_encoder(folder, options);
  return {std::move(model), std::move(encoder), read_embedding_recipe(folder, pooling), max_length};
}

std::vector<Embedding> Embedder::embed(std::span<const std::string> texts) const {
  const torch::NoGradGuard no_grad;
  std::vector<TextExample> examples;
  std::vector<Embedding> answers(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EncodedText encoded = encoder_->encode(texts[i], std::nullopt, recipe_.max_length);
    if (encoded.num_removed > 0)
      answers[i].warnings.push_back("is longer than " + std::to_string(recipe_.max_length) + " tokens; it was cut");
    examples.push_back({std::move(encoded.ids), std::move(encoded.type_ids)});
  }
  for (const auto& chosen : batches_by_length(examples, kAnswerTokens)) {
    const auto hidden_NE = model_->hidden(pack_examples(examples, chosen)).to(torch::kFloat32).cpu();
    std::int64_t begin = 0;
    for (const std::size_t index : chosen) {
      const auto length = static_cast<std::int64_t>(examples[index].ids.size());
      const auto vector_E = pool(hidden_NE.narrow(0, begin, length), recipe_).contiguous();
      answers[index].vector.assign(vector_E.const_data_ptr<float>(), vector_E.const_data_ptr<float>() + vector_E.numel());
      begin += length;
    }
  }
  return answers;
}

}  // namespace attend
