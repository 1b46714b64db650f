// Sinusoidal positions (section 3.5), and what learnt ones start from.
#pragma once

#include <cstdint>

#include <torch/types.h>

#include "models/layers/position_start.h"

namespace attend {

/// PE(pos, 2i) = sin(pos / 10000^(2i / E)), PE(pos, 2i + 1) = cos(the same), [positions, E] float32. All sines come first,
/// then all cosines, as in Marian: the paper interleaves them, which is the same up to a fixed order of the E coordinates.
torch::Tensor sinusoidal_positions(std::int64_t positions, std::int64_t hidden_size);

/// Makes a learnt table_PE, filled with noise of the deviation, what it starts from. Sinusoids get the deviation as their root mean square,
/// so that they are as large as the tokens' embeddings.
void start_positions(torch::Tensor table_PE, PositionStart start, double deviation);

}  // namespace attend
