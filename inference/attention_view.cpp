// Letters: L layers, H heads, Q queries, K keys.
#include "inference/attention_view.h"

#include <algorithm>

#include <torch/torch.h>

#include "core/error.h"
#include "core/text.h"
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
  part.layers = maps.weights_LHQK.size(0);
  part.heads = maps.weights_LHQK.size(1);
  part.causal = maps.part == AttentionPart::kDecoder;
  for (std::int64_t layer = 0; layer < part.layers; ++layer)
    for (std::int64_t head = 0; head < part.heads; ++head) {
      const auto weights = numbers(maps.weights_LHQK[layer][head]);
      part.summary.push_back(is_cross ? head_of_cross(weights, queries, keys) : head_of_self(weights, queries));
    }
  part.weights = numbers(maps.weights_LHQK);
  if (!is_cross && !maps.weights_LHQK.isnan().all().item<bool>()) part.rollout = numbers(rollout(maps.weights_LHQK));
  return part;
}

std::string shortened(std::int64_t kept, std::int64_t all, const std::string& what) {
  return "Only the first " + std::to_string(kept) + " of the " + std::to_string(all) + " tokens of " + what + " are shown.";
}

void require_words(const std::string& text, const char* flag) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw UserError(std::string(flag) + " is empty; expected a text whose tokens attend to one another");
}

void cut(TokenIds& ids, std::int64_t length, const std::string& what, std::vector<std::string>& notes) {
  const auto all = static_cast<std::int64_t>(ids.size());
  if (all <= length) return;
  notes.push_back(shortened(length, all, what));
  ids.resize(static_cast<std::size_t>(length));
}

// A side of a pair: pieces with the end, and their ids.
struct Side {
  Text text;
  PackedIds ids;
};

Side side_of(const Tokenizer& tokenizer, const MarianTokenizer& of, const std::string& text, const std::string& name, std::int64_t length,
             std::vector<std::string>& notes) {
  Side side{.text = {.name = name, .tokens = tokenizer.pieces(text), .special = {}}, .ids = {}};
  const std::vector<std::int32_t> ids = tokenizer.encode(text);
  TokenIds all(ids.begin(), ids.end());
  cut(all, length - 1, "the " + name, notes);
  side.text.tokens.resize(all.size());
  side.text.special = {static_cast<std::int64_t>(all.size())};
  side.text.tokens.push_back(of.eos_piece());
  all.push_back(of.eos_id());
  side.ids = {.ids = all, .lengths = {static_cast<std::int64_t>(all.size())}};
  return side;
}

AttentionView view_pair(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request) {
  if (request.pair)
    throw UserError("--text-pair is for models that read two texts; this one translates", "name its translation with --target");
  auto model = load_seq2seq(folder, options);
  const auto tokenizer = load_marian_tokenizer(folder);
  AttentionView view;
  std::string target = request.target.value_or("");
  if (!request.target) {
    const Translator translator(model, tokenizer, read_generation_config(folder, model->token_roles()));
    target = translator.translate(std::vector{request.text}).front().translations.front().text;
    view.notes.push_back("The model translated: " + target);
  }
  const std::int64_t length = std::min(request.max_tokens, model->max_positions());
  const Side source = side_of(tokenizer->source(), *tokenizer, request.text, "source", length, view.notes);
  const Side written = side_of(tokenizer->target(), *tokenizer, target, "target", length, view.notes);
  Text read{.name = "read", .tokens = {"(start)"}, .special = {0}};
  read.tokens.insert(read.tokens.end(), written.text.tokens.begin(), written.text.tokens.end() - 1);

  const torch::NoGradGuard no_gradient;
  const std::vector<AttentionMaps> all = model->attention({.source = source.ids, .target = written.ids});
  if (all.empty()) throw UserError(folder.string() + ": the model has no attention to look at (it is an LSTM without)");
  for (const AttentionMaps& maps : all) {
    const bool of_source = maps.part == AttentionPart::kEncoder;
    const Text& queries = of_source ? source.text : maps.part == AttentionPart::kDecoder ? read : written.text;
    view.parts.push_back(part_of(maps, queries, maps.part == AttentionPart::kDecoder ? read : source.text));
  }
  view.texts = {source.text, written.text, read};
  return view;
}

// What a language model writes after the text, to be looked at with it; "" of another head.
std::string own_continuation(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request) {
  const auto architectures = read_json_file(folder / "config.json").value("architectures", Json::array());
  const bool writes = std::any_of(architectures.begin(), architectures.end(), [](const Json& name) {
    return name.is_string() && name.get_ref<const std::string&>().ends_with("LMHeadModel");
  });
  if (!writes || request.max_new_tokens <= 0) return "";
  CausalFolder causal = load_causal_folder(folder, options);
  const TextGenerator generator(std::move(causal.model), std::move(causal.tokenizer), std::move(causal.generation));
  const std::vector<Prompt> prompts{{.ids = generator.encode(request.text)}};
  return generator.generate({.prompts = prompts}, {.max_new_tokens = request.max_new_tokens, .temperature = 0.0})[0][0].text;
}

AttentionView view_text(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request) {
  const auto model = load_text_encoder(folder, options);
  const auto encoder = load_encoder(folder);
  AttentionView view;
  std::string text = request.text;
  if (request.target && model->num_segments() > 1)
    throw UserError("--target is what a model writes; this one reads", "name a second text with --text-pair");
  if (request.target) {
    text += *request.target;
  } else if (!request.pair) {
    const std::string continuation = own_continuation(folder, options, request);
    if (!continuation.empty()) view.notes.push_back("The model continued with: " + continuation);
    text += continuation;
  }
  const auto second = request.pair ? std::optional<std::string_view>(*request.pair) : std::nullopt;
  const std::int64_t length = std::min(request.max_tokens, model->max_positions());
  EncodedText encoded = encoder->encode(text, second, length);
  if (encoded.num_removed > 0)
    view.notes.push_back(shortened(static_cast<std::int64_t>(encoded.ids.size()),
                                   static_cast<std::int64_t>(encoded.ids.size()) + encoded.num_removed, "the text"));
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

}  // namespace

AttentionView view_attention(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request) {
  require_words(request.text, "--text");
  if (request.pair) require_words(*request.pair, "--text-pair");
  if (request.target) require_words(*request.target, "--target");
  if (request.max_tokens < 2) throw UserError("--max-length is " + std::to_string(request.max_tokens) + "; expected 2 or more");
  AttentionView view = is_seq2seq(folder) ? view_pair(folder, options, request) : view_text(folder, options, request);
  const Json config = read_json_file(folder / "config.json");
  view.family = config.value("model_type", "");
  view.kind = config.value("attention", "full");
  return view;
}

}  // namespace attend
