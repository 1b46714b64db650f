// Between safetensors files (bytes) and tensors.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <torch/types.h>

#include "core/safetensors.h"

namespace attend {

/// A tensor over the file's own memory, in the file's dtype. Valid while the reader lives; do not write to it.
/// Throws UserError for dtypes LibTorch has no type for.
torch::Tensor tensor_over(const TensorView& view, const std::string& name);

/// Copies a tensor of a mapped file, and lets go of the file's pages: a model that is loaded is in memory once.
/// Throws UserError as tensor_over() does.
void copy_from_file(const TensorView& from, const std::string& name, torch::Tensor& into);

/// The bytes of a contiguous CPU tensor; valid while the tensor lives.
TensorView view_of(const torch::Tensor& tensor);

using NamedTensors = std::map<std::string, torch::Tensor>;

/// Writes tensors of any device and stride as one safetensors file, atomically. Throws StorageError.
void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                   const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

/// Reads a whole file into tensors of their own memory. Throws UserError.
NamedTensors read_tensors(const std::filesystem::path& path);

}  // namespace attend
