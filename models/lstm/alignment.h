// Where a decoder looks in the source, and what it sees there: attention before the Transformer.
//
//   soft, global   alpha_s = softmax_s score(h_t, h_s)             c_t = sum_s alpha_s h_s      (Luong et al. 2015, equation 7)
//   score          h_t . h_s | h_t . W h_s | v . tanh(W [h_t; h_s])                             (dot, general, concat)
//                  v . tanh(W h_{t-1} + U h_s), before the step it belongs to                  (additive: Bahdanau et al. 2015, A.1.2)
//   local          the same within D of a place p_t: t (local-m; at most S - 1), or S sigmoid(v_p . tanh(W_p h_t)) (equation 9), then times
//                  exp(-(s - p_t)^2 / (2 sigma^2)), sigma = D / 2 (equation 10: local-p)
//   hard           one s, drawn from alpha                         c_t = h_s                    (Xu et al. 2015, section 4.1)
//
// Letters: R rows of the decoder, S source tokens of the longest sentence, N source tokens (packed), H width.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "models/layers/linear.h"
#include "models/layers/packed.h"
#include "models/lstm/config.h"

namespace attend {

/// The source as the rows of a decoder see it.
struct AlignedSource {
  torch::Tensor states_RSH, keys_RSH;  ///< h_s, and what the score makes of it
  torch::Tensor is_token_RS;           ///< bool
  torch::Tensor lengths_R;             ///< S of each row, in the states' dtype

  AlignedSource first_rows(std::int64_t count) const;
  AlignedSource select(const torch::Tensor& rows) const;
};

/// One look.
struct Look {
  torch::Tensor context_RH;         ///< c_t
  torch::Tensor weights_RS;         ///< alpha; zero where it does not look
  torch::Tensor log_probability_R;  ///< of hard attention in training: ln alpha of the drawn place
  torch::Tensor entropy_R;          ///< likewise: of alpha
};

class AlignmentImpl : public torch::nn::Module {
 public:
  explicit AlignmentImpl(const LstmConfig& config);

  /// A row a sentence: states_NH of the encoder.
  AlignedSource source(const torch::Tensor& states_NH, const PackedLayout& layout) const;
  /// query_RH: the decoder's state. `step` counts from 0. `is_drawn_R` (bool; undefined: no row): in training, the rows whose place is
  /// drawn from torch's default generator. Of other rows hard attention is soft in training, and looks at the likeliest place elsewhere.
  Look look(const torch::Tensor& query_RH, const AlignedSource& source, std::int64_t step, const torch::Tensor& is_drawn_R = {}) const;

  void initialize();

 private:
  torch::Tensor scores_RS(const torch::Tensor& query_RH, const AlignedSource& source) const;
  torch::Tensor places_R(const torch::Tensor& query_RH, const AlignedSource& source, std::int64_t step) const;
  torch::Tensor weights_RS(const torch::Tensor& query_RH, const AlignedSource& source, std::int64_t step) const;
  Look look_hard(const torch::Tensor& weights_RS, const AlignedSource& source, const torch::Tensor& is_drawn_R) const;

  LstmConfig config_;
  Linear key_{nullptr}, query_{nullptr};  // W of general; W and U of concat and additive
  torch::Tensor score_H_;                 // v
  Linear place_{nullptr};                 // W_p
  torch::Tensor place_H_;                 // v_p
};
TORCH_MODULE(Alignment);

}  // namespace attend
