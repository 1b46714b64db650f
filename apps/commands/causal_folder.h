// A folder with a decoder-only model, its tokenizer and how it wants to be used.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "inference/generation_config.h"
#include "models/causal_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"

namespace attend {

struct CausalFolder {
  std::shared_ptr<CausalLanguageModel> model;
  std::shared_ptr<const ByteBpeTokenizer> tokenizer;
  GenerationConfig generation;
};

/// Throws UserError for a folder that is not there, holds no byte-level BPE tokenizer, or is of another family.
CausalFolder load_causal_folder(const std::filesystem::path& folder, torch::Device device);

/// JSON of one line; ill-formed UTF-8 becomes U+FFFD.
std::string one_line(const Json& json);
/// The text with its line breaks as `\n` and `\r`.
std::string one_line(std::string text);
/// The text with `\n` as a line break.
std::vector<std::string> with_line_breaks(std::vector<std::string> texts);

}  // namespace attend
