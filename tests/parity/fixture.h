// What the parity tests share: fixtures are folders of transformers with expected.safetensors beside.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <torch/torch.h>

namespace attend {

inline std::filesystem::path fixture_folder(const std::string& name) {
  return std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures" / name;
}

inline std::vector<std::int64_t> numbers(const torch::Tensor& tensor) {
  return {tensor.const_data_ptr<std::int64_t>(), tensor.const_data_ptr<std::int64_t>() + tensor.numel()};
}

inline double difference(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace attend
