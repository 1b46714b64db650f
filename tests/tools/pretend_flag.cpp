// --device pretend, in a program that has this file. Where the environment's ATTEND_COPIES names a file, it takes at the end how much went
// between host and device, as JSON.
#include <cstdlib>
#include <fstream>

#include "apps/devices.h"
#include "tests/device/pretend_device.h"

namespace {

class PretendFlag {
 public:
  PretendFlag() { attend::other_devices().emplace("pretend", attend::pretend::kDevice); }
  ~PretendFlag() {
    const char* file = std::getenv("ATTEND_COPIES");
    if (file == nullptr) return;
    const auto copies = attend::pretend::copies();
    std::ofstream(file) << "{\"in\": " << copies.in << ", \"out\": " << copies.out << ", \"bytes_in\": " << copies.bytes_in
                        << ", \"bytes_out\": " << copies.bytes_out << ", \"most_bytes\": " << attend::pretend::most_bytes_used() << "}\n";
  }
};

const PretendFlag flag;

}  // namespace
