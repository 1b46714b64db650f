// Letters: N tokens (packed), R decoded rows, E hidden size.
#include "models/gpt/model.h"

#include <cmath>

#include <torch/torch.h>

#include "core/error.h"
#include "models/layers/positions.h"

namespace attend {

GptBlockImpl::GptBlockImpl(const GptConfig& config)
    : attention_norm(register_module("attention_norm", ResidualNorm(config.norm()))),
      feed_forward_norm(register_module("feed_forward_norm", ResidualNorm(config.norm()))),
      self_attention(register_module("self_attention", SelfAttention(config.attention()))),
      feed_forward(register_module("feed_forward", FeedForward(config.feed_forward()))) {}

void GptBlockImpl::forward(ResidualStream& x_NE, const AttentionCall& call) const {
  x_NE.add(self_attention->forward(x_NE.normed(attention_norm), call));
  x_NE.add(feed_forward->forward(x_NE.normed(feed_forward_norm)));
}

GptModelImpl::GptModelImpl(const GptConfig& config, Start start)
    : config_(config),
      token_table_(register_parameter("token_embedding", torch::empty({config.vocab_size, config.hidden_size}))),
      position_table_(register_parameter("position_embedding", torch::empty({config.max_positions, config.hidden_size}))),
      blocks_(register_module("blocks", torch::nn::ModuleList())),
      final_norm_(register_module("final_norm", ResidualNorm(config.norm()))),
      embedding_dropout_(register_module("embedding_dropout", Dropout(config.embedding_dropout.value_or(config.dropout)))) {
  for (std::int64_t i = 0; i < config.num_layers; ++i) blocks_->push_back(GptBlock(config));
  if (start == Start::kDrawn) initialize();
  if (config.bias) return;
  for (auto& parameter : named_parameters())
    if (parameter.key().ends_with(".bias")) parameter.value().requires_grad_(false);  // zeros for good
}

// N(0, initializer_range), 0.02 in the papers, and what writes to the residual stream smaller by the square root of how often that is
// written to (section 2.3): twice a layer.
void GptModelImpl::initialize() {
  const torch::NoGradGuard no_gradient;
  const double deviation = config_.initializer_range,
               residual_deviation = deviation / std::sqrt(2.0 * static_cast<double>(config_.num_layers));
  token_table_.normal_(0, deviation);
  position_table_.normal_(0, deviation);
  start_positions(position_table_, config_.position_start, deviation);
  for (const auto& module : *blocks_) {
    auto& block = *module->as<GptBlock>();
    block.self_attention->qkv->weight.normal_(0, deviation);
    block.self_attention->output->weight.normal_(0, residual_deviation);
    block.feed_forward->inner->weight.normal_(0, deviation);
    block.feed_forward->output->weight.normal_(0, residual_deviation);
  }
}

void GptModelImpl::freeze(std::int64_t layers) {
  if (layers < 0 || layers > config_.num_layers)
    throw UserError("--freeze-layers is " + std::to_string(layers) + "; the model has " + std::to_string(config_.num_layers) + " layers");
  token_table_.requires_grad_(false);
  position_table_.requires_grad_(false);
  for (std::int64_t i = 0; i < layers; ++i)
    for (auto& parameter : blocks_[static_cast<std::size_t>(i)]->parameters()) parameter.requires_grad_(false);
}

void GptModelImpl::check(const PackedIds& tokens) const {
  for (const std::int64_t id : tokens.ids)
    TORCH_CHECK(id >= 0 && id < config_.vocab_size, "token id ", id, " is outside the vocabulary of ", config_.vocab_size);
  for (const std::int64_t length : tokens.lengths)
    TORCH_CHECK(length >= 1 && length <= config_.max_positions, "a sequence of ", length, " tokens; the model has ", config_.max_positions,
                " positions");
}

ResidualStream GptModelImpl::embed(const torch::Tensor& ids_N, const torch::Tensor& positions_N) const {
  const auto x_NE = torch::embedding(token_table_, ids_N) + torch::embedding(position_table_, positions_N);
  return ResidualStream({embedding_dropout_->forward(x_NE)});
}

torch::Tensor GptModelImpl::forward(const PackedIds& tokens, DecoderPast* past, AttentionRecord* record) const {
  check(tokens);
  const auto device = token_table_.device();
  const PackedLayout layout(tokens.lengths, device);
  const bool is_step = past && !past->rows().reads_prompts();
  TORCH_CHECK(!is_step || layout.tokens() == past->rows().rows(), "one token a row");
  auto x_NE = embed(ids_tensor(tokens.ids, device), is_step ? ids_tensor(past->rows().positions_R(), device) : layout.positions_N());
  for (std::size_t i = 0; i < blocks_->size(); ++i) {
    const auto block = [&block = *(*blocks_)[i]->as<GptBlock>(), i, layout, past, record](const BlockStates& in) -> BlockStates {
      ResidualStream stream(in);
      block.forward(stream, {.tokens = layout, .causality = Causality::kCausal, .layer = i, .past = past, .record = record});
      return stream.states();
    };
    x_NE = ResidualStream(recomputed(block, x_NE.states()));
  }
  if (past) past->advance();
  return x_NE.normed(final_norm_);
}

DecoderPast GptModelImpl::start_past(const CachedPrompts& prompts, std::int64_t max_steps) const {
  DecoderPast past(prompts, max_steps);
  for (const auto& block : *blocks_)
    past.add_layer(block->as<GptBlock>()->self_attention->inner->start_past(past.rows(), token_table_.options()));
  return past;
}

}  // namespace attend
