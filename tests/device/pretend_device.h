// A device that does not exist, for tests: its memory cannot be touched from the host.
//
// LibTorch's MTIA key is taken for it, which the CPU's build leaves empty: LibTorch counts it among dense devices, as it does CUDA. Every
// operation is the CPU's, on copies. Between operations the memory is closed (mprotect): whoever reads or writes a tensor's bytes on the
// wrong side crashes. A program has it where pretend_device.cpp is linked in.
#pragma once

#include <cstdint>

#include <c10/core/Device.h>

namespace attend::pretend {

inline const c10::Device kDevice{c10::DeviceType::MTIA, 0};

/// What went between host and device since the program began, by the program's own wish (not as part of an operation).
struct Copies {
  std::int64_t in = 0, out = 0;  ///< how many
  std::int64_t bytes_in = 0, bytes_out = 0;
};
Copies copies();

/// Bytes on the device now, and the most there have been.
std::int64_t bytes_used();
std::int64_t most_bytes_used();

}  // namespace attend::pretend
