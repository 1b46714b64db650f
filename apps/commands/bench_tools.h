// What the benchmarks share: clocks, medians, printing.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ostream>
#include <vector>

#include <ATen/autocast_mode.h>

#include "core/json.h"

namespace attend {

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

inline double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

inline void print_record(const Json& record, bool as_json, std::ostream& out) {
  if (as_json) {
    out << record.dump() << '\n';
    return;
  }
  for (const auto& [name, value] : record.items()) out << name << ' ' << value.dump() << '\n';
}

struct Autocast {  // bfloat16 products while it lives
  explicit Autocast(bool enabled) : enabled_(enabled) {
    if (!enabled_) return;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  }
  ~Autocast() {
    if (enabled_) at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  bool enabled_;
};

}  // namespace attend
