// Sizes and settings of the LSTM that reads a sentence and writes another (Sutskever et al. 2014), without attention or with that of
// Bahdanau et al. 2015, Luong et al. 2015 or Xu et al. 2015.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "core/json.h"

namespace attend {

enum class SourceAttention {
  kNone,    ///< the source is what the encoder's last states hold
  kGlobal,  ///< soft: a mean of all source states
  kLocal,   ///< soft, of those near one place
  kHard,    ///< one source state, drawn
};

template <>
struct EnumNames<SourceAttention> {
  static constexpr std::array values{std::pair{SourceAttention::kNone, "none"}, std::pair{SourceAttention::kGlobal, "global"},
                                     std::pair{SourceAttention::kLocal, "local"}, std::pair{SourceAttention::kHard, "hard"}};
};

enum class AlignmentScore { kDot, kGeneral, kConcat, kAdditive };

template <>
struct EnumNames<AlignmentScore> {
  static constexpr std::array values{std::pair{AlignmentScore::kDot, "dot"}, std::pair{AlignmentScore::kGeneral, "general"},
                                     std::pair{AlignmentScore::kConcat, "concat"}, std::pair{AlignmentScore::kAdditive, "additive"}};
};

/// Luong et al. 2015, section 3.2: local-m goes along with the target, local-p predicts its place.
enum class LocalPlace { kMonotonic, kPredictive };

template <>
struct EnumNames<LocalPlace> {
  static constexpr std::array values{std::pair{LocalPlace::kMonotonic, "monotonic"}, std::pair{LocalPlace::kPredictive, "predictive"}};
};

/// What REINFORCE takes from the reward.
enum class HardBaseline { kNone, kMean };

template <>
struct EnumNames<HardBaseline> {
  static constexpr std::array values{std::pair{HardBaseline::kNone, "none"}, std::pair{HardBaseline::kMean, "mean"}};
};

struct LstmConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 512;
  std::int64_t num_layers = 1;
  SourceAttention attention = SourceAttention::kGlobal;
  AlignmentScore score = AlignmentScore::kGeneral;
  LocalPlace local_place = LocalPlace::kPredictive;
  std::int64_t local_window = 10;
  HardBaseline hard_baseline = HardBaseline::kMean;
  double hard_reward = 1.0;
  double hard_entropy = 0.01;
  double dropout = 0.2;
  std::int64_t max_positions = 512;
  bool shared_embeddings = true;
  std::int64_t target_vocab_size = 0;
  std::int64_t pad_id = 0;
  std::int64_t eos_id = 0;
  std::int64_t decoder_start_id = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("vocab_size", self.vocab_size, "tokens of the (joint) vocabulary; set by the tokenizer");
    visit("hidden_size", self.hidden_size, "width of embeddings and states, even: half of an encoder's state is read each way");
    visit("num_layers", self.num_layers, "layers of the encoder, and of the decoder");
    visit("attention", self.attention, "what the decoder sees of the source");
    visit("score", self.score, "how well a source state fits the decoder's: dot, general and concat are Luong's, additive Bahdanau's");
    visit("local_place", self.local_place, "of local: the place it looks at");
    visit("local_window", self.local_window, "of local: source states on each side of the place, D");
    visit("hard_baseline", self.hard_baseline, "of hard: what is taken from the reward, the batch's mean or nothing");
    visit("hard_reward", self.hard_reward, "of hard: weight of REINFORCE's term, lambda_r");
    visit("hard_entropy", self.hard_entropy, "of hard: weight of the entropy of where it looks, lambda_e");
    visit("dropout", self.dropout, "dropout on embeddings, between layers and in front of the output");
    visit("max_positions", self.max_positions, "longest sentence, in tokens, the end counted");
    visit("shared_embeddings", self.shared_embeddings, "one embedding table for source, target and output");
    visit("target_vocab_size", self.target_vocab_size, "tokens of the target's own vocabulary, where embeddings are not shared");
    visit("pad_id", self.pad_id, "padding token; set by the tokenizer");
    visit("eos_id", self.eos_id, "end-of-sentence token; set by the tokenizer");
    visit("decoder_start_id", self.decoder_start_id, "what the decoder reads first; set by the tokenizer");
  }

  std::int64_t output_vocab_size() const { return shared_embeddings ? vocab_size : target_vocab_size; }
  bool looks() const { return attention != SourceAttention::kNone; }

  /// Throws UserError for sizes that cannot be.
  void validate() const;
  /// Without biases: what a folder holds at least.
  std::int64_t least_parameters() const;
};

/// "tiny", "small", "base", "luong" (the paper's). Throws UserError that lists them.
LstmConfig lstm_preset(const std::string& name);
const std::vector<std::string>& lstm_preset_names();

/// config.json, both ways: the fields under their own names, model_type attend-lstm; transformers has no such model.
Json lstm_to_hf(const LstmConfig& config);
LstmConfig lstm_from_hf(const Json& json, const std::string& name);

}  // namespace attend
