// tokenizer.json of a byte-level BPE tokenizer.
#pragma once

#include <filesystem>

#include "tokenizers/byte_bpe_files.h"

namespace attend {

/// Fills everything that tokenizer.json says. What special tokens are there for it does not say, but for the one that a template begins
/// with. Throws UserError for what is malformed, or another tokenizer's.
void read_byte_bpe_json(const std::filesystem::path& path, ByteBpeFiles& files);

}  // namespace attend
