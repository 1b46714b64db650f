// tokenizer.json of a WordPiece tokenizer.
#pragma once

#include <filesystem>

#include "tokenizers/wordpiece_files.h"

namespace attend {

/// Fills everything that tokenizer.json says. What special tokens are called besides [UNK], [CLS] and [SEP] it does not say.
void read_tokenizer_json(const std::filesystem::path& path, WordPieceFiles& files);

}  // namespace attend
