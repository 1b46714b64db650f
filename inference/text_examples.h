// Texts as sequences a model reads, in batches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/text_model.h"
#include "tokenizers/input_encoder.h"

namespace attend {

/// One sequence as ids, special tokens included.
struct TextExample {
  std::vector<std::int32_t> ids, type_ids;
};

/// The sequences of `chosen`, in that order.
TextBatch pack_examples(const std::vector<TextExample>& examples, const std::vector<std::size_t>& chosen);

/// All examples sorted by length and cut into batches of about `batch_tokens` tokens: for evaluating and answering.
std::vector<std::vector<std::size_t>> batches_by_length(const std::vector<TextExample>& examples, std::int64_t batch_tokens);

/// The length (--max-length) asked for, or a usual one, cut to the model's positions. Throws UserError for one asked for that is less than
/// 1 or more than the positions.
std::int64_t chosen_length(std::optional<std::int64_t> asked, std::int64_t usual, std::int64_t positions);

/// A sequence, and what was done to the text so that it fits.
struct EncodedExample {
  TextExample example;
  std::vector<std::string> warnings;  ///< "is longer than the 128 tokens that are read; 12 tokens were cut"
};
/// A text, or text<TAB>text, with its special tokens, cut to `length`. Throws UserError for a second TAB, and a pair that needs more
/// segments than the model has.
EncodedExample encode_text(const InputEncoder& encoder, const TextModel& model, std::string_view text, std::int64_t length);

/// Tokens that go through a model at once where texts are answered.
inline constexpr std::int64_t kAnswerTokens = 4096;

}  // namespace attend
