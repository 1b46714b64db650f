// What every model is, whatever it does, and how one is loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <torch/torch.h>

#include "core/batch.h"
#include "core/json.h"
#include "core/precision.h"
#include "models/kernels/panel_weight.h"
#include "models/layers/loss.h"

namespace attend {

class Model : public torch::nn::Module {
 public:
  virtual std::int64_t vocab_size() const = 0;     ///< ids are below it; of two vocabularies the one that is written
  virtual std::int64_t max_positions() const = 0;  ///< longest sequence, in tokens
  virtual torch::Device device() const = 0;
  /// config.json's content.
  virtual Json hf_config() const = 0;
  /// Writes config.json and model.safetensors into `folder` (which exists), in Hugging Face's layout and names. Throws StorageError.
  virtual void save(const std::filesystem::path& folder) const = 0;
  /// From here on the products with weights are computed in `format`, on the CPU, for answers alone: the float32 weights are given up, and
  /// the model cannot be trained or saved. Of a language model the output too. What is small stays in float32.
  virtual void pack(PanelFormat format);
};

/// Where a model is to live, and what it is to compute in.
struct LoadOptions {
  torch::Device device = torch::kCPU;
  Precision precision = Precision::kFloat32;  ///< of products with weights; not kAuto
};

/// What weights are packed in for a precision: nothing for float32.
std::optional<PanelFormat> panel_format(Precision precision);

/// A folder to load, its config.json already read.
struct ModelFolder {
  std::filesystem::path path;
  const Json& config;
  LoadOptions options;
};

}  // namespace attend
