#include "core/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <span>

#include "core/error.h"
#include "core/system_call.h"

namespace attend {
namespace {

// Protobuf's encoding (https://protobuf.dev/programming-guides/encoding): a field's number and wire type, then its value.
constexpr unsigned kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

void put_varint(std::string& into, std::uint64_t value) {
  for (; value >= 128; value >>= 7) into.push_back(static_cast<char>(value % 128 + 128));
  into.push_back(static_cast<char>(value));
}

void put_key(std::string& into, unsigned field, unsigned wire_type) { put_varint(into, field * 8 + wire_type); }

template <class Number>
void put_little_endian(std::string& into, Number value) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  into.append(bytes, sizeof value);
}

void put_bytes(std::string& into, unsigned field, std::string_view bytes) {
  put_key(into, field, kBytes);
  put_varint(into, bytes.size());
  into.append(bytes);
}

/// Event: wall_time = 1 (double), step = 2 (int64); what it tells comes after.
std::string event_at(std::int64_t step) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::string event;
  put_key(event, 1, kFixed64);
  put_little_endian(event, now);
  put_key(event, 2, kVarint);
  put_varint(event, static_cast<std::uint64_t>(step));
  return event;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli's, bits reversed
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t byte = 0; byte < made.size(); ++byte) {
      std::uint32_t remainder = byte;
      for (int bit = 0; bit < 8; ++bit) remainder = remainder % 2 != 0 ? remainder >> 1 ^ kPolynomial : remainder >> 1;
      made[byte] = remainder;
    }
    return made;
  }();
  std::uint32_t remainder = ~0u;
  for (const char byte : bytes) remainder = remainder >> 8 ^ table[(remainder ^ static_cast<unsigned char>(byte)) % 256];
  return ~remainder;
}

std::uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u; }

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t resume_step) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw StorageError(folder.string() + ": " + failed.message());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  path_ = folder / ("events.out.tfevents." + std::to_string(seconds) + "." + host_name() + "." + std::to_string(::getpid()));
  std::string version = event_at(0);
  put_bytes(version, 3, "brain.Event:2");
  write(version);
  if (resume_step == 0) return;
  std::string start = event_at(resume_step + 1);  // session_log = 7, of status = 1: START = 1
  std::string session;
  put_key(session, 1, kVarint);
  put_varint(session, 1);
  put_bytes(start, 7, session);
  write(start);
}

void EventFile::append(std::string_view tag, double value, std::int64_t step) {
  std::string scalar;  // Summary.Value: tag = 1, simple_value = 2 (float)
  put_bytes(scalar, 1, tag);
  put_key(scalar, 2, kFixed32);
  put_little_endian(scalar, static_cast<float>(value));
  std::string summary;  // Summary: value = 1
  put_bytes(summary, 1, scalar);
  std::string event = event_at(step);
  put_bytes(event, 5, summary);  // Event: summary = 5
  write(event);
}

void EventFile::write(const std::string& event) {
  std::string length;
  put_little_endian(length, static_cast<std::uint64_t>(event.size()));
  std::string record = length;
  put_little_endian(record, masked_crc32c(length));
  record += event;
  put_little_endian(record, masked_crc32c(event));
  const Descriptor file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!file.is_open()) throw_storage_error("write", path_);
  if (!write_all(file.get(), std::as_bytes(std::span(record.data(), record.size())))) throw_storage_error("write", path_);
}

}  // namespace attend
