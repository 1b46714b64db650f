#include "inference/folders.h"

#include <algorithm>

#include "core/error.h"
#include "inference/text_examples.h"
#include "tokenizers/unknown_tokens.h"

namespace attend {
namespace {

void require_model_folder(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw UserError(folder.string() + ": there is no such folder", "give --model a model's folder, as `attend pretrain` writes");
}

}  // namespace

std::shared_ptr<const WordPieceTokenizer> load_wordpiece(const std::filesystem::path& folder) {
  require_model_folder(folder);
  if (!WordPieceTokenizer::present_in(folder))
    throw UserError(folder.string() + " holds no tokenizer; expected vocab.txt or tokenizer.json",
                    "copy it beside the model from where it was trained");
  return std::make_shared<const WordPieceTokenizer>(folder);
}

std::shared_ptr<const ByteBpeTokenizer> load_byte_bpe(const std::filesystem::path& folder) {
  require_model_folder(folder);
  if (!ByteBpeTokenizer::present_in(folder))
    throw UserError(folder.string() + " holds no tokenizer; expected tokenizer.json, or vocab.json and merges.txt",
                    "copy it beside the model from where it was trained");
  return std::make_shared<const ByteBpeTokenizer>(folder);
}

std::shared_ptr<const InputEncoder> load_encoder(const std::filesystem::path& folder, LetterCase letter_case) {
  require_model_folder(folder);
  return load_input_encoder(folder, letter_case);
}

std::shared_ptr<const MarianTokenizer> load_marian_tokenizer(const std::filesystem::path& folder) {
  require_model_folder(folder);
  if (!MarianTokenizer::present_in(folder))
    throw UserError(folder.string() + " holds no tokenizer; expected source.spm, target.spm and vocab.json",
                    "copy them beside the model from where it was trained");
  return std::make_shared<const MarianTokenizer>(folder);
}

void require_vocabulary(std::int64_t of_model, std::int64_t of_tokenizer, const std::string& side) {
  if (of_tokenizer > of_model)
    throw UserError("the tokenizer has " + std::to_string(of_tokenizer) + " " + side + "ids, the model " + std::to_string(of_model),
                    "use the tokenizer the model was made with");
}

std::vector<std::string> vocabulary_warnings(std::int64_t of_model, std::int64_t of_tokenizer, const std::string& side) {
  require_vocabulary(of_model, of_tokenizer, side);
  std::vector<std::string> warnings;
  if (auto warning = spare_ids_warning(of_tokenizer, of_model)) warnings.push_back(std::move(*warning));
  return warnings;
}

std::int64_t length_to_read(std::optional<std::int64_t> asked, const TextModel& model, std::int64_t model_max_length) {
  const std::int64_t positions = model.max_positions();
  return chosen_length(asked, model_max_length > 0 ? std::min(model_max_length, positions) : positions, positions);
}

CausalFolder load_causal_folder(const std::filesystem::path& folder, const LoadOptions& options) {
  CausalFolder loaded;
  loaded.model = load_causal_language_model(folder, options);  // first: a folder of another family is told as such
  loaded.tokenizer = load_byte_bpe(folder);
  loaded.warnings = vocabulary_warnings(loaded.model->vocab_size(), loaded.tokenizer->vocab_size());
  // A folder that names no end is ended by the tokenizer's, where that has one.
  constexpr std::int64_t kNone = -1;
  const std::int64_t end_of_text = loaded.tokenizer->end_of_text_id().value_or(kNone);
  loaded.generation = read_generation_config(folder, {.pad = kNone, .eos = end_of_text, .decoder_start = kNone});
  const GenerationConfig& generation = loaded.generation;
  loaded.warnings.insert(loaded.warnings.end(), generation.warnings.begin(), generation.warnings.end());
  if ((generation.max_length && !generation.max_new_tokens) || (generation.min_length > 0 && !generation.min_new_tokens))
    loaded.warnings.push_back((folder / "generation_config.json").string() +
                              ": max_length and min_length, which count the prompt's tokens too, are not followed; there are "
                              "--max-new-tokens and --min-new-tokens");
  return loaded;
}

}  // namespace attend
