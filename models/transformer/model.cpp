// Letters: N source tokens, T target tokens (packed), R decoded rows, E hidden size, V vocabulary.
#include "models/transformer/model.h"

#include <cmath>

#include <torch/torch.h>

#include "core/random.h"
#include "models/layers/positions.h"
#include "models/layers/recompute.h"
#include "models/layers/tied_cross_entropy.h"
#include "models/shift_right.h"

namespace attend {
EncoderLayerImpl::EncoderLayerImpl(const TransformerConfig& config)
    : self_attention(register_module("self_attention", SelfAttention(config.encoder_attention()))),
      feed_forward(register_module("feed_forward", FeedForward(config.encoder_feed_forward()))),
      self_attention_norm(register_module("self_attention_norm", ResidualNorm(config.norm()))),
      feed_forward_norm(register_module("feed_forward_norm", ResidualNorm(config.norm()))) {}

torch::Tensor EncoderLayerImpl::forward(torch::Tensor x_NE, const AttentionCall& call) const {
  x_NE = self_attention_norm->forward(x_NE, self_attention->forward(x_NE, call));
  return feed_forward_norm->forward(x_NE, feed_forward->forward(x_NE));
}

DecoderLayerImpl::DecoderLayerImpl(const TransformerConfig& config)
    : self_attention(register_module("self_attention", SelfAttention(config.decoder_attention()))),
      cross_attention(register_module("cross_attention", CrossAttention(config.decoder_attention()))),
      feed_forward(register_module("feed_forward", FeedForward(config.decoder_feed_forward()))),
      self_attention_norm(register_module("self_attention_norm", ResidualNorm(config.norm()))),
      cross_attention_norm(register_module("cross_attention_norm", ResidualNorm(config.norm()))),
      feed_forward_norm(register_module("feed_forward_norm", ResidualNorm(config.norm()))) {}

torch::Tensor DecoderLayerImpl::forward(torch::Tensor x_TE, const AttentionCall& call, const Memory& memory) const {
  x_TE = self_attention_norm->forward(x_TE, self_attention->forward(x_TE, call));
  x_TE = cross_attention_norm->forward(x_TE, cross_attention->forward(x_TE, call, memory));
  return feed_forward_norm->forward(x_TE, feed_forward->forward(x_TE));
}

TransformerModel::TransformerModel(const TransformerConfig& config, Start start)
    : config_(config), embedding_dropout_(register_module("embedding_dropout", Dropout(config.dropout))) {
  const auto positions_PE = sinusoidal_positions(config.max_positions, config.hidden_size);
  source_table_ = register_parameter("source_embedding", torch::empty({config.vocab_size, config.hidden_size}));
  target_table_ = config.shared_embeddings
                      ? source_table_
                      : register_parameter("target_embedding", torch::empty({config.target_vocab_size, config.hidden_size}));
  encoder_positions_ = register_buffer("encoder_positions", positions_PE);
  decoder_positions_ = register_buffer("decoder_positions", positions_PE.clone());
  final_logits_bias_ = register_buffer("final_logits_bias", torch::zeros({1, config.output_vocab_size()}));
  encoder_layers_ = register_module("encoder_layers", torch::nn::ModuleList());
  decoder_layers_ = register_module("decoder_layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < config.encoder_layers; ++i) encoder_layers_->push_back(EncoderLayer(config));
  for (std::int64_t i = 0; i < config.decoder_layers; ++i) decoder_layers_->push_back(DecoderLayer(config));
  if (start == Start::kDrawn) initialize();
}

// Embeddings from N(0, 1 / sqrt(E)), so that sqrt(E) times them is of unit size; a zero padding row; projections by Glorot
// and Bengio 2010. With larger embeddings post-norm training stays at the unigram loss.
void TransformerModel::initialize() {
  const torch::NoGradGuard no_gradient;
  for (auto& table : config_.shared_embeddings ? std::vector{source_table_} : std::vector{source_table_, target_table_}) {
    table.normal_(0, 1 / std::sqrt(static_cast<double>(config_.hidden_size)));
    table[config_.pad_id].zero_();
  }
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* self_attention = module->as<SelfAttention>()) {
      xavier_init(self_attention->qkv, /*blocks=*/3);
      xavier_init(self_attention->output);
    } else if (auto* cross_attention = module->as<CrossAttention>()) {
      xavier_init(cross_attention->query);
      xavier_init(cross_attention->key_value, /*blocks=*/2);
      xavier_init(cross_attention->output);
    } else if (auto* feed_forward = module->as<FeedForward>()) {
      xavier_init(feed_forward->inner);
      xavier_init(feed_forward->output);
    }
  }
}

void TransformerModel::keep_zero_padding() {
  const auto pad_index = ids_tensor(std::vector{config_.pad_id}, device());
  for (const auto& table : config_.shared_embeddings ? std::vector{source_table_} : std::vector{source_table_, target_table_})
    if (table[config_.pad_id].count_nonzero().item<std::int64_t>() == 0)
      table.register_hook([pad_index](const torch::Tensor& gradient) { return gradient.index_fill(0, pad_index, 0); });
}

void TransformerModel::check_ids(const PackedIds& ids, std::int64_t vocab_size) const {
  for (const std::int64_t id : ids.ids)
    TORCH_CHECK(id >= 0 && id < vocab_size, "token id ", id, " is outside the vocabulary of ", vocab_size);
  for (const std::int64_t length : ids.lengths)
    TORCH_CHECK(length >= 1 && length <= config_.max_positions, "a sentence of ", length, " tokens; the model has ", config_.max_positions,
                " positions");
}

// The padding token's look-up gives no gradient to its row (the decoder's start token is the padding token): as in transformers.
torch::Tensor TransformerModel::embed(const torch::Tensor& table_VE, const torch::Tensor& ids_N, const torch::Tensor& positions_NE) const {
  const double scale = config_.scale_embedding ? std::sqrt(static_cast<double>(config_.hidden_size)) : 1.0;
  const auto tokens_NE = torch::embedding(table_VE, ids_N, /*padding_idx=*/config_.pad_id);
  return embedding_dropout_->forward(torch::add(positions_NE, tokens_NE, scale));
}

Memory TransformerModel::encode(const PackedIds& source, AttentionRecord* record) const {
  check_ids(source, config_.vocab_size);
  Memory memory{.states_ME = {}, .layout = PackedLayout(source.lengths, device())};
  auto x_NE = embed(source_table_, ids_tensor(source.ids, device()), encoder_positions_.index_select(0, memory.layout.positions_N()));
  for (std::size_t i = 0; i < encoder_layers_->size(); ++i) {
    const auto layer = [&layer = *(*encoder_layers_)[i]->as<EncoderLayer>(), i, layout = memory.layout,
                        record](const BlockStates& in) -> BlockStates {
      return {layer.forward(in.x, {.tokens = layout, .layer = i, .record = record})};
    };
    x_NE = recomputed(layer, {x_NE}).x;
  }
  memory.states_ME = x_NE;
  return memory;
}

torch::Tensor TransformerModel::step(torch::Tensor x_RE, const PackedLayout& layout, const Memory& memory, DecoderPast& past) const {
  AttentionCall call{.tokens = layout, .causality = Causality::kCausal, .past = &past};
  for (const auto& layer : *decoder_layers_) {
    x_RE = layer->as<DecoderLayer>()->forward(x_RE, call, memory);
    ++call.layer;
  }
  past.advance();
  return x_RE;
}

void TransformerModel::pack(PanelFormat format) {
  Seq2SeqModel::pack(format);
  packed_output_ = std::make_unique<const PanelWeight>(target_table_, format);
}

torch::Tensor TransformerModel::read_target(const PackedIds& target, const Memory& memory, AttentionRecord* record) const {
  check_ids(target, config_.output_vocab_size());
  const PackedLayout layout(target.lengths, device());
  const auto input_T = ids_tensor(shift_right(target, config_.decoder_start_id), device());
  auto x_TE = embed(target_table_, input_T, decoder_positions_.index_select(0, layout.positions_N()));
  for (std::size_t i = 0; i < decoder_layers_->size(); ++i) {
    const auto layer = [&layer = *(*decoder_layers_)[i]->as<DecoderLayer>(), i, layout, source = memory.layout,
                        record](const BlockStates& in) -> BlockStates {
      return {layer.forward(in.x, {.tokens = layout, .causality = Causality::kCausal, .layer = i, .record = record},
                            {.states_ME = in.second, .layout = source})};
    };
    x_TE = recomputed(layer, {x_TE, memory.states_ME}).x;
  }
  return x_TE;
}

torch::Tensor TransformerModel::project(const torch::Tensor& hidden_RE) const {
  return output_table().logits(hidden_RE, final_logits_bias_.squeeze(0));
}

torch::Tensor TransformerModel::logits(const PairBatch& batch) { return project(read_target(batch.target, encode(batch.source))); }

std::vector<AttentionMaps> TransformerModel::attention(const PairBatch& pair) {
  AttentionRecord encoder, decoder;
  (void)read_target(pair.target, encode(pair.source, &encoder), &decoder);
  return {attention_maps(AttentionPart::kEncoder, encoder.self, NotComputed::kNone),
          attention_maps(AttentionPart::kDecoder, decoder.self, NotComputed::kFuture),
          attention_maps(AttentionPart::kCross, decoder.cross, NotComputed::kNone)};
}

SummedLoss TransformerModel::loss(const PairBatch& batch, double label_smoothing) {
  const auto hidden_TE = read_target(batch.target, encode(batch.source));
  return tied_cross_entropy(hidden_TE, output_table(), final_logits_bias_.squeeze(0), batch.target.ids, label_smoothing);
}

std::shared_ptr<Seq2SeqModel> make_transformer(const TransformerConfig& config, std::uint64_t seed, torch::Device device) {
  config.validate();
  torch::manual_seed(mix_seed(seed, "parameters"));
  auto model = std::make_shared<TransformerModel>(config, TransformerModel::Start::kDrawn);
  model->to(device);
  model->keep_zero_padding();
  return model;
}

}  // namespace attend
