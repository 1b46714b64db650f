// How much of a text a tokenizer does not know.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace attend {

/// Tokens of a text and those among them that are the unknown token; special tokens around a text are not counted.
struct UnknownShare {
  std::int64_t tokens = 0, unknown = 0;

  void add(std::span<const std::int32_t> ids, std::optional<std::int32_t> unknown_id) {
    tokens += static_cast<std::int64_t>(ids.size());
    for (const std::int32_t id : ids) unknown += id == unknown_id;
  }
  void add(const UnknownShare& other) {
    tokens += other.tokens;
    unknown += other.unknown;
  }
  double share() const { return tokens > 0 ? static_cast<double>(unknown) / static_cast<double>(tokens) : 0; }
};

/// Tells of a text that was read whole how much of it is unknown, if anything is: a warning from 2 % on, else a line of the log. `name` is
/// the text, `hint` what to do.
void tell_unknown(const UnknownShare& share, const std::string& name, const std::string& hint);

/// What is to be told where a model has more ids than its tokenizer. Nothing where their number is the tokenizer's rounded up, as models
/// are trained for speed.
std::optional<std::string> spare_ids_warning(std::int64_t of_tokenizer, std::int64_t of_model);

/// For texts that are answered line by line: warns once, of the first line of which at least half is unknown (three tokens or more).
class UnknownLines {
 public:
  void look_at(const UnknownShare& line, std::uint64_t number);

 private:
  std::atomic<bool> was_told_ = false;
};

}  // namespace attend
