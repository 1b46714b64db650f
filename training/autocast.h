// Matrix products in bfloat16 for a part of the work; weights, gradients and optimizer state stay in float32.
#pragma once

#include <ATen/autocast_mode.h>

#include "training/training_options.h"

namespace attend {

/// While it lives, products on `device` are computed in the precision asked for. Made for a forward pass alone: backward runs in the types
/// that forward has recorded.
class Autocast {
 public:
  Autocast(TrainingPrecision precision, at::Device device) : is_on_(precision == TrainingPrecision::kBfloat16), type_(device.type()) {
    if (!is_on_) return;
    at::autocast::set_autocast_dtype(type_, at::kBFloat16);
    at::autocast::set_autocast_enabled(type_, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!is_on_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(type_, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool is_on_;
  at::DeviceType type_;
};

}  // namespace attend
