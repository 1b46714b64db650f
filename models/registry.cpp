#include "models/registry.h"

#include <array>

#include "core/error.h"
#include "models/interfaces.h"
#include "models/transformer/model.h"

namespace attend {
namespace {

struct Seq2SeqFamily {
  const char* model_type;  // as config.json says it
  std::shared_ptr<Seq2SeqModel> (*load)(const std::filesystem::path& folder, const Json& config, torch::Device device);
};

constexpr std::array kSeq2SeqFamilies{
    Seq2SeqFamily{"marian", load_transformer},
};

}  // namespace

const std::vector<std::string>& seq2seq_model_types() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& family : kSeq2SeqFamilies) all.emplace_back(family.model_type);
    return all;
  }();
  return names;
}

std::shared_ptr<Seq2SeqModel> load_seq2seq(const std::filesystem::path& folder, torch::Device device) {
  const auto path = folder / "config.json";
  if (!std::filesystem::exists(path))
    throw UserError(folder.string() + " holds no config.json", "a model folder has config.json, model.safetensors and its tokenizer's files");
  const Json config = read_json_file(path);
  const auto found = config.find("model_type");
  const std::string model_type = found == config.end() ? "" : json_string(*found, path.string(), "model_type");
  std::string known;
  for (const auto& family : kSeq2SeqFamilies) {
    if (model_type == family.model_type) return family.load(folder, config, device);
    known += (known.empty() ? "" : ", ") + std::string(family.model_type);
  }
  throw UserError(path.string() + ": model_type is '" + model_type + "'; a translation model is one of: " + known);
}

}  // namespace attend
