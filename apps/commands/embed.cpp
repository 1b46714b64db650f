#include "apps/commands/embed.h"

#include <charconv>

#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBatchTokens = 4096;

/// How a sequence's states become one vector.
struct Recipe {
  Pooling pooling = Pooling::kMean;
  bool normalises = false;      ///< to length 1
  std::int64_t max_length = 0;  ///< tokens, special ones counted
};

/// The pooling that a module's config.json names: "pooling_mode" since sentence-transformers 5.4, before that a switch for each kind.
Pooling read_pooling(const fs::path& path) {
  const std::string name = path.string();
  const Json config = read_json_file(path);
  if (!config.is_object()) throw UserError(name + ": expected a JSON object");
  std::vector<std::string> modes;
  if (const auto mode = config.find("pooling_mode"); mode != config.end() && !mode->is_null()) {
    for (const Json& one : mode->is_array() ? *mode : Json::array({*mode})) modes.push_back(json_string(one, name, "pooling_mode"));
  } else {
    for (const auto& [key, value] : config.items())
      if (key.starts_with("pooling_mode_") && !value.is_null() && json_bool(value, name, key)) modes.push_back(key.substr(13));
  }
  if (modes.size() == 1 && (modes[0] == "mean" || modes[0] == "mean_tokens")) return Pooling::kMean;
  if (modes.size() == 1 && (modes[0] == "cls" || modes[0] == "cls_token")) return Pooling::kCls;
  std::string found;
  for (const std::string& mode : modes) found += (found.empty() ? "" : ", ") + mode;
  throw UserError(name + ": pooling by " + (found.empty() ? "nothing" : found) + "; expected the mean, or the first token",
                  "choose with --pooling mean|cls; its vectors are others than this folder's");
}

/// sentence-transformers' modules.json: a transformer, a pooling, and perhaps a normalisation; `asked` takes the place of the pooling.
/// Throws UserError for anything else.
Recipe read_recipe(const fs::path& folder, std::optional<Pooling> asked) {
  Recipe recipe{.pooling = asked.value_or(Pooling::kMean)};
  const std::string name = (folder / "modules.json").string();
  if (!fs::exists(name)) return recipe;
  const Json modules = read_json_file(name);
  if (!modules.is_array()) throw UserError(name + ": expected a list of modules");
  for (const Json& module : modules) {
    if (!module.is_object()) throw UserError(name + ": expected a list of objects");
    const auto text = [&](const char* key) { return json_string(module.value(key, Json()), name, key); };
    const std::string type = text("type");
    if (type.ends_with(".Transformer")) {
      const fs::path limits = folder / "sentence_bert_config.json";
      if (!fs::exists(limits)) continue;
      const Json config = read_json_file(limits);
      if (const auto found = config.find("max_seq_length"); found != config.end() && !found->is_null())
        recipe.max_length = json_integer(*found, limits.string(), "max_seq_length");
    } else if (type.ends_with(".Pooling")) {
      if (!asked) recipe.pooling = read_pooling(folder / text("path") / "config.json");
    } else if (type.ends_with(".Normalize")) {
      recipe.normalises = true;
    } else {
      throw UserError(name + ": a module of type " + type + " is not supported; expected Transformer, Pooling, Normalize");
    }
  }
  return recipe;
}

std::string array_text(const torch::Tensor& x_E) {
  std::string text = "[";
  for (std::int64_t i = 0; i < x_E.size(0); ++i) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof(digits), x_E[i].item<float>()).ptr;
    text += (i ? ", " : "") + std::string(digits, end);
  }
  return text + "]";
}

torch::Tensor pool(const torch::Tensor& hidden_LE, const Recipe& recipe) {
  const auto pooled_E = recipe.pooling == Pooling::kCls ? hidden_LE[0] : hidden_LE.mean(0);
  return recipe.normalises ? pooled_E / pooled_E.norm().clamp_min(1e-12) : pooled_E;
}

}  // namespace

void add_embed(CLI::App& app) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = app.add_subcommand("embed", "A vector for each line of text");
  add_line_flags(*command, *options, "text");
  add_field_flag(*command, "--pooling", options->pooling,
                 "mean over the tokens, or the first token's state [as modules.json says, else mean]");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n  attend embed --model all-MiniLM-L6-v2 < sentences.txt > vectors.jsonl\n  attend embed --model runs/bert --pooling cls "
      "< text.txt");
  set_run(*command, options, run_embed);
}

int run_embed(const EmbedOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  const auto encoder = load_encoder(options.model);
  const auto model = load_text_encoder(options.model, device);
  require_vocabulary(*model, encoder->vocab_size());
  Recipe recipe = read_recipe(options.model, options.pooling);
  recipe.max_length = length_to_read(options, *model, recipe.max_length > 0 ? recipe.max_length : encoder->max_length());
  TextInput input(options.text, in, "Type a text; Ctrl-D ends.");
  UnknownLines unknown_lines;
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    const torch::NoGradGuard no_grad;
    std::vector<TextExample> examples;
    for (const InputLine& line : lines) {
      EncodedText encoded = encoder->encode(line.text, std::nullopt, recipe.max_length);
      unknown_lines.look_at(encoded.unknown, line.number);
      if (encoded.num_removed > 0)
        log_warning("line " + std::to_string(line.number) + " is longer than " + std::to_string(recipe.max_length) + " tokens; it was cut");
      examples.push_back({std::move(encoded.ids), std::move(encoded.type_ids)});
    }
    std::vector<std::string> answers(lines.size());
    for (const auto& chosen : batches_by_length(examples, kBatchTokens)) {
      const auto hidden_NE = model->hidden(pack_examples(examples, chosen)).to(torch::kFloat32).cpu();
      std::int64_t begin = 0;
      for (const std::size_t index : chosen) {
        const auto length = static_cast<std::int64_t>(examples[index].ids.size());
        answers[index] = array_text(pool(hidden_NE.narrow(0, begin, length), recipe).contiguous());
        begin += length;
      }
    }
    return answers;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
