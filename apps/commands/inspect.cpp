// attend inspect: what a model folder holds.
#include "apps/commands.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iomanip>
#include <map>
#include <ostream>
#include <sstream>

#include "apps/command.h"
#include "apps/common.h"
#include "core/json.h"
#include "core/log.h"
#include "core/safetensors.h"
#include "core/text.h"
#include "data/label_set.h"

namespace attend {
namespace {

struct InspectOptions {
  CommonOptions common;
  std::filesystem::path folder;
};

namespace fs = std::filesystem;

struct Weights {
  std::int64_t tensors = 0, parameters = 0, bytes = 0;
  std::map<std::string, std::int64_t> parameters_by_dtype;
};

/// Tables that transformers keeps beside the parameters: positions, masks, the bias that Marian's generation adds.
bool is_buffer(const std::string& name) {
  constexpr std::array<std::string_view, 5> kEndings{"final_logits_bias", "embed_positions.weight", ".attn.bias", ".attn.masked_bias",
                                                     "embeddings.position_ids"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

Weights read_weights(const fs::path& folder) {
  const SafetensorsReader reader = SafetensorsReader::open_folder(folder);
  Weights weights;
  for (const auto& [name, tensor] : reader.tensors()) {
    const auto count = static_cast<std::int64_t>(tensor.bytes.size() / dtype_size(tensor.dtype));
    weights.tensors += 1;
    weights.bytes += static_cast<std::int64_t>(tensor.bytes.size());
    if (is_buffer(name)) continue;
    weights.parameters += count;
    weights.parameters_by_dtype[std::string(dtype_name(tensor.dtype))] += count;
  }
  return weights;
}

/// The names of the classes in transformers that the folder can be loaded as.
Json describe_architectures(const Json& config, const std::string& name) {
  Json names = Json::array();
  const auto found = config.find("architectures");
  if (found == config.end() || found->is_null()) return names;
  if (!found->is_array()) throw UserError(name + ": \"architectures\" must be a list of strings");
  for (const Json& entry : *found) names.push_back(json_string(entry, name, "architectures"));
  return names;
}

/// The tokenizer files that lie in the folder, best described first.
Json describe_tokenizer(const fs::path& folder) {
  Json files = Json::array();
  for (const char* file :
       {"source.spm", "target.spm", "spm.model", "spiece.model", "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt"})
    if (fs::is_regular_file(folder / file)) files.push_back(file);
  const auto has = [&](const char* file) { return std::find(files.begin(), files.end(), Json(file)) != files.end(); };
  std::string kind = "none";
  if (has("source.spm") || has("spm.model") || has("spiece.model"))
    kind = "sentencepiece";
  else if (has("vocab.txt"))
    kind = "wordpiece";
  else if (has("merges.txt") || has("vocab.json"))
    kind = "byte-bpe";
  else if (has("tokenizer.json"))
    kind = "tokenizer.json";
  return {{"type", kind}, {"files", files}};
}

/// The newest value of each key of metrics.jsonl: step, loss, evaluation, ...
Json describe_training(const fs::path& folder) {
  const fs::path path = folder / "metrics.jsonl";
  if (!fs::is_regular_file(path)) return nullptr;
  Json newest = Json::object();
  LineReader lines(path);
  std::string line;
  std::int64_t records = 0;
  while (lines.next(line)) {
    if (line.empty()) continue;
    const Json record = parse_json(line, path.string() + " line " + std::to_string(lines.line_number()));
    if (!record.is_object()) throw UserError(path.string() + " line " + std::to_string(lines.line_number()) + ": expected a JSON object");
    ++records;
    for (const auto& [key, value] : record.items()) newest[key] = value;
  }
  Json history{{"records", records}};
  history.update(newest);
  return history;
}

/// The numbers of config.json that size the model; the rest concerns generation and training.
Json describe_sizes(const Json& config) {
  Json sizes = Json::object();
  for (const auto& [key, value] : config.items()) {
    const bool is_other = key.ends_with("_id") || key.ends_with("_ids") || key.find("drop") != std::string::npos ||
                          key.starts_with("num_beams") || key == "vocab_size" || key == "max_length" || key.ends_with("_std") ||
                          key.ends_with("_range");
    if (value.is_number_integer() && !is_other) sizes[key] = value;
  }
  return sizes;
}

/// The labels of a classifier or a tagger, and how many examples each had in training, where the folder knows.
Json describe_classes(const fs::path& folder, const Json& config, const Json& architectures) {
  const auto has_labels = [](const Json& name) {
    return name.is_string() &&
           (name.get<std::string>().ends_with("ForSequenceClassification") || name.get<std::string>().ends_with("ForTokenClassification"));
  };
  const auto names = config.find("id2label");
  if (std::none_of(architectures.begin(), architectures.end(), has_labels)) return nullptr;
  if (names == config.end() || !names->is_object() || names->size() < 2) return nullptr;  // one output is a number
  const std::map<std::string, std::int64_t> counts = read_class_counts(folder);
  Json classes = Json::array();
  for (const auto& [id, name] : names->items()) {
    Json one{{"label", json_string(name, (folder / "config.json").string(), "id2label")}};
    if (const auto found = counts.find(one["label"].get<std::string>()); found != counts.end()) one["training_examples"] = found->second;
    classes.push_back(std::move(one));
  }
  return classes;
}

/// "'hate' 7, 'normal' 53", and how many more.
std::string listed_classes(const Json& classes) {
  constexpr std::size_t kListed = 30;
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, classes.size()); ++i) {
    text += (i ? ", '" : "'") + excerpt(classes[i]["label"].get<std::string>(), 40) + "'";
    if (classes[i].contains("training_examples")) text += " " + std::to_string(classes[i]["training_examples"].get<std::int64_t>());
  }
  return text + (classes.size() > kListed ? " and " + std::to_string(classes.size() - kListed) + " more" : "");
}

std::string with_thousands(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

/// "step 100, loss 3.5, evaluation: bleu 12.5": the first level and the one below.
std::string pairs_of(const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items()) {
    text += (text.empty() ? "" : ", ") + key;
    text += value.is_object() ? ": " + pairs_of(value) : " " + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

std::string joined(const Json& list) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ", ") + item.get<std::string>();
  return text;
}

void print_text(const Json& facts, std::ostream& out) {
  const auto row = [&](const char* title, const std::string& content) {
    if (!content.empty()) out << std::left << std::setw(12) << title << content << "\n";
  };
  const std::string architectures = joined(facts["architectures"]);
  row("family", facts["model_type"].get<std::string>() + (architectures.empty() ? "" : " (" + architectures + ")"));
  std::ostringstream megabytes;
  megabytes << std::fixed << std::setprecision(1) << facts["bytes"].get<double>() / 1e6;
  std::string formats;
  for (const auto& [dtype, count] : facts["dtypes"].items()) formats += (formats.empty() ? "" : ", ") + dtype;
  row("parameters", with_thousands(facts["parameters"].get<std::int64_t>()) + " in " +
                        std::to_string(facts["tensors"].get<std::int64_t>()) + " tensors, " + megabytes.str() + " MB, " + formats);
  row("vocabulary", facts["vocab_size"].is_null() ? "" : with_thousands(facts["vocab_size"].get<std::int64_t>()));
  row("sizes", pairs_of(facts["sizes"]));
  const Json& tokenizer = facts["tokenizer"];
  row("tokenizer", tokenizer["type"].get<std::string>() + (tokenizer["files"].empty() ? "" : " (" + joined(tokenizer["files"]) + ")"));
  row("classes", facts["classes"].is_null() ? "" : listed_classes(facts["classes"]));
  row("training", facts["training"].is_null() ? "" : pairs_of(facts["training"]));
}

/// Prints family, sizes, parameters, tokenizer and training history, as text or as one JSON object. Reads config.json and
/// the headers of the weights only. Throws UserError where the folder is not a model's.
int run_inspect(const InspectOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  const fs::path& folder = options.folder;
  if (!fs::is_directory(folder))
    throw UserError(folder.string() + ": there is no such folder", "give a folder that holds config.json and model.safetensors");
  if (!fs::is_regular_file(folder / "config.json"))
    throw UserError(folder.string() + " holds no config.json", "give a folder that holds config.json and model.safetensors");
  const std::string name = (folder / "config.json").string();
  const Json config = read_json_file(folder / "config.json");
  if (!config.is_object() || !config.contains("model_type")) throw UserError(name + " names no model_type");
  const Weights weights = read_weights(folder);
  Json facts{{"model_type", json_string(config["model_type"], name, "model_type")}};
  facts["architectures"] = describe_architectures(config, name);
  facts["parameters"] = weights.parameters;
  facts["vocab_size"] = config.contains("vocab_size") ? Json(json_integer(config["vocab_size"], name, "vocab_size")) : Json(nullptr);
  facts["tensors"] = weights.tensors;
  facts["bytes"] = weights.bytes;
  facts["dtypes"] = weights.parameters_by_dtype;
  facts["sizes"] = describe_sizes(config);
  facts["tokenizer"] = describe_tokenizer(folder);
  facts["classes"] = describe_classes(folder, config, facts["architectures"]);
  facts["training"] = describe_training(folder);
  if (options.common.json)
    out << one_line(facts) << "\n";
  else
    print_text(facts, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Show what a model folder holds");
  add_common(*command, options->common);
  command->add_option("DIR", options->folder, "model folder in Hugging Face's layout")->required();
  command->footer("Examples:\n  attend inspect runs/de-en\n  attend inspect runs/de-en --json | python3 -m json.tool");
  set_run(*command, options, run_inspect);
}

}  // namespace attend
