// Letters: B sequences, N tokens (packed), E hidden size.
#include "models/bert/model.h"

#include <cmath>

#include <torch/torch.h>

#include "core/error.h"
#include "models/layers/positions.h"
#include "models/layers/recompute.h"

namespace attend {

BertLayerImpl::BertLayerImpl(const BertConfig& config, std::int64_t number)
    : self_attention(register_module("self_attention", SelfAttention(config.attention(number)))),
      feed_forward(register_module("feed_forward", FeedForward(config.feed_forward()))),
      self_attention_norm(register_module("self_attention_norm", ResidualNorm(config.norm()))),
      feed_forward_norm(register_module("feed_forward_norm", ResidualNorm(config.norm()))) {}

torch::Tensor BertLayerImpl::forward(torch::Tensor x_NE, const AttentionCall& call) const {
  x_NE = self_attention_norm->forward(x_NE, self_attention->forward(x_NE, call));
  return feed_forward_norm->forward(x_NE, feed_forward->forward(x_NE));
}

BertModelImpl::BertModelImpl(const BertConfig& config, Pooler wanted, Start start)
    : config_(config),
      token_table_(register_parameter("token_embedding", torch::empty({config.vocab_size, config.hidden_size}))),
      position_table_(register_parameter("position_embedding", torch::empty({config.max_positions, config.hidden_size}))),
      type_table_(register_parameter("type_embedding", torch::empty({config.type_vocab_size, config.hidden_size}))),
      // The embeddings are a sum, of which nothing is dropped in front of the norm.
      embedding_norm_(register_module("embedding_norm", ResidualNorm(ResidualNormConfig{config.hidden_size, config.layer_norm_epsilon}))),
      embedding_dropout_(register_module("embedding_dropout", Dropout(config.dropout))),
      layers_(register_module("layers", torch::nn::ModuleList())) {
  for (std::int64_t i = 0; i < config.num_layers; ++i) layers_->push_back(BertLayer(config, i));
  if (wanted != Pooler::kNo) pooler = register_module("pooler", Linear(config.hidden_size, config.hidden_size));
  if (wanted == Pooler::kKept)
    for (auto& parameter : pooler->parameters()) parameter.requires_grad_(false);
  if (start == Start::kDrawn) initialize();
}

// Appendix A.2 of Devlin et al. 2019 and their code: N(0, 0.02) everywhere; docs/bert.md says what small models start from.
void BertModelImpl::initialize() {
  const torch::NoGradGuard no_gradient;
  for (auto& table : {token_table_, position_table_, type_table_}) torch::Tensor(table).normal_(0, config_.initializer_range);
  torch::Tensor(token_table_)[config_.pad_id].zero_();
  start_positions(position_table_, config_.position_start, config_.initializer_range);
  for (const auto& module : modules(/*include_self=*/false))
    if (auto* linear = module->as<Linear>()) linear->weight.normal_(0, config_.initializer_range);
  for (const auto& layer : *layers_) layer->as<BertLayer>()->self_attention->inner->initialize();
}

void BertModelImpl::freeze(std::int64_t layers) {
  if (layers < 0 || layers > config_.num_layers)
    throw UserError("--freeze-layers is " + std::to_string(layers) + "; the model has " + std::to_string(config_.num_layers) + " layers");
  for (auto& table : {token_table_, position_table_, type_table_}) torch::Tensor(table).requires_grad_(false);
  for (auto& parameter : embedding_norm_->parameters()) parameter.requires_grad_(false);
  for (std::int64_t i = 0; i < layers; ++i)
    for (auto& parameter : layers_[static_cast<std::size_t>(i)]->parameters()) parameter.requires_grad_(false);
}

void BertModelImpl::check(const TextBatch& batch) const {
  TORCH_CHECK(batch.type_ids.size() == batch.tokens.ids.size(), "a segment for each token");
  for (const std::int64_t id : batch.tokens.ids)
    TORCH_CHECK(id >= 0 && id < config_.vocab_size, "token id ", id, " is outside the vocabulary of ", config_.vocab_size);
  for (const std::int64_t type : batch.type_ids)
    TORCH_CHECK(type >= 0 && type < config_.type_vocab_size, "segment ", type, " is none of the model's ", config_.type_vocab_size);
  for (const std::int64_t length : batch.tokens.lengths)
    TORCH_CHECK(length >= 1 && length <= config_.max_positions, "a sequence of ", length, " tokens; the model has ", config_.max_positions,
                " positions");
}

// Figure 2: the sum of the token's, the position's and the segment's embedding, normalised. The padding token's look-up gives no
// gradient to its row: as in transformers, whose Big Bird drops out of the sum, not of what is normalised.
torch::Tensor BertModelImpl::embed(const TextBatch& batch, const PackedLayout& layout) const {
  const auto device = token_table_.device();
  const auto ids_N = ids_tensor(batch.tokens.ids, device), types_N = ids_tensor(batch.type_ids, device);
  auto tokens_NE = torch::embedding(token_table_, ids_N, /*padding_idx=*/config_.pad_id);
  if (config_.rescale_embeddings) tokens_NE = tokens_NE * std::sqrt(static_cast<double>(config_.hidden_size));
  const auto places_NE = torch::embedding(position_table_, layout.positions_N()) + torch::embedding(type_table_, types_N);
  if (config_.is_big_bird()) return embedding_norm_->forward(embedding_dropout_->forward(tokens_NE + places_NE));
  return embedding_dropout_->forward(embedding_norm_->forward(tokens_NE, places_NE));
}

BertStates BertModelImpl::encode(const TextBatch& batch, AttentionRecord* record) const {
  check(batch);
  BertStates states{.hidden_NE = {}, .layout = PackedLayout(batch.tokens.lengths, token_table_.device())};
  auto x_NE = embed(batch, states.layout);
  for (std::size_t i = 0; i < layers_->size(); ++i) {
    const auto layer = [&layer = *(*layers_)[i]->as<BertLayer>(), i, layout = states.layout, record](const BlockStates& in) -> BlockStates {
      return {layer.forward(in.x, {.tokens = layout, .layer = i, .record = record})};
    };
    x_NE = recomputed(layer, {x_NE}).x;
  }
  states.hidden_NE = x_NE;
  return states;
}

torch::Tensor BertModelImpl::first_tokens(const BertStates& states) const {
  auto first = states.layout.offsets();
  first.pop_back();
  return states.hidden_NE.index_select(0, ids_tensor(first, states.hidden_NE.device()));
}

torch::Tensor BertModelImpl::pool(const BertStates& states) const { return torch::tanh(pooler->forward(first_tokens(states))); }

}  // namespace attend
