#include "tokenizers/unknown_tokens.h"

#include <cstdio>

#include "core/log.h"

namespace attend {
namespace {

constexpr double kWorthAWarning = 0.02;
constexpr std::int64_t kLeastOfALine = 3;
constexpr std::int64_t kRounding = 8, kMostRounding = 256;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %%", share < 0.001 ? 3 : 1, 100 * share);
  return text;
}

}  // namespace

void tell_unknown(const UnknownShare& share, const std::string& name, const std::string& hint) {
  if (share.unknown == 0) return;
  const std::string found = name + ": " + percent(share.share()) + " of the tokens are unknown to the tokenizer (" +
                            std::to_string(share.unknown) + " of " + std::to_string(share.tokens) + ")";
  if (share.share() < kWorthAWarning) return log_info(found);
  log_warning(found + (hint.empty() ? "" : "; " + hint));
}

std::optional<std::string> spare_ids_warning(std::int64_t of_tokenizer, std::int64_t of_model) {
  const bool is_rounded = of_model % kRounding == 0 && of_model - of_tokenizer < kMostRounding;
  if (of_model <= of_tokenizer || is_rounded) return std::nullopt;
  return "the model has " + std::to_string(of_model) + " ids, the tokenizer " + std::to_string(of_tokenizer) +
         ": no text has the others; are all of the tokenizer's files there (added_tokens.json)?";
}

void UnknownLines::look_at(const UnknownShare& line, std::uint64_t number) {
  if (line.unknown < kLeastOfALine || 2 * line.unknown < line.tokens || was_told_.exchange(true)) return;
  log_warning("line " + std::to_string(number) + ": " + std::to_string(line.unknown) + " of its " + std::to_string(line.tokens) +
              " tokens are unknown to the tokenizer; is it made for this language? (further lines are not told)");
}

}  // namespace attend
