#include "apps/commands/causal_folder.h"

#include "apps/commands/text_folder.h"
#include "core/log.h"

namespace attend {
namespace {

void replace_all(std::string& text, const std::string& found, const std::string& written) {
  for (std::size_t at = 0; (at = text.find(found, at)) != std::string::npos; at += written.size()) text.replace(at, found.size(), written);
}

}  // namespace

CausalFolder load_causal_folder(const std::filesystem::path& folder, torch::Device device) {
  CausalFolder loaded;
  loaded.model = load_causal_language_model(folder, device);  // first: a folder of another family is told as such
  loaded.tokenizer = load_byte_bpe(folder);
  // A folder that names no end is ended by the tokenizer's, where that has one.
  constexpr std::int64_t kNone = -1;
  const std::int64_t end_of_text = loaded.tokenizer->end_of_text_id().value_or(kNone);
  loaded.generation = read_generation_config(folder, {.pad = kNone, .eos = end_of_text, .decoder_start = kNone});
  const GenerationConfig& generation = loaded.generation;
  if ((generation.max_length && !generation.max_new_tokens) || (generation.min_length > 0 && !generation.min_new_tokens))
    log_warning((folder / "generation_config.json").string() +
                ": max_length and min_length, which count the prompt's tokens too, are not followed; there are --max-new-tokens and "
                "--min-new-tokens");
  return loaded;
}

std::string one_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string one_line(std::string text) {
  replace_all(text, "\n", "\\n");
  replace_all(text, "\r", "\\r");
  return text;
}

std::vector<std::string> with_line_breaks(std::vector<std::string> texts) {
  for (std::string& text : texts) replace_all(text, "\\n", "\n");
  return texts;
}

}  // namespace attend
