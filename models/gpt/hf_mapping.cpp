// transformers' names (modeling_gpt2) for GPT's tensors, and its folders.
#include <torch/torch.h>

#include "core/error.h"
#include "models/gpt/heads.h"
#include "models/model_folder.h"

namespace attend {
namespace {

using Start = GptModelImpl::Start;

std::vector<NameRule> block_rules(const GptConfig& config) {
  const std::string ours = "gpt.blocks.{i}.", theirs = "transformer.h.{i}.";
  std::vector<NameRule> rules;
  add_weight_and_bias(rules, ours + "attention_norm", {theirs + "ln_1"});
  add_transposed_weight_and_bias(rules, ours + "self_attention.qkv",
                                 theirs + (config.attention_choice.projections() == 2 ? "attn.c_attn_shared" : "attn.c_attn"));
  add_transposed_weight_and_bias(rules, ours + "self_attention.output", theirs + "attn.c_proj");
  add_weight_and_bias(rules, ours + "feed_forward_norm", {theirs + "ln_2"});
  add_transposed_weight_and_bias(rules, ours + "feed_forward.inner", theirs + "mlp.c_fc");
  add_transposed_weight_and_bias(rules, ours + "feed_forward.output", theirs + "mlp.c_proj");
  return rules;
}

constexpr const char* kTokenTable = "transformer.wte.weight";

// The body's rules.
NameRules body_rules(const GptConfig& config) {
  NameRules names;
  names.base_prefix = "transformer.";
  names.other_heads = {"score.", "classifier.", "qa_outputs.", "multiple_choice_head.", "lm_head."};
  names.copies = {{"lm_head.weight", kTokenTable}};
  for (std::int64_t i = 0; i < config.num_layers; ++i)  // causal masks, which old files hold
    for (const char* buffer : {".attn.bias", ".attn.masked_bias"}) names.buffers.insert("transformer.h." + std::to_string(i) + buffer);
  names.rules = {{.ours = "gpt.token_embedding", .theirs = {kTokenTable}},
                 {.ours = "gpt.position_embedding", .theirs = {"transformer.wpe.weight"}}};
  const auto blocks = for_each_layer(config.num_layers, block_rules(config));
  names.rules.insert(names.rules.end(), blocks.begin(), blocks.end());
  add_weight_and_bias(names.rules, "gpt.final_norm", {"transformer.ln_f"});
  return names;
}

// The language model's: its head is the token embedding.
NameRules language_rules(const GptConfig& config) {
  NameRules names = body_rules(config);
  std::erase(names.other_heads, "lm_head.");
  return names;
}

NameRules classifier_rules(const GptConfig& config, NameRule::Presence presence = NameRule::Presence::kRequired) {
  NameRules names = body_rules(config);
  names.rules.push_back({.ours = "score", .theirs = {"score.weight"}, .presence = presence});
  return names;
}

using Folder = OpenFolder<GptConfig>;

}  // namespace

Json GptEncoder::hf_config() const {
  Json config = gpt_to_hf(config_);
  config["architectures"] = {"GPT2Model"};
  return config;
}

Json GptLanguageModel::hf_config() const {
  Json config = gpt_to_hf(config_);
  config["architectures"] = {"GPT2LMHeadModel"};
  return config;
}

Json GptSequenceClassifier::hf_config() const {
  Json config = gpt_to_hf(config_);
  config["architectures"] = {"GPT2ForSequenceClassification"};
  config["classifier_dropout"] = config_.classifier_dropout;
  config["problem_type"] = labels_.problem == TaskLabels::Problem::kRegression ? "regression" : "single_label_classification";
  add_labels(config, labels_);
  return config;
}

void GptEncoder::save(const std::filesystem::path& folder) const { save_model(*this, without_prefix(body_rules(config_)), folder); }

void GptLanguageModel::save(const std::filesystem::path& folder) const { save_model(*this, language_rules(config_), folder); }

void GptSequenceClassifier::save(const std::filesystem::path& folder) const { save_model(*this, classifier_rules(config_), folder); }

std::shared_ptr<TextEncoder> load_gpt_encoder(const ModelFolder& folder) {
  const Folder source(folder, gpt_from_hf);
  return filled(std::make_shared<GptEncoder>(source.config, Start::kUnset), body_rules(source.config), source.file, folder.options);
}

std::shared_ptr<CausalLanguageModel> load_gpt(const ModelFolder& folder) {
  const Folder source(folder, gpt_from_hf);
  return filled(std::make_shared<GptLanguageModel>(source.config, Start::kUnset), language_rules(source.config), source.file,
                folder.options);
}

std::shared_ptr<SequenceClassifier> load_gpt_sequence_classifier(const ModelFolder& folder, const std::optional<NewHead>& wanted) {
  Folder source(folder, gpt_from_hf);
  if (wanted && wanted->dropout) {
    source.config.dropout = source.config.classifier_dropout = *wanted->dropout;
    if (source.config.attention_choice.drops_weights()) source.config.attention_dropout = *wanted->dropout;
    source.config.embedding_dropout.reset();  // as on sub-layers
  }
  if (!source.config.pad_id) source.config.pad_id = source.config.eos_id;  // without one transformers' classifier refuses batches
  const HeadPlan plan = plan_head(folder, source.file, "score", wanted);
  auto model = std::make_shared<GptSequenceClassifier>(source.config, plan.body == NewHead::Body::kFresh ? Start::kDrawn : Start::kUnset,
                                                       plan.labels);
  if (plan.body == NewHead::Body::kFresh) {
    model->to(folder.options.device);
    model->eval();
    return model;
  }
  NameRules names = classifier_rules(source.config, plan.presence);
  if (plan.head == HeadPlan::Source::kFresh) names.rules.pop_back();
  return filled(std::move(model), names, source.file, folder.options);
}

}  // namespace attend
