// Memory of a device, the host included: what is held, at most, and what is free.
#pragma once

#include <cstdint>

#include <c10/core/Device.h>

namespace attend {

/// The most bytes that tensors took on `device` at once, since the program began or PeakMemory was made; 0 for the CPU and for a device
/// that does not count.
std::int64_t most_device_bytes(c10::Device device);

/// The most memory since it was made: of a device what its tensors took, of the host what this process had.
class PeakMemory {
 public:
  /// Throws UserError where it cannot be measured.
  explicit PeakMemory(c10::Device device);
  std::int64_t bytes() const;

 private:
  c10::Device device_;
};

/// Bytes that may still be taken: of a device by its driver's word, of the host what the system says is available, within the limit of the
/// control group. Throws UserError where that is not known.
std::int64_t free_bytes(c10::Device device);

}  // namespace attend
