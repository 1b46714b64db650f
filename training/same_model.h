// Whether folders hold weights of one model, which a mean makes sense of.
#pragma once

#include <filesystem>

namespace attend {

/// Compares config.json and the tokenizer's files of two model folders. Throws UserError with what differs: a setting that decides what the
/// weights mean (the number of heads, labels), an id that stands for another token, a tokenizer file. What only one of them has cannot be
/// compared, and is warned of. Settings of training and generation may differ.
void require_same_model(const std::filesystem::path& first, const std::filesystem::path& other);

}  // namespace attend
