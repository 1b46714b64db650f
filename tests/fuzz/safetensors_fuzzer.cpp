#include "core/safetensors.h"
#include "tests/fuzz/fuzz.h"

/// A file: every tensor's bytes lie in it, as many as its shape and type ask for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  return fuzz::expect_value_or_refusal([&] {
    const std::span file(reinterpret_cast<const std::byte*>(data), size);
    for (const auto& [name, tensor] : parse_safetensors(file, "fuzz").tensors) {
      std::size_t bytes = dtype_size(tensor.dtype);
      for (const std::int64_t length : tensor.shape) bytes *= static_cast<std::size_t>(length);
      fuzz::promise(tensor.bytes.size() == bytes, "as many bytes as the shape asks for");
      fuzz::promise(bytes == 0 || (tensor.bytes.data() >= file.data() && tensor.bytes.data() + bytes <= file.data() + size),
                    "inside the file");
    }
  });
}
