// Letters: N source tokens, T target tokens (packed), B sentences, R decoded rows, H width, V vocabulary, S source tokens of the longest.
#include "models/lstm/model.h"

#include <torch/torch.h>

#include "core/random.h"
#include "models/layers/tied_cross_entropy.h"
#include "models/shift_right.h"

namespace attend {
namespace {

constexpr double kReach = 0.1;       // of embeddings at the start (Luong et al. 2015, section 4.1)
constexpr double kDrawnShare = 0.5;  // of sentences whose looks are drawn in training (Xu et al. 2015, section 4.1)

}  // namespace

BidirectionalLstmImpl::BidirectionalLstmImpl(std::int64_t width)
    : forwards(register_module("forwards", Lstm(width, width / 2))), backwards(register_module("backwards", Lstm(width, width / 2))) {}

LstmImpl::Output BidirectionalLstmImpl::forward(const torch::Tensor& x_NH, const PackedLayout& layout) const {
  const auto left = forwards->forward(x_NH, TimeMajor(layout, TimeMajor::Direction::kForward));
  const auto right = backwards->forward(x_NH, TimeMajor(layout, TimeMajor::Direction::kBackward));
  return {
      .hidden_NH = torch::cat({left.hidden_NH, right.hidden_NH}, 1),
      .last = {.hidden = torch::cat({left.last.hidden, right.last.hidden}, 1), .cell = torch::cat({left.last.cell, right.last.cell}, 1)}};
}

LstmModel::LstmModel(const LstmConfig& config, Start start)
    : config_(config),
      source_table_(register_parameter("source_embedding", torch::empty({config.vocab_size, config.hidden_size}))),
      target_table_(config.shared_embeddings
                        ? source_table_
                        : register_parameter("target_embedding", torch::empty({config.target_vocab_size, config.hidden_size}))),
      dropout_(register_module("dropout", Dropout(config.dropout))),
      encoder_layers_(register_module("encoder_layers", torch::nn::ModuleList())),
      decoder_layers_(register_module("decoder_layers", torch::nn::ModuleList())) {
  const std::int64_t width = config.hidden_size;
  for (std::int64_t i = 0; i < config.num_layers; ++i) {
    encoder_layers_->push_back(BidirectionalLstm(width));
    decoder_layers_->push_back(Lstm(i == 0 && config.looks() ? 2 * width : width, width));
  }
  if (config.looks()) {
    alignment_ = register_module("alignment", Alignment(config));
    attentional_ = register_module("attentional", Linear(2 * width, width));
  }
  if (start == Start::kDrawn) initialize();
}

void LstmModel::initialize() {
  const torch::NoGradGuard no_gradient;
  for (auto& table : config_.shared_embeddings ? std::vector{source_table_} : std::vector{source_table_, target_table_}) {
    table.uniform_(-kReach, kReach);
    table[config_.pad_id].zero_();
  }
  for (const auto& module : modules(/*include_self=*/false))
    if (auto* lstm = module->as<Lstm>()) lstm->initialize();
  if (!config_.looks()) return;
  alignment_->initialize();
  xavier_init(attentional_);
}

void LstmModel::check_ids(const PackedIds& ids, std::int64_t vocab_size) const {
  for (const std::int64_t id : ids.ids)
    TORCH_CHECK(id >= 0 && id < vocab_size, "token id ", id, " is outside the vocabulary of ", vocab_size);
  for (const std::int64_t length : ids.lengths)
    TORCH_CHECK(length >= 1 && length <= config_.max_positions, "a sentence of ", length, " tokens; the model reads ",
                config_.max_positions);
}

LstmMemory LstmModel::encode(const PackedIds& source) const {
  check_ids(source, config_.vocab_size);
  LstmMemory memory{.states_NH = torch::embedding(source_table_, ids_tensor(source.ids, device())),
                    .layout = PackedLayout(source.lengths, device()),
                    .last = {}};
  for (const auto& layer : *encoder_layers_) {
    auto output = layer->as<BidirectionalLstm>()->forward(dropout_->forward(memory.states_NH), memory.layout);
    memory.states_NH = output.hidden_NH;
    memory.last.push_back(std::move(output.last));
  }
  return memory;
}

AlignedSource LstmModel::aligned_source(const LstmMemory& memory) const {
  return config_.looks() ? alignment_->source(memory.states_NH, memory.layout) : AlignedSource{};
}

LstmDecoderState LstmModel::first_state(const LstmMemory& memory) const {
  LstmDecoderState state{.layers = memory.last};
  if (config_.looks()) state.attentional_RH = torch::zeros_like(memory.last.back().hidden);
  return state;
}

std::vector<torch::Tensor> LstmModel::step_weights() const {
  std::vector<torch::Tensor> weights;
  for (const auto& module : *decoder_layers_) {
    const auto& lstm = *module->as<Lstm>();
    // Of the first layer's inputs the embedding comes first: read_ids() has it.
    const auto read =
        weights.empty() ? lstm.input_weight.narrow(1, config_.hidden_size, config_.looks() ? config_.hidden_size : 0) : lstm.input_weight;
    weights.push_back(torch::cat({read, lstm.hidden_weight}, 1));
  }
  return weights;
}

torch::Tensor LstmModel::read_ids(const torch::Tensor& ids_T) const {
  const auto& first = decoder_layers_->at<LstmImpl>(0);
  const auto x_TH = dropout_->forward(torch::embedding(target_table_, ids_T));
  return linear(x_TH, first.input_weight.narrow(1, 0, config_.hidden_size), first.bias);
}

LstmStep LstmModel::step(const torch::Tensor& gates_R4H, LstmDecoderState& state, const AlignedSource& source,
                         const std::vector<torch::Tensor>& step_weights, const torch::Tensor& is_drawn_R) const {
  LstmStep result;
  if (looks_first()) result.look = alignment_->look(state.layers.back().hidden, source, state.step, is_drawn_R);
  torch::Tensor read_RH = looks_first() ? result.look.context_RH : state.attentional_RH;
  for (std::size_t i = 0; i < state.layers.size(); ++i) {
    LstmState& layer = state.layers[i];
    const auto input = read_RH.defined() ? torch::cat({read_RH, layer.hidden}, 1) : layer.hidden;
    const auto sums_R4H = i == 0 ? linear(input, step_weights[i], torch::Tensor()) + gates_R4H
                                 : linear(input, step_weights[i], decoder_layers_->at<LstmImpl>(i).bias);
    layer = lstm_cell(sums_R4H, layer.cell);
    read_RH = i + 1 < state.layers.size() ? dropout_->forward(layer.hidden) : layer.hidden;
  }
  if (config_.looks() && !looks_first()) result.look = alignment_->look(read_RH, source, state.step, is_drawn_R);
  result.hidden_RH = config_.looks() ? torch::tanh(attentional_->forward(torch::cat({result.look.context_RH, read_RH}, 1))) : read_RH;
  if (config_.looks()) state.attentional_RH = result.hidden_RH;
  ++state.step;
  return result;
}

// Without attention nothing that is read depends on what was written: each layer runs over all steps at once.
torch::Tensor LstmModel::read_in_one(const PackedIds& input, const TimeMajor& time, const LstmMemory& memory) const {
  auto x_TH = torch::embedding(target_table_, ids_tensor(input.ids, device()));
  for (std::size_t i = 0; i < memory.last.size(); ++i)
    x_TH = decoder_layers_->at<LstmImpl>(i).forward(dropout_->forward(x_TH), time, memory.last[i]).hidden_NH;
  return x_TH;
}

LstmModel::ReadTarget LstmModel::read_target(const PackedIds& target, const LstmMemory& memory) const {
  check_ids(target, config_.output_vocab_size());
  const PackedIds input{.ids = shift_right(target, config_.decoder_start_id), .lengths = target.lengths};
  const TimeMajor time(PackedLayout(target.lengths, device()));
  if (!config_.looks()) return {.hidden_TH = read_in_one(input, time, memory)};

  const auto weights = step_weights();
  const auto gates_T4H = read_ids(time.arrange(ids_tensor(input.ids, device())));
  AlignedSource source = aligned_source(memory).select(time.sequence_of_rows());
  LstmDecoderState state = first_state(memory);
  for (LstmState& layer : state.layers) layer = {.hidden = time.arrange_rows(layer.hidden), .cell = time.arrange_rows(layer.cell)};
  torch::Tensor is_drawn;
  if (is_training() && config_.attention == SourceAttention::kHard)
    is_drawn = torch::rand({target.size()}, torch::TensorOptions(device())) < kDrawnShare;

  std::vector<torch::Tensor> hidden, looks, log_probabilities, entropies, drawn;
  std::int64_t rows = target.size();
  for (const auto& gates_R4H : gates_T4H.split_with_sizes(time.rows())) {
    const std::int64_t count = gates_R4H.size(0);
    if (count < rows) {  // some sentences end
      source = source.first_rows(count);
      state.attentional_RH = state.attentional_RH.narrow(0, 0, count);
      for (LstmState& layer : state.layers) layer = {.hidden = layer.hidden.narrow(0, 0, count), .cell = layer.cell.narrow(0, 0, count)};
      rows = count;
    }
    if (is_drawn.defined()) drawn.push_back(is_drawn.narrow(0, 0, count));
    const LstmStep step_result = step(gates_R4H, state, source, weights, is_drawn.defined() ? drawn.back() : torch::Tensor());
    hidden.push_back(step_result.hidden_RH);
    looks.push_back(step_result.look.weights_RS);
    if (is_drawn.defined()) {
      log_probabilities.push_back(step_result.look.log_probability_R);
      entropies.push_back(step_result.look.entropy_R);
    }
  }
  const auto packed = [&](const std::vector<torch::Tensor>& steps) {
    return steps.empty() ? torch::Tensor() : time.restore(torch::cat(steps));
  };
  return {packed(hidden), packed(looks), packed(log_probabilities), packed(entropies), packed(drawn)};
}

torch::Tensor LstmModel::logits(const PairBatch& batch) { return project(read_target(batch.target, encode(batch.source)).hidden_TH); }

std::vector<AttentionMaps> LstmModel::attention(const PairBatch& pair) {
  if (!config_.looks()) return {};
  return {attention_maps(AttentionPart::kCross, {alignment_TS(pair).unsqueeze(0).unsqueeze(0)},
                         config_.attention == SourceAttention::kLocal ? NotComputed::kZeros : NotComputed::kNone)};
}

torch::Tensor LstmModel::alignment_TS(const PairBatch& batch) {
  TORCH_CHECK(config_.looks(), "the model has no attention");
  return read_target(batch.target, encode(batch.source)).weights_TS;
}

// Xu et al. 2015, section 4.1: what is made large has the gradient lambda_r (log p(y) - b) d log alpha_s + lambda_e d H[alpha] besides. The
// paper's reward is the whole sentence's; ours is that of the look's own word, which varies less and leaves out what the look does to later
// words. b is the micro-batch's mean of them.
SummedLoss LstmModel::loss(const PairBatch& batch, double label_smoothing) {
  const ReadTarget read = read_target(batch.target, encode(batch.source));
  SummedLoss result = tied_cross_entropy(dropout_->forward(read.hidden_TH), target_table_, {}, batch.target.ids, label_smoothing);
  if (!read.is_drawn_T.defined() || !read.is_drawn_T.any().item<bool>()) return result;
  const auto rewards = tied_log_probabilities(read.hidden_TH.detach(), target_table_.detach(), batch.target.ids);
  auto reward_T = torch::tensor(rewards).to(device());
  const auto is_drawn = read.is_drawn_T.to(reward_T.scalar_type());
  if (config_.hard_baseline == HardBaseline::kMean) reward_T = reward_T - (reward_T * is_drawn).sum() / is_drawn.sum();
  const auto reinforce = (reward_T * read.log_probability_T * is_drawn).sum(), entropy = (read.entropy_T * is_drawn).sum();
  result.loss = result.loss - config_.hard_reward * reinforce - config_.hard_entropy * entropy;
  return result;
}

std::shared_ptr<Seq2SeqModel> make_lstm(const LstmConfig& config, std::uint64_t seed, torch::Device device) {
  config.validate();
  torch::manual_seed(mix_seed(seed, "parameters"));
  auto model = std::make_shared<LstmModel>(config, LstmModel::Start::kDrawn);
  model->to(device);
  return model;
}

}  // namespace attend
