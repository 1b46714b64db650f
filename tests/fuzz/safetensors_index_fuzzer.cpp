#include "core/safetensors.h"
#include "tests/fuzz/fuzz.h"

/// An index, and after a separator each of the two shards that it may name, "a.safetensors" and "b.safetensors". A shard's header is
/// given as JSON; its length and 64 bytes of data are put around it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  static const fuzz::Folder folder;
  const auto parts = fuzz::parts_of(data, size, 3);
  folder.write("model.safetensors.index.json", parts[0]);
  const char* names[] = {"a.safetensors", "b.safetensors"};
  for (int shard = 0; shard < 2; ++shard) {
    const std::string& header = parts[static_cast<std::size_t>(shard) + 1];
    std::string file;
    for (int byte = 0; byte < 8; ++byte) file += static_cast<char>(header.size() >> (8 * byte));
    folder.write(names[shard], header.empty() ? "" : file + header + std::string(64, '\1'));
  }
  return fuzz::expect_value_or_refusal([&] {
    std::size_t sum = 0;
    const auto reader = SafetensorsReader::open_folder(folder.path());
    for (const auto& [name, tensor] : reader.tensors())
      for (const std::byte byte : tensor.bytes) sum += static_cast<std::size_t>(byte);
    fuzz::promise(sum <= 128, "every byte lies in a shard's data");
  });
}
