#include "inference/embedding_recipe.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "core/known_keys.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

// The files' keys, as sentence-transformers 6.2 and its predecessors write them. What is not listed here is read below.

// sentence_bert_config.json. The lengths and the expansion are of encode_query() and encode_document(), which `embed` is not.
constexpr std::array kTransformerMustBe{
    KeyValue{"transformer_task", "\"feature-extraction\""},
    KeyValue{"module_output_name", "\"token_embeddings\""},
    KeyValue{"modality_config", R"({"text": {"method": "forward", "method_output_name": "last_hidden_state"}})"},
    KeyValue{"processing_kwargs", "{}"},
    KeyValue{"model_args", "{}"},
    KeyValue{"model_kwargs", "{}"},
    KeyValue{"tokenizer_args", "{}"},
    KeyValue{"processor_kwargs", "{}"},
    KeyValue{"config_args", "{}"},
    KeyValue{"config_kwargs", "{}"},
    KeyValue{"tokenizer_name_or_path", "null"},
};
constexpr auto kTransformerHarmless =
    std::to_array<std::string_view>({"unpad_inputs", "query_length", "document_length", "query_expansion"});

// A Pooling's config.json. Its sizes are the model's.
constexpr auto kPoolingHarmless = std::to_array<std::string_view>({"word_embedding_dimension", "embedding_dimension"});

// A Normalize's.
constexpr std::array kNormalizeMustBe{KeyValue{"module_input_name", "\"sentence_embedding\""},
                                      KeyValue{"module_output_name", "\"sentence_embedding\""}};

// An entry of modules.json. kwargs are what encode() may be told besides.
constexpr std::array kModuleNotFollowed{KeyValue{"kwargs", "[]"}};
constexpr auto kModuleHarmless = std::to_array<std::string_view>({"idx", "name"});

// config_sentence_transformers.json. The similarity is for whoever compares vectors.
constexpr std::array kTopMustBe{KeyValue{"model_type", "\"SentenceTransformer\""}};
constexpr auto kTopHarmless = std::to_array<std::string_view>({"__version__", "similarity_fn_name", "requirements"});

/// A JSON object whose keys are followed one by one; in the end none is left over.
class Settings {
 public:
  /// Empty where the file is not there.
  explicit Settings(const fs::path& path) : name_(path.string()), json_(fs::exists(path) ? read_json_file(path) : Json::object()) {
    if (!json_.is_object()) throw UserError(name_ + ": expected a JSON object");
  }
  Settings(Json json, std::string name) : name_(std::move(name)), json_(std::move(json)) {
    if (!json_.is_object()) throw UserError(name_ + ": expected a list of objects");
  }

  const std::string& name() const { return name_; }
  const Json& json() const { return json_; }
  /// Nothing where the key says nothing.
  const Json* find(const std::string& key) {
    followed_.insert(key);
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  void finish(const KnownKeys& known, std::vector<std::string>& warnings) const {
    const auto told = check_keys(json_, name_, std::array{known}, followed_);
    warnings.insert(warnings.end(), told.begin(), told.end());
  }

 private:
  std::string name_;
  Json json_;
  std::set<std::string, std::less<>> followed_;
};

struct Module {
  std::string kind;  // the type's last word
  fs::path path;
};

/// A path of modules.json must lead into the folder itself.
fs::path path_within(const fs::path& folder, const std::string& path, const std::string& name) {
  const fs::path relative(path);
  const bool leads_up = std::find(relative.begin(), relative.end(), fs::path("..")) != relative.end();
  if (relative.is_absolute() || leads_up || path.find_first_of(std::string_view("\\\0", 2)) != std::string::npos)
    throw UserError(name + ": a module's path is '" + path + "'; expected one within the folder");
  return path.empty() ? folder : folder / relative;
}

std::vector<Module> read_modules(const fs::path& folder, std::vector<std::string>& warnings) {
  const std::string name = (folder / "modules.json").string();
  const Json list = read_json_file(name);
  if (!list.is_array()) throw UserError(name + ": expected a list of modules");
  std::vector<Module> modules;
  for (const Json& entry : list) {
    Settings module(entry, name);
    const auto text = [&](const char* key) {
      const Json* const found = module.find(key);
      return json_string(found == nullptr ? Json() : *found, name, key);
    };
    const std::string type = text("type");
    const std::string kind = type.substr(type.rfind('.') + 1);
    // Others than theirs are code that lies in the folder.
    if (!type.starts_with("sentence_transformers.") || (kind != "Transformer" && kind != "Pooling" && kind != "Normalize"))
      throw UserError(name + ": a module of type " + type +
                      " is not supported; expected sentence_transformers' Transformer, Pooling, Normalize");
    modules.push_back({kind, path_within(folder, text("path"), name)});
    module.finish({.must_be = {}, .not_followed = kModuleNotFollowed, .harmless = kModuleHarmless}, warnings);
  }
  const auto is = [&](std::size_t place, const char* kind) { return place < modules.size() && modules[place].kind == kind; };
  const bool is_in_order = is(0, "Transformer") && is(1, "Pooling") &&
                           std::all_of(modules.begin() + 2, modules.end(), [](const Module& module) { return module.kind == "Normalize"; });
  if (!is_in_order) throw UserError(name + ": expected a Transformer, then a Pooling, and at most Normalize after them");
  return modules;
}

void follow_transformer(const fs::path& folder, EmbeddingRecipe& recipe) {
  recipe.model = folder;
  // The first that is there and not empty, as the library looks for it.
  fs::path path = folder / "sentence_bert_config.json";
  for (const char* kind : {"bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"}) {
    const fs::path other = folder / (std::string("sentence_") + kind + "_config.json");
    if (!fs::exists(other) || read_json_file(other).empty()) continue;
    path = other;
    break;
  }
  Settings settings(path);
  if (const Json* const length = settings.find("max_seq_length"))
    recipe.max_length = json_integer(*length, settings.name(), "max_seq_length");
  if (const Json* const lower = settings.find("do_lower_case"); lower != nullptr && json_bool(*lower, settings.name(), "do_lower_case"))
    recipe.letter_case = LetterCase::kLower;
  settings.finish({.must_be = kTransformerMustBe, .not_followed = {}, .harmless = kTransformerHarmless}, recipe.warnings);
}

/// "pooling_mode" since sentence-transformers 5.4, before that a switch for each kind; where all are off, the mean.
std::vector<std::string> pooling_modes(Settings& settings) {
  std::vector<std::string> modes;
  const Json* const stated = settings.find("pooling_mode");
  if (stated != nullptr)
    for (const Json& one : stated->is_array() ? *stated : Json::array({*stated}))
      modes.push_back(json_string(one, settings.name(), "pooling_mode"));
  for (const auto& [key, value] : settings.json().items()) {
    if (!key.starts_with("pooling_mode_")) continue;
    settings.find(key);
    if (stated == nullptr && !value.is_null() && json_bool(value, settings.name(), key)) modes.push_back(key.substr(13));
  }
  if (modes.empty()) modes.push_back("mean");
  return modes;
}

void follow_pooling(const fs::path& folder, const std::optional<Pooling>& asked, EmbeddingRecipe& recipe) {
  Settings settings(folder / "config.json");
  const std::vector<std::string> modes = pooling_modes(settings);
  if (const Json* const include = settings.find("include_prompt"))
    recipe.pools_prompt = json_bool(*include, settings.name(), "include_prompt");
  settings.finish({.must_be = {}, .not_followed = {}, .harmless = kPoolingHarmless}, recipe.warnings);
  if (asked) {
    recipe.pooling = *asked;
  } else if (modes.size() == 1 && (modes[0] == "mean" || modes[0] == "mean_tokens")) {
    recipe.pooling = Pooling::kMean;
  } else if (modes.size() == 1 && (modes[0] == "cls" || modes[0] == "cls_token")) {
    recipe.pooling = Pooling::kCls;
  } else {
    std::string found;
    for (const std::string& mode : modes) found += (found.empty() ? "" : ", ") + mode;
    throw UserError(settings.name() + ": pooling by " + found + "; expected the mean, or the first token",
                    "choose with --pooling mean|cls; its vectors are others than this folder's");
  }
}

/// The prompt by its name. A default of "query" or "document" is empty where the folder has none, as in sentence-transformers.
std::string prompt_called(const std::string& called, const std::map<std::string, std::string>& prompts, const std::string& name,
                          bool is_default) {
  if (const auto found = prompts.find(called); found != prompts.end()) return found->second;
  if (is_default && (called == "query" || called == "document")) return {};
  std::string known;
  for (const auto& [key, text] : prompts) known += (known.empty() ? "" : ", ") + key;
  throw UserError(name + ": there is no prompt '" + called + "'; " + (known.empty() ? "it has none" : "expected one of: " + known),
                  is_default ? "correct its default_prompt_name, or give --prompt" : "give --prompt TEXT instead of --prompt-name");
}

void follow_top(const fs::path& folder, const EmbeddingChoices& choices, EmbeddingRecipe& recipe) {
  Settings settings(folder / "config_sentence_transformers.json");
  const std::string& name = settings.name();
  std::map<std::string, std::string> prompts;
  if (const Json* const found = settings.find("prompts")) {
    if (!found->is_object()) throw UserError(name + ": prompts must be an object of texts");
    for (const auto& [key, text] : found->items()) prompts[key] = text.is_null() ? "" : json_string(text, name, "prompts");
  }
  const Json* const usual = settings.find("default_prompt_name");
  const std::string usual_name = usual == nullptr ? "" : json_string(*usual, name, "default_prompt_name");
  if (choices.prompt_name)
    recipe.prompt = prompt_called(*choices.prompt_name, prompts, name, false);
  else if (!choices.prompt && !usual_name.empty())
    recipe.prompt = prompt_called(usual_name, prompts, name, true);
  if (const Json* const kept = settings.find("truncate_dim")) {
    recipe.num_kept = json_integer(*kept, name, "truncate_dim");
    if (recipe.num_kept < 1) throw UserError(name + ": truncate_dim is " + kept->dump() + "; expected 1 or more");
  }
  settings.finish({.must_be = kTopMustBe, .not_followed = {}, .harmless = kTopHarmless}, recipe.warnings);
}

}  // namespace

EmbeddingRecipe read_embedding_recipe(const fs::path& folder, const EmbeddingChoices& choices) {
  if (choices.prompt && choices.prompt_name) throw UserError("--prompt and --prompt-name are both given", "leave one of the two out");
  EmbeddingRecipe recipe{.model = folder, .pooling = choices.pooling.value_or(Pooling::kMean)};
  if (fs::exists(folder / "modules.json")) {
    for (const Module& module : read_modules(folder, recipe.warnings)) {
      if (module.kind == "Transformer") follow_transformer(module.path, recipe);
      if (module.kind == "Pooling") follow_pooling(module.path, choices.pooling, recipe);
      if (module.kind != "Normalize") continue;
      recipe.normalises = true;
      Settings(module.path / "config.json").finish({.must_be = kNormalizeMustBe, .not_followed = {}, .harmless = {}}, recipe.warnings);
    }
    follow_top(folder, choices, recipe);
  } else if (choices.prompt_name) {
    throw UserError(folder.string() + " has no modules.json, so no prompts; --prompt-name is " + *choices.prompt_name,
                    "give --prompt TEXT instead");
  }
  if (choices.prompt) recipe.prompt = *choices.prompt;
  if (recipe.pooling == Pooling::kCls && !recipe.pools_prompt && !recipe.prompt.empty())
    throw UserError((folder / "modules.json").string() + ": include_prompt is false in a pooling by the first token, which is the prompt's",
                    "give --prompt '' or --pooling mean");
  return recipe;
}

}  // namespace attend
