#include "models/layers/attention_choice.h"

#include "core/error.h"
#include "models/layers/big_bird_blocks.h"

namespace attend {
namespace {

constexpr const char* kOfGpt = "use attention=full, window, reformer or linear";
constexpr std::int64_t kMostBuckets = 1024, kMostRounds = 16, kMostPlaces = 1 << 16;

void validate_reformer(const AttentionChoice& choice, double attention_dropout) {
  if (choice.buckets != 1 && (choice.buckets < 2 || choice.buckets > kMostBuckets || choice.buckets % 2 != 0))
    throw UserError("attention_buckets is " + std::to_string(choice.buckets) + "; expected an even number to " +
                    std::to_string(kMostBuckets) + ", or 1");
  if (choice.rounds < 1 || choice.rounds > kMostRounds)
    throw UserError("attention_rounds is " + std::to_string(choice.rounds) + "; expected 1 to " + std::to_string(kMostRounds));
  const std::int64_t most_chunk = kMostPlaces / choice.buckets;
  if (choice.chunk < 1 || choice.chunk > most_chunk)
    throw UserError("attention_chunk is " + std::to_string(choice.chunk) + "; expected 1 to " + std::to_string(most_chunk) + " with " +
                    std::to_string(choice.buckets) + " buckets");
  if (attention_dropout > 0)
    throw UserError("attention_dropout is " + std::to_string(attention_dropout) + "; reformer attention drops no weights: expected 0");
}

}  // namespace

void AttentionChoice::validate(double attention_dropout, std::int64_t max_positions) const {
  if (kind == AttentionKind::kWindow && window < 1)
    throw UserError("attention_window is " + std::to_string(window) + "; expected 1 or more");
  if (kind == AttentionKind::kBigBird) {
    if (block < 1 || block > 1 << 16) throw UserError("attention_block is " + std::to_string(block) + "; expected 1 to 65536");
    if (random < 1 || random > 1 << 10)
      throw UserError("attention_random is " + std::to_string(random) + "; expected 1 to 1024: transformers' Big Bird cannot do without");
    check_big_bird_blocks(*this, max_positions);
  }
  if (kind == AttentionKind::kLinformer && (projected < 1 || projected > 1 << 16))
    throw UserError("attention_projected is " + std::to_string(projected) + "; expected 1 to 65536");
  if (kind == AttentionKind::kLinear && attention_dropout > 0)
    throw UserError("attention_dropout is " + std::to_string(attention_dropout) + "; linear attention has no weights to drop: expected 0");
  if (kind == AttentionKind::kReformer) validate_reformer(*this, attention_dropout);
}

void AttentionChoice::require_causal() const {
  if (kind == AttentionKind::kLinformer)
    throw UserError("attention is linformer, which projects a text as a whole; a model that goes on with text cannot", kOfGpt);
  if (kind == AttentionKind::kBigBird)
    throw UserError("attention is bigbird, whose last block is seen by all of a text; a model that goes on with text cannot", kOfGpt);
}

std::int64_t AttentionChoice::parameters(std::int64_t max_positions) const {
  return kind == AttentionKind::kLinformer ? 2 * projected * max_positions : 0;
}

}  // namespace attend
