#include "models/layers/positions.h"

#include <cmath>

#include <torch/torch.h>

namespace attend {

torch::Tensor sinusoidal_positions(std::int64_t positions, std::int64_t hidden_size) {
  auto table_PE = torch::empty({positions, hidden_size});
  auto table = table_PE.accessor<float, 2>();
  const std::int64_t sines = (hidden_size + 1) / 2;
  for (std::int64_t position = 0; position < positions; ++position) {
    for (std::int64_t column = 0; column < hidden_size; ++column) {
      const std::int64_t pair = column < sines ? column : column - sines;
      const double angle =
          static_cast<double>(position) / std::pow(10000.0, 2.0 * static_cast<double>(pair) / static_cast<double>(hidden_size));
      table[position][column] = static_cast<float>(column < sines ? std::sin(angle) : std::cos(angle));
    }
  }
  return table_PE;
}

void start_positions(torch::Tensor table_PE, PositionStart start, double deviation) {
  if (start == PositionStart::kSinusoidal)
    table_PE.copy_(sinusoidal_positions(table_PE.size(0), table_PE.size(1)) * (std::sqrt(2.0) * deviation));  // a sine's own is 1 / sqrt(2)
}

}  // namespace attend
