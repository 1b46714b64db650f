// Devices besides CPU and CUDA that --device knows: none, unless whoever links the program adds some.
#pragma once

#include <map>
#include <string>

#include <c10/core/Device.h>

namespace attend {

/// By the name that --device takes. To be filled before main.
std::map<std::string, c10::Device>& other_devices();

}  // namespace attend
