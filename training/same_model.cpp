#include "training/same_model.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHint = "give checkpoints of one run";

/// What says how a model was trained, stored or generates, and not what its weights mean.
bool is_beside_the_weights(std::string_view key) {
  constexpr std::array<std::string_view, 20> kNames{
      "_name_or_path", "transformers_version", "torch_dtype", "dtype",       "architectures", "use_cache",
      "init_std",      "initializer_range",    "num_beams",   "max_length",  "min_length",    "length_penalty",
      "bad_words_ids", "early_stopping",       "task",        "temperature", "top_k",         "top_p",
      "do_sample",     "task_specific_params"};
  return key.find("drop") != std::string_view::npos || std::find(kNames.begin(), kNames.end(), key) != kNames.end();
}

void compare_configs(const fs::path& first, const fs::path& other) {
  const Json one = read_json_file(first / "config.json"), two = read_json_file(other / "config.json");
  const std::string name = (other / "config.json").string();
  if (!one.is_object() || !two.is_object()) throw UserError(name + ": expected a JSON object");
  std::string of_one_only;
  for (const auto& [key, value] : one.items())
    if (!two.contains(key) && !is_beside_the_weights(key)) of_one_only += " " + key;
  for (const auto& [key, value] : two.items()) {
    const auto found = one.find(key);
    if (found == one.end() && !is_beside_the_weights(key)) of_one_only += " " + key;
    if (found == one.end() || *found == value || is_beside_the_weights(key)) continue;
    throw UserError(name + ": " + key + " is " + excerpt(value.dump()) + "; in " + first.string() + " it is " + excerpt(found->dump()),
                    kHint);
  }
  if (!of_one_only.empty())
    log_warning(name + " and " + (first / "config.json").string() + ": only one of them has" + of_one_only + ", which is not compared");
}

using Vocabulary = std::map<std::int64_t, std::string>;

/// vocab.txt: a token a line. vocab.json: {"token": id}.
Vocabulary read_vocabulary(const fs::path& file) {
  Vocabulary tokens;
  if (file.extension() == ".json") {
    const Json ids = read_json_file(file);
    if (!ids.is_object()) throw UserError(file.string() + ": expected a JSON object");
    for (const auto& [token, id] : ids.items()) tokens.emplace(json_integer(id, file.string(), token), token);
    return tokens;
  }
  LineReader lines(file);
  for (std::string line; lines.next(line);) tokens.emplace(static_cast<std::int64_t>(tokens.size()), line);
  return tokens;
}

void compare_vocabularies(const fs::path& first, const fs::path& other) {
  const Vocabulary one = read_vocabulary(first), two = read_vocabulary(other);
  const auto shown = [](const Vocabulary& tokens, std::int64_t id) {
    const auto found = tokens.find(id);
    return found == tokens.end() ? std::string("no token") : "'" + excerpt(found->second) + "'";
  };
  Vocabulary all = one;
  all.insert(two.begin(), two.end());
  for (const auto& [id, token] : all) {
    if (one.contains(id) && two.contains(id) && one.at(id) == two.at(id)) continue;
    throw UserError(
        other.string() + ": id " + std::to_string(id) + " is " + shown(two, id) + "; in " + first.string() + " it is " + shown(one, id),
        kHint);
  }
}

}  // namespace

void require_same_model(const fs::path& first, const fs::path& other) {
  std::vector<std::string> files{"config.json", "vocab.txt",  "vocab.json", "target_vocab.json", "merges.txt",
                                 "source.spm",  "target.spm", "spm.model",  "spiece.model"};
  const auto has_vocabulary = [](const fs::path& folder) { return fs::exists(folder / "vocab.txt") || fs::exists(folder / "vocab.json"); };
  if (!has_vocabulary(first) || !has_vocabulary(other))
    files.push_back("tokenizer.json");  // else it says the same, and how texts are padded
  for (const std::string& file : files) {
    const bool has_one = fs::is_regular_file(first / file), has_two = fs::is_regular_file(other / file);
    if (has_one != has_two)
      log_warning((has_one ? other : first).string() + " has no " + file + ", which " + (has_one ? first : other).string() +
                  " has: it is not compared");
    if (!has_one || !has_two) continue;
    if (file == "config.json")
      compare_configs(first, other);
    else if (file.starts_with("vocab.") || file == "target_vocab.json")
      compare_vocabularies(first / file, other / file);
    else if (sha256_file(first / file) != sha256_file(other / file))
      throw UserError((other / file).string() + " is not that of " + first.string() + ": the same text has other tokens", kHint);
  }
}

}  // namespace attend
