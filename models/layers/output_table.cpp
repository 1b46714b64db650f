#include "models/layers/output_table.h"

#include "models/layers/linear.h"

namespace attend {

torch::Tensor OutputTable::logits(const torch::Tensor& hidden_RE, const torch::Tensor& bias_V) const {
  return packed != nullptr ? packed->multiply(hidden_RE, bias_V) : linear(hidden_RE, weight_VE, bias_V);
}

}  // namespace attend
