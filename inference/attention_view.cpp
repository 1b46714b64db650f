// Letters: L layers, H heads, Q queries, K keys.
#include "inference/attention_view.h"

#include <algorithm>

#include <torch/torch.h>

#include "core/error.h"
#include "core/json.h"
#include "inference/folders.h"
#include "inference/text_examples.h"
#include "inference/text_generator.h"
#include "inference/translator.h"
#include "models/attention_maps.h"

namespace attend {
namespace {

using Text = AttentionView::Text;

std::vector<float> numbers(const torch::Tensor& tensor) {
  const auto flat = tensor.to(torch::kFloat32).contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

// Abnar and Zuidema 2020, equation 1: half of a layer's output is its input, the other half goes by the mean of its heads; layers are
// multiplied. [L, Q, K], from the first layer's input.
torch::Tensor rollout(const torch::Tensor& weights_LHQK) {
  const auto mean_LQK = torch::nan_to_num(weights_LHQK, 0).mean(1);
  const auto layers_LQK = 0.5 * mean_LQK / mean_LQK.sum(2, true).clamp_min(1e-12) + 0.5 * torch::eye(mean_LQK.size(1));
  std::vector<torch::Tensor> rolled{layers_LQK[0]};
  for (std::int64_t layer = 1; layer < layers_LQK.size(0); ++layer) rolled.push_back(torch::matmul(layers_LQK[layer], rolled.back()));
  return torch::stack(rolled);
}

AttentionView::Part part_of(const AttentionMaps& maps, const Text& queries, const Text& keys) {
  const bool is_cross = maps.part == AttentionPart::kCross;
  AttentionView::Part part{.name = is_cross ? "cross" : maps.part == AttentionPart::kEncoder ? "encoder" : "decoder"};
  part.label = is_cross                               ? "Decoder: attention to the source"
               : maps.part == AttentionPart::kEncoder ? "Self-attention, both ways"
                                                      : "Self-attention, backwards only";
  part.queries = queries.name;
  part.keys = keys.name;
  // Linformer's are signed, and do not sum to one: no shares.
  const bool are_shares = !(maps.weights_LHQK < 0).any().item<bool>();
  part.layers = maps.weights_LHQK.size(0);
  part.heads = maps.weights_LHQK.size(1);
  part.causal = maps.part == AttentionPart::kDecoder;
  for (std::int64_t layer = 0; layer < part.layers; ++layer)
    for (std::int64_t head = 0; head < part.heads; ++head) {
      const auto weights = numbers(maps.weights_LHQK[layer][head]);
      part.summary.push_back(!are_shares ? AttentionView::Head{}
                             : is_cross  ? head_of_cross(weights, queries, keys)
                                         : head_of_self(weights, queries));
    }
  part.weights = numbers(maps.weights_LHQK);
  if (!is_cross && are_shares) part.rollout = numbers(rollout(maps.weights_LHQK));
  return part;
}

void require_words(const std::string& text, const char* flag) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw UserError(std::string(flag) + " is empty; expected a text whose tokens attend to one another");
}

std::string cut_note(const std::string& what, std::int64_t kept, std::int64_t all) {
  return what + " has " + std::to_string(all) + " tokens; it was cut to the first " + std::to_string(kept) + " before it was read.";
}

// A side of a pair: pieces with the end, and their ids.
struct Side {
  Text text;
  PackedIds ids;
};

Side side_of(const Tokenizer& tokenizer, const MarianTokenizer& of, const std::string& text, const std::string& name) {
  const std::vector<std::int32_t> ids = tokenizer.encode(text);
  Side side{.text = {.name = name, .tokens = tokenizer.pieces(text), .special = {static_cast<std::int64_t>(ids.size())}},
            .ids = {.ids = {ids.begin(), ids.end()}, .lengths = {static_cast<std::int64_t>(ids.size()) + 1}}};
  side.text.tokens.push_back(of.eos_piece());
  side.ids.ids.push_back(of.eos_id());
  return side;
}

// The text, or as much of it as `length` tokens hold, the end counted.
std::string fitted(const Tokenizer& tokenizer, const std::string& text, const std::string& what, std::int64_t length,
                   std::vector<std::string>& notes) {
  std::vector<std::int32_t> ids = tokenizer.encode(text);
  if (ids.empty()) throw UserError(what + " has no tokens; expected a text whose tokens attend to one another");
  const auto all = static_cast<std::int64_t>(ids.size());
  if (all < length) return text;
  notes.push_back(cut_note(what, length - 1, all));
  ids.resize(static_cast<std::size_t>(length - 1));
  return tokenizer.decode(ids);
}

AttentionView view_pair(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request) {
  if (request.pair)
    throw UserError("--text-pair is for models that read two texts; this one translates", "name its translation with --target");
  auto model = load_seq2seq(folder, options);
  const auto tokenizer = load_marian_tokenizer(folder);
  const Translator translator(model, tokenizer, read_generation_config(folder, model->token_roles()));  // checks that they fit
  const torch::NoGradGuard no_gradient;
  const PackedIds end{.ids = {tokenizer->eos_id()}, .lengths = {1}};
  if (model->attention({.source = end, .target = end}).empty())
    throw UserError(folder.string() + ": the model has no attention to look at; it was made with --attention none");

  AttentionView view;
  const std::int64_t length = std::min(request.max_tokens, model->max_positions());
  const std::string text = fitted(tokenizer->source(), request.text, "The text", length, view.notes);
  std::string target;
  if (request.target) {
    target = *request.target;
  } else {
    const Translation translation = translator.translate(std::vector{text}).front().translations.front();
    target = translation.text;
    view.notes.push_back("The model translated: " + target);
    TokenIds again;
    for (const std::int32_t id : tokenizer->target().encode(target)) again.push_back(id);
    again.push_back(tokenizer->eos_id());
    if (again != translation.ids)
      view.notes.emplace_back("The model wrote other pieces of the same text; what is shown are those that the tokenizer makes of it.");
  }
  const Side source = side_of(tokenizer->source(), *tokenizer, text, "source");
  const Side written =
      side_of(tokenizer->target(), *tokenizer, fitted(tokenizer->target(), target, "The target", length, view.notes), "target");
  Text read{.name = "read", .tokens = {"(start)"}, .special = {0}};
  read.tokens.insert(read.tokens.end(), written.text.tokens.begin(), written.text.tokens.end() - 1);

  for (const AttentionMaps& maps : model->attention({.source = source.ids, .target = written.ids})) {
    const bool of_source = maps.part == AttentionPart::kEncoder, of_read = maps.part == AttentionPart::kDecoder;
    view.parts.push_back(part_of(maps, of_source ? source.text : of_read ? read : written.text, of_read ? read : source.text));
  }
  view.texts = {source.text, written.text, read};
  return view;
}

// What a language model writes after these tokens.
TokenIds own_continuation(const std::filesystem::path& folder, const LoadOptions& options, const std::vector<std::int32_t>& ids,
                          std::int64_t max_new_tokens) {
  CausalFolder causal = load_causal_folder(folder, options);
  const TextGenerator generator(std::move(causal.model), std::move(causal.tokenizer), std::move(causal.generation));
  const std::vector<Prompt> prompts{{.ids = {ids.begin(), ids.end()}}};
  return generator.generate({.prompts = prompts}, {.max_new_tokens = max_new_tokens, .temperature = 0.0})[0][0].ids;
}

bool is_language_model(const std::filesystem::path& folder) {
  const Json config = read_json_file(folder / "config.json");
  const auto architectures = config.find("architectures");
  return architectures != config.end() && architectures->is_array() &&
         std::any_of(architectures->begin(), architectures->end(),
                     [](const Json& name) { return name.is_string() && name.get_ref<const std::string&>().ends_with("LMHeadModel"); });
}

AttentionView view_text(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request) {
  const bool writes = is_causal(folder);
  if (request.target && !writes) throw UserError("--target is what a model writes; this one reads", "name a second text with --text-pair");
  if (request.target && request.pair) throw UserError("--target and --text-pair are both given", "leave one out");
  const auto model = load_text_encoder(folder, options);
  const auto encoder = load_encoder(folder);
  require_vocabulary(model->vocab_size(), encoder->vocab_size());
  if (request.pair && model->num_segments() < encoder->num_pair_segments())
    throw UserError(folder.string() + ": the model has one segment; a pair needs two", "leave --text-pair out");
  AttentionView view;
  const std::int64_t length = std::min(request.max_tokens, model->max_positions());
  const std::int64_t room = writes && !request.target && !request.pair && is_language_model(folder)
                                ? std::clamp<std::int64_t>(request.max_new_tokens, 0, length - 1)
                                : 0;
  const std::string text = request.text + request.target.value_or("");
  EncodedText encoded = encoder->encode(text, request.pair ? std::optional<std::string_view>(*request.pair) : std::nullopt, length - room);
  const auto kept = static_cast<std::int64_t>(encoded.ids.size()), all = kept + encoded.num_removed;
  if (encoded.num_removed > 0)
    view.notes.push_back(request.pair ? "The texts have " + std::to_string(all) + " tokens together; the longer one was cut until " +
                                            std::to_string(kept) + " were left."
                                      : cut_note("The text", kept, all));
  if (room > 0) {
    std::string written;
    for (const std::int64_t id : own_continuation(folder, options, encoded.ids, room)) {
      encoded.ids.push_back(static_cast<std::int32_t>(id));
      encoded.type_ids.push_back(0);
      written += encoder->piece(static_cast<std::int32_t>(id));
    }
    view.notes.push_back("The model continued with: " + written);
  }
  Text source{.name = "source", .tokens = {}, .special = {}};
  for (const std::int32_t id : encoded.ids) {
    if (encoder->is_special(id)) source.special.push_back(static_cast<std::int64_t>(source.tokens.size()));
    source.tokens.push_back(encoder->piece(id));
  }
  const torch::NoGradGuard no_gradient;
  const std::vector<TextExample> examples{{std::move(encoded.ids), std::move(encoded.type_ids)}};
  view.parts = {part_of(model->attention(pack_examples(examples, {0})), source, source)};
  view.texts = {std::move(source)};
  return view;
}

// The kind of attention that config.json names: ours, or Big Bird's in transformers' words.
std::string kind_of(const Json& config) {
  const auto text = [&](const char* key) {
    const auto found = config.find(key);
    return found != config.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text("attention_type") == "block_sparse" || (text("model_type") == "big_bird" && text("attention_type").empty())) return "bigbird";
  return text("attention").empty() ? "full" : text("attention");
}

}  // namespace

AttentionView view_attention(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request) {
  require_words(request.text, "--text");
  if (request.pair) require_words(*request.pair, "--text-pair");
  if (request.target) require_words(*request.target, "--target");
  if (request.max_tokens < 2) throw UserError("--max-length is " + std::to_string(request.max_tokens) + "; expected 2 or more");
  AttentionView view = is_seq2seq(folder) ? view_pair(folder, options, request) : view_text(folder, options, request);
  const Json config = read_json_file(folder / "config.json");
  view.family = config.at("model_type").get<std::string>();  // the registry has read it
  view.kind = kind_of(config);
  if (view.kind == "linformer") view.notes.emplace_back("Linformer's weights are signed: what each token takes of each value.");
  return view;
}

}  // namespace attend
