// Model folders, opened: a model with the tokenizer that lies beside it, checked against one another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inference/generation_config.h"
#include "models/causal_model.h"
#include "models/interfaces.h"
#include "models/text_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "tokenizers/input_encoder.h"
#include "tokenizers/marian_tokenizer.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

// Each throws UserError for a folder that is not there, or that holds no tokenizer of its kind.
std::shared_ptr<const WordPieceTokenizer> load_wordpiece(const std::filesystem::path& folder);
std::shared_ptr<const ByteBpeTokenizer> load_byte_bpe(const std::filesystem::path& folder);
std::shared_ptr<const MarianTokenizer> load_marian_tokenizer(const std::filesystem::path& folder);
/// Any tokenizer that load_input_encoder() knows.
std::shared_ptr<const InputEncoder> load_encoder(const std::filesystem::path& folder);

/// Throws UserError where the tokenizer has more ids than the model. `side` is "source " or "target " of a model that has two vocabularies.
void require_vocabulary(std::int64_t of_model, std::int64_t of_tokenizer, const std::string& side = "");

/// How much of a text a model reads: `asked` tokens; else as many as the folder's tokenizer says that it was trained on
/// (`model_max_length`, 0 where it does not say), and at most its positions. Throws UserError for `asked` below 1 or above the positions.
std::int64_t length_to_read(std::optional<std::int64_t> asked, const TextModel& model, std::int64_t model_max_length);

/// A folder with a decoder-only model, its tokenizer and how it wants to be used.
struct CausalFolder {
  std::shared_ptr<CausalLanguageModel> model;
  std::shared_ptr<const ByteBpeTokenizer> tokenizer;
  GenerationConfig generation;
  std::vector<std::string> warnings;  ///< what the folder says and is not followed
};

/// Throws UserError for a folder that is not there, holds no byte-level BPE tokenizer, or is of another family.
CausalFolder load_causal_folder(const std::filesystem::path& folder, const LoadOptions& options = {});

}  // namespace attend
