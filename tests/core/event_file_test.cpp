// Records of an event file, byte by byte. tests/parity/event_files.py reads one with TensorBoard's own reader.
#include "core/event_file.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/support/temp_folder.h"

using namespace attend;

TEST_CASE("CRC-32C is that of RFC 3720") {
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(masked_crc32c("123456789") == ((0xE3069283u >> 15 | 0xE3069283u << 17) + 0xA282EAD8u));
}

TEST_CASE("an event file is a version, and a record for each scalar") {
  const TempFolder folder;
  EventFile events(folder / "tensorboard", 0);
  events.append("train/loss", 0.5, 300);
  const auto file = std::filesystem::directory_iterator(folder / "tensorboard")->path();
  CHECK(file.filename().string().starts_with("events.out.tfevents."));
  const std::string bytes = read_text(file);
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]));
  CHECK(bytes.substr(1, 7) == std::string(7, '\0'));  // the high bytes of the first record's length
  CHECK(bytes.substr(12, length)
            .ends_with("\x1A\x0D"
                       "brain.Event:2"));
  const std::string second = bytes.substr(12 + length + 4);
  // step 300 as a varint; the summary of 19 bytes that has a value of 17: its tag of 10, and 0.5 as a float
  CHECK(
      second.substr(12 + 9).starts_with(std::string("\x10\xAC\x02"
                                                    "\x2A\x13"
                                                    "\x0A\x11"
                                                    "\x0A\x0A"
                                                    "train/loss"
                                                    "\x15\0\0\0\x3F",
                                                    24)));
}

TEST_CASE("a folder that cannot be made is a StorageError") {
  const TempFolder folder;
  write_text(folder / "file", "x");
  CHECK_THROWS_AS(EventFile(folder / "file", 0), StorageError);
}
