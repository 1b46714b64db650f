#include "models/kernels/dropout_mask.h"

#include <ATen/CPUGeneratorImpl.h>

namespace attend {

std::int64_t draw_dropout_seed() {
  auto generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return static_cast<std::int64_t>(at::check_generator<at::CPUGeneratorImpl>(generator)->random64());
}

std::optional<DropoutMask> dropout_mask(std::int64_t seed, double probability) {
  if (probability <= 0) return std::nullopt;
  return DropoutMask(static_cast<std::uint64_t>(seed), probability);
}

}  // namespace attend
