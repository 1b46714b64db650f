// How many threads this process may compute on: what --threads says, for work that is not LibTorch's.
#pragma once

#include <cstddef>

namespace attend {

/// 0 is one a processor, which is so until something else is said.
void set_worker_threads(std::size_t count);
std::size_t worker_threads();  ///< at least 1

}  // namespace attend
