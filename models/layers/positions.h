// Sinusoidal positions, section 3.5.
#pragma once

#include <torch/types.h>

namespace attend {

/// PE(pos, 2i) = sin(pos / 10000^(2i / E)), PE(pos, 2i + 1) = cos(the same), [positions, E] float32. All sines come first,
/// then all cosines, as in Marian: the paper interleaves them, which is the same up to a fixed order of the E coordinates.
torch::Tensor sinusoidal_positions(std::int64_t positions, std::int64_t hidden_size);

}  // namespace attend
