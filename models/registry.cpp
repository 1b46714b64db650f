// The families, as tables one can read, and how a folder finds its own.
#include <algorithm>
#include <array>

#include "core/error.h"
#include "models/bert/heads.h"
#include "models/causal_model.h"
#include "models/gpt/heads.h"
#include "models/interfaces.h"
#include "models/lstm/model.h"
#include "models/text_model.h"
#include "models/transformer/model.h"

namespace attend {
namespace {

struct Seq2SeqFamily {
  const char* model_type;  // as config.json says it
  std::shared_ptr<Seq2SeqModel> (*load)(const ModelFolder&);
};

constexpr std::array kSeq2SeqFamilies{
    Seq2SeqFamily{"marian", load_transformer},
    Seq2SeqFamily{"attend-lstm", load_lstm},
};

struct CausalFamily {
  const char* model_type;
  std::shared_ptr<CausalLanguageModel> (*load)(const ModelFolder&);
};

constexpr std::array kCausalFamilies{
    CausalFamily{"gpt2", load_gpt}, CausalFamily{"attend-gpt", load_gpt},  // with attention that transformers' GPT-2 has not
};

// What a family reads text with; null where it has no such head.
struct TextFamily {
  const char* model_type;
  std::shared_ptr<TextEncoder> (*encoder)(const ModelFolder&);
  std::shared_ptr<MaskedLanguageModel> (*masked_language_model)(const ModelFolder&, const std::optional<MaskedHeads>&);
  std::shared_ptr<SequenceClassifier> (*sequence_classifier)(const ModelFolder&, const std::optional<NewHead>&);
  std::shared_ptr<TokenClassifier> (*token_classifier)(const ModelFolder&, TokenTask, const std::optional<NewHead>&);
};

constexpr std::array kTextFamilies{
    TextFamily{"bert", load_bert_encoder, load_bert_masked_language_model, load_bert_sequence_classifier, load_bert_token_classifier},
    TextFamily{"attend-bert", load_bert_encoder, load_bert_masked_language_model, load_bert_sequence_classifier,
               load_bert_token_classifier},  // with attention that transformers' BERT has not
    TextFamily{"big_bird", load_bert_encoder, load_bert_masked_language_model, load_bert_sequence_classifier, load_bert_token_classifier},
    TextFamily{"gpt2", load_gpt_encoder, nullptr, load_gpt_sequence_classifier, nullptr},
    TextFamily{"attend-gpt", load_gpt_encoder, nullptr, load_gpt_sequence_classifier, nullptr},
};

Json read_config(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw UserError(folder.string() + ": there is no such folder", "give --model a model's folder, as `attend pretrain` writes");
  const auto path = folder / "config.json";
  if (!std::filesystem::exists(path))
    throw UserError(folder.string() + " holds no config.json",
                    "a model folder has config.json, model.safetensors and its tokenizer's files");
  return read_json_file(path);
}

// Classifiers and taggers name and shape their heads alike; config.json says which it is. Models that do not say pass.
void require_task(const std::filesystem::path& folder, const Json& config, const std::string& task) {
  constexpr std::array kTasks{std::pair{"ForSequenceClassification", "attend classify"}, std::pair{"ForTokenClassification", "attend tag"},
                              std::pair{"ForQuestionAnswering", "attend answer"}};
  const auto architectures = config.find("architectures");
  if (architectures == config.end() || !architectures->is_array()) return;
  for (const Json& entry : *architectures)
    for (const auto& [other, command] : kTasks)
      if (other != task && entry.is_string() && entry.get_ref<const std::string&>().ends_with(other))
        throw UserError((folder / "config.json").string() + ": the model is a " + entry.get<std::string>(),
                        "use it with `" + std::string(command) + "`, or fine-tune it for this task");
}

// The loader, a member of the table's rows, of the family that config.json names. `wanted` is "a translation model", for the message.
template <class Families, class Loader>
auto loader_of(const Families& families, Loader loader, const std::filesystem::path& folder, const Json& config, const char* wanted) {
  const auto path = (folder / "config.json").string();
  const auto found = config.find("model_type");
  const std::string model_type = found == config.end() ? "" : json_string(*found, path, "model_type");
  std::string known;
  for (const auto& family : families) {
    if (family.*loader == nullptr) continue;
    if (model_type == family.model_type) return family.*loader;
    known += (known.empty() ? "" : ", ") + std::string(family.model_type);
  }
  throw UserError(path + ": model_type is '" + model_type + "'; " + wanted + " is one of: " + known);
}

template <class Families>
bool names_one_of(const Families& families, const std::filesystem::path& folder) {
  const Json config = read_config(folder);
  const auto model_type = config.find("model_type");
  return model_type != config.end() &&
         std::any_of(families.begin(), families.end(), [&](const auto& family) { return *model_type == family.model_type; });
}

}  // namespace

std::shared_ptr<Seq2SeqModel> load_seq2seq(const std::filesystem::path& folder, const LoadOptions& options) {
  const Json config = read_config(folder);
  return loader_of(kSeq2SeqFamilies, &Seq2SeqFamily::load, folder, config, "a translation model")({folder, config, options});
}

bool is_seq2seq(const std::filesystem::path& folder) { return names_one_of(kSeq2SeqFamilies, folder); }

bool is_causal(const std::filesystem::path& folder) { return names_one_of(kCausalFamilies, folder); }

std::shared_ptr<CausalLanguageModel> load_causal_language_model(const std::filesystem::path& folder, const LoadOptions& options) {
  const Json config = read_config(folder);
  return loader_of(kCausalFamilies, &CausalFamily::load, folder, config, "a model that continues text")({folder, config, options});
}

std::shared_ptr<TextEncoder> load_text_encoder(const std::filesystem::path& folder, const LoadOptions& options) {
  const Json config = read_config(folder);
  return loader_of(kTextFamilies, &TextFamily::encoder, folder, config, "a model that reads text")({folder, config, options});
}

std::shared_ptr<MaskedLanguageModel> load_masked_language_model(const std::filesystem::path& folder, const LoadOptions& options,
                                                                const std::optional<MaskedHeads>& heads) {
  const Json config = read_config(folder);
  return loader_of(kTextFamilies, &TextFamily::masked_language_model, folder, config, "a masked language model")({folder, config, options},
                                                                                                                 heads);
}

std::shared_ptr<SequenceClassifier> load_sequence_classifier(const std::filesystem::path& folder, const LoadOptions& options,
                                                             const std::optional<NewHead>& head) {
  const Json config = read_config(folder);
  if (!head) require_task(folder, config, "ForSequenceClassification");
  return loader_of(kTextFamilies, &TextFamily::sequence_classifier, folder, config, "a classifier")({folder, config, options}, head);
}

std::shared_ptr<TokenClassifier> load_token_classifier(const std::filesystem::path& folder, const LoadOptions& options, TokenTask task,
                                                       const std::optional<NewHead>& head) {
  const Json config = read_config(folder);
  if (!head) require_task(folder, config, task == TokenTask::kTags ? "ForTokenClassification" : "ForQuestionAnswering");
  return loader_of(kTextFamilies, &TextFamily::token_classifier, folder, config, "a model that labels tokens")({folder, config, options},
                                                                                                               task, head);
}

}  // namespace attend
