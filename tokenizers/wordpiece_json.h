// tokenizer.json of a WordPiece tokenizer, and the tokens that this and other files describe.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"
#include "tokenizers/wordpiece_files.h"

namespace attend {

/// Fills everything that tokenizer.json says. What special tokens are called besides [UNK], [CLS] and [SEP] it does not say.
void read_tokenizer_json(const std::filesystem::path& path, WordPieceFiles& files);

/// A token with its flags: an object, or a string, which stands for a special token.
AddedToken read_added_token(const Json& json, const std::string& name, std::string_view key);

}  // namespace attend
