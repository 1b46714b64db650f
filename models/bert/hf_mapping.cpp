// transformers' names (modeling_bert) for BERT's tensors, the labels of its heads in config.json, and its folders.
#include <torch/torch.h>

#include "core/error.h"
#include "core/random.h"
#include "models/bert/heads.h"
#include "models/model_folder.h"

namespace attend {
namespace {

using Presence = NameRule::Presence;
using Start = BertModelImpl::Start;

std::vector<NameRule> layer_rules(const BertConfig& config) {
  const std::string ours = "bert.layers.{i}.", theirs = "bert.encoder.layer.{i}.";
  std::vector<NameRule> rules;
  if (config.attention_choice.projections() == 2)
    add_weight_and_bias(rules, ours + "self_attention.qkv", {theirs + "attention.self.query_key", theirs + "attention.self.value"});
  else
    add_weight_and_bias(rules, ours + "self_attention.qkv",
                        {theirs + "attention.self.query", theirs + "attention.self.key", theirs + "attention.self.value"});
  add_weight_and_bias(rules, ours + "self_attention.output", {theirs + "attention.output.dense"});
  add_weight_and_bias(rules, ours + "self_attention_norm", {theirs + "attention.output.LayerNorm"});
  add_weight_and_bias(rules, ours + "feed_forward.inner", {theirs + "intermediate.dense"});
  add_weight_and_bias(rules, ours + "feed_forward.output", {theirs + "output.dense"});
  add_weight_and_bias(rules, ours + "feed_forward_norm", {theirs + "output.LayerNorm"});
  if (config.attention_choice.kind == AttentionKind::kLinformer)
    for (const char* projection : {"key_projection", "value_projection"})
      rules.push_back({.ours = ours + "self_attention.inner." + projection, .theirs = {theirs + "attention.self." + projection}});
  return rules;
}

// The body's rules. A pooler that the model does not have counts as another head's.
NameRules body_rules(const BertConfig& config, bool has_pooler, Presence pooler = Presence::kRequired) {
  NameRules names;
  names.base_prefix = "bert.";
  names.legacy_endings = {{"LayerNorm.gamma", "LayerNorm.weight"}, {"LayerNorm.beta", "LayerNorm.bias"}};
  names.buffers = {"bert.embeddings.position_ids"};
  names.copies = {{"cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"}};
  names.other_heads = {"cls.", "classifier.", "qa_outputs."};
  names.rules = {{.ours = "bert.token_embedding", .theirs = {"bert.embeddings.word_embeddings.weight"}},
                 {.ours = "bert.position_embedding", .theirs = {"bert.embeddings.position_embeddings.weight"}},
                 {.ours = "bert.type_embedding", .theirs = {"bert.embeddings.token_type_embeddings.weight"}}};
  add_weight_and_bias(names.rules, "bert.embedding_norm", {"bert.embeddings.LayerNorm"});
  const auto layers = for_each_layer(config.num_layers, layer_rules(config));
  names.rules.insert(names.rules.end(), layers.begin(), layers.end());
  if (has_pooler)
    add_weight_and_bias(names.rules, "bert.pooler", {"bert.pooler.dense"}, pooler);
  else
    names.other_heads.push_back("bert.pooler.");
  return names;
}

constexpr const char* kOutputBias = "cls.predictions.bias";
constexpr const char* kTiedOutputBias = "cls.predictions.decoder.bias";  // the same tensor

NameRules masked_rules(const BertConfig& config, bool has_next_sentence, Presence presence = Presence::kRequired) {
  NameRules names = body_rules(config, has_next_sentence, presence);
  names.other_heads = has_next_sentence ? std::vector<std::string>{"classifier.", "qa_outputs."}
                                        : std::vector<std::string>{"classifier.", "qa_outputs.", "bert.pooler.", "cls.seq_relationship."};
  names.copies[kTiedOutputBias] = kOutputBias;
  add_weight_and_bias(names.rules, "transform", {"cls.predictions.transform.dense"}, presence);
  add_weight_and_bias(names.rules, "transform_norm", {"cls.predictions.transform.LayerNorm"}, presence);
  names.rules.push_back({.ours = "output_bias", .theirs = {kOutputBias}, .presence = presence});
  if (has_next_sentence) add_weight_and_bias(names.rules, "next_sentence", {"cls.seq_relationship"}, presence);
  return names;
}

struct HeadRules {
  const char* name;  // "classifier" or "qa_outputs"
  bool has_pooler;
  Presence presence = Presence::kRequired;
};

NameRules head_rules(const BertConfig& config, const HeadRules& head) {
  NameRules names = body_rules(config, head.has_pooler, head.presence);
  add_weight_and_bias(names.rules, "classifier", {head.name}, head.presence);
  return names;
}

using Folder = OpenFolder<BertConfig>;

HeadPlan plan_of(Folder& source, const ModelFolder& folder, const HeadRules& head, const std::optional<NewHead>& wanted) {
  BertConfig& config = source.config;
  if (wanted && wanted->dropout) config.dropout = config.attention_dropout = config.classifier_dropout = *wanted->dropout;
  return plan_head(folder, source.file, head.name, wanted);
}

// Filled by the plan: a body drawn afresh stays as it is.
template <class AnyModel>
std::shared_ptr<AnyModel> filled_by(const HeadPlan& plan, std::shared_ptr<AnyModel> model, const NameRules& names, const Folder& source,
                                    torch::Device device) {
  if (plan.body == NewHead::Body::kPretrained) return filled(std::move(model), names, source.file, device);
  model->to(device);
  model->eval();
  return model;
}

// A new head is drawn, from numbers that come after the body's; all other parameters are read.
Start start_of(const std::optional<NewHead>& wanted) { return wanted ? Start::kDrawn : Start::kUnset; }

// The rules by which the plan's model is filled. A folder's head that is not kept counts as another task's.
NameRules planned_rules(const BertConfig& config, HeadRules rules, const HeadPlan& plan) {
  rules.presence = plan.presence;
  NameRules names = head_rules(config, rules);
  if (plan.head == HeadPlan::Source::kFresh)
    std::erase_if(names.rules, [](const NameRule& rule) { return rule.ours.starts_with("classifier."); });
  return names;
}

}  // namespace

Json BertEncoder::hf_config() const {
  Json config = bert_to_hf(config_);
  config["architectures"] = {"BertModel"};
  return config;
}

Json BertMaskedLanguageModel::hf_config() const {
  Json config = bert_to_hf(config_);
  config["architectures"] = {has_next_sentence() ? "BertForPreTraining" : "BertForMaskedLM"};
  return config;
}

Json BertSequenceClassifier::hf_config() const {
  Json config = bert_to_hf(config_);
  config["architectures"] = {"BertForSequenceClassification"};
  config["problem_type"] = labels_.problem == TaskLabels::Problem::kRegression ? "regression" : "single_label_classification";
  add_labels(config, labels_);
  return config;
}

Json BertTokenClassifier::hf_config() const {
  Json config = bert_to_hf(config_);
  config["architectures"] = {task_ == TokenTask::kTags ? "BertForTokenClassification" : "BertForQuestionAnswering"};
  add_labels(config, labels_);
  return config;
}

void BertEncoder::save(const std::filesystem::path& folder) const {
  save_model(*this, without_prefix(body_rules(config_, bert->has_pooler())), folder);
}

void BertMaskedLanguageModel::save(const std::filesystem::path& folder) const {
  save_model(*this, masked_rules(config_, has_next_sentence()), folder);
}

void BertSequenceClassifier::save(const std::filesystem::path& folder) const {
  save_model(*this, head_rules(config_, {"classifier", true}), folder);
}

void BertTokenClassifier::save(const std::filesystem::path& folder) const {
  save_model(*this, head_rules(config_, {task_ == TokenTask::kTags ? "classifier" : "qa_outputs", false}), folder);
}

std::shared_ptr<TextEncoder> load_bert_encoder(const ModelFolder& folder) {
  const Folder source(folder, bert_from_hf);
  const bool has_pooler = source.has("pooler.dense.weight") || source.has("bert.pooler.dense.weight");
  auto model =
      std::make_shared<BertEncoder>(source.config, has_pooler ? BertModelImpl::Pooler::kYes : BertModelImpl::Pooler::kNo, Start::kUnset);
  return filled(model, body_rules(source.config, has_pooler), source.file, folder.options.device);
}

std::shared_ptr<MaskedLanguageModel> load_bert_masked_language_model(const ModelFolder& folder, const std::optional<MaskedHeads>& wanted) {
  using NextSentence = BertMaskedLanguageModel::NextSentence;
  const Folder source(folder, bert_from_hf);
  if (!wanted && !source.has(kOutputBias) && !source.has(kTiedOutputBias))
    throw UserError(source.file.name() + " has no head for masked words: no " + kOutputBias,
                    "name the folder of a masked language model, as `attend pretrain bert` writes");
  const bool next_sentence = wanted ? wanted->next_sentence : source.has("cls.seq_relationship.weight");
  if (wanted) torch::manual_seed(mix_seed(wanted->seed, "head"));
  auto model = std::make_shared<BertMaskedLanguageModel>(source.config, next_sentence ? NextSentence::kYes : NextSentence::kNo,
                                                         wanted ? Start::kDrawn : Start::kUnset);
  const NameRules names = masked_rules(source.config, next_sentence, wanted ? Presence::kHead : Presence::kRequired);
  return filled(std::move(model), names, source.file, folder.options.device);
}

std::shared_ptr<SequenceClassifier> load_bert_sequence_classifier(const ModelFolder& folder, const std::optional<NewHead>& wanted) {
  const HeadRules rules{"classifier", true};
  Folder source(folder, bert_from_hf);
  const HeadPlan plan = plan_of(source, folder, rules, wanted);
  return filled_by(plan, std::make_shared<BertSequenceClassifier>(source.config, plan.labels, start_of(wanted)),
                   planned_rules(source.config, rules, plan), source, folder.options.device);
}

std::shared_ptr<TokenClassifier> load_bert_token_classifier(const ModelFolder& folder, TokenTask task,
                                                            const std::optional<NewHead>& wanted) {
  const HeadRules rules{task == TokenTask::kTags ? "classifier" : "qa_outputs", false};
  Folder source(folder, bert_from_hf);
  const HeadPlan plan = plan_of(source, folder, rules, wanted);
  return filled_by(plan, std::make_shared<BertTokenClassifier>(source.config, task, plan.labels, start_of(wanted)),
                   planned_rules(source.config, rules, plan), source, folder.options.device);
}

}  // namespace attend
