#include "core/threads.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace attend {
namespace {

std::atomic<std::size_t> chosen = 0;

}  // namespace

void set_worker_threads(std::size_t count) { chosen = count; }

std::size_t worker_threads() {
  const std::size_t count = chosen;
  return count > 0 ? count : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace attend
