#include "models/device_memory.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

#include <c10/core/CachingDeviceAllocator.h>

#include "core/error.h"

namespace attend {
namespace {

constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);

c10::DeviceAllocator* allocator_of(c10::Device device) {
  auto* allocator = device.is_cpu() ? nullptr : dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  return allocator != nullptr && allocator->initialized() ? allocator : nullptr;
}

c10::DeviceIndex index_of(c10::Device device) { return device.has_index() ? device.index() : c10::DeviceIndex{0}; }

/// The number after `key` in a file like /proc/meminfo, in bytes: "VmHWM:   1234 kB".
std::optional<std::int64_t> kilobytes_of(const char* file, const std::string& key) {
  std::ifstream text(file);
  for (std::string word; text >> word;)
    if (std::int64_t number = 0; word == key && text >> number) return number * 1024;
  return std::nullopt;
}

std::optional<std::int64_t> number_in(const char* file) {
  std::ifstream text(file);
  std::int64_t number = 0;
  return text >> number ? std::optional(number) : std::nullopt;  // "max" is none
}

[[noreturn]] void refuse(c10::Device device) {
  throw UserError("--batch-tokens auto: the memory of " + device.str() + " cannot be measured here", "give --batch-tokens a number");
}

}  // namespace

std::int64_t most_device_bytes(c10::Device device) {
  auto* allocator = allocator_of(device);
  return allocator == nullptr ? 0 : allocator->getDeviceStats(index_of(device)).allocated_bytes.at(kAll).peak;
}

PeakMemory::PeakMemory(c10::Device device) : device_(device) {
  if (!device.is_cpu()) {
    auto* allocator = allocator_of(device);
    if (allocator == nullptr) refuse(device);
    allocator->resetPeakStats(index_of(device));
    return;
  }
  std::ofstream clear("/proc/self/clear_refs");
  if (!(clear << 5 << std::flush)) refuse(device);  // sets VmHWM to what there is now
}

std::int64_t PeakMemory::bytes() const {
  if (!device_.is_cpu()) return most_device_bytes(device_);
  const auto peak = kilobytes_of("/proc/self/status", "VmHWM:");
  if (!peak) refuse(device_);
  return *peak;
}

std::int64_t free_bytes(c10::Device device) {
  if (!device.is_cpu()) {
    try {
      if (auto* allocator = allocator_of(device)) return static_cast<std::int64_t>(allocator->getMemoryInfo(index_of(device)).first);
    } catch (const c10::Error&) {  // of an allocator that does not know
    }
    refuse(device);
  }
  const auto available = kilobytes_of("/proc/meminfo", "MemAvailable:");
  if (!available) refuse(device);
  const auto limit = number_in("/sys/fs/cgroup/memory.max"), used = number_in("/sys/fs/cgroup/memory.current");
  return limit && used ? std::min(*available, std::max<std::int64_t>(0, *limit - *used)) : *available;
}

}  // namespace attend
