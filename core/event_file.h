// TensorBoard's event files: scalars by tag and step, appended as they come.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace attend {

/// One file of a run's `folder`, which is made where it is not there; each start of the run has a file of its own. A record is the length,
/// its checksum, an Event in protobuf's encoding and its checksum (tensorboard/compat/proto/event.proto, and TFRecord's framing).
class EventFile {
 public:
  /// TensorBoard drops what earlier files say of steps after `resume_step`. Throws StorageError, as append() does.
  EventFile(const std::filesystem::path& folder, std::int64_t resume_step);
  /// `tag`: "train/loss".
  void append(std::string_view tag, double value, std::int64_t step);

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
};

/// CRC-32C (Castagnoli) of bytes, and as the records hold it: rotated, with a constant added.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace attend
