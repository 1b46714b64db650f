// transformers' names (modeling_bert, modeling_big_bird) for BERT's tensors, the labels of its heads in config.json, and its folders.
#include <torch/torch.h>

#include "core/error.h"
#include "core/random.h"
#include "models/bert/big_bird_heads.h"
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

std::string pooler_name(const BertConfig& config) { return config.is_big_bird() ? "bert.pooler" : "bert.pooler.dense"; }

// What the layers of heads that are no masked language model's begin with.
std::vector<std::string> task_heads(const BertConfig& config) {
  return {"classifier.", config.is_big_bird() ? "qa_classifier." : "qa_outputs."};
}

// The body's rules. A pooler that the model does not have counts as another head's.
NameRules body_rules(const BertConfig& config, bool has_pooler, Presence pooler = Presence::kRequired) {
  NameRules names;
  names.base_prefix = "bert.";
  names.legacy_endings = {{"LayerNorm.gamma", "LayerNorm.weight"}, {"LayerNorm.beta", "LayerNorm.bias"}};
  names.buffers = {"bert.embeddings.position_ids"};
  if (config.is_big_bird()) names.buffers.insert("bert.embeddings.token_type_ids");
  names.copies = {{"cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"}};
  names.other_heads = task_heads(config);
  names.other_heads.push_back("cls.");
  names.rules = {{.ours = "bert.token_embedding", .theirs = {"bert.embeddings.word_embeddings.weight"}},
                 {.ours = "bert.position_embedding", .theirs = {"bert.embeddings.position_embeddings.weight"}},
                 {.ours = "bert.type_embedding", .theirs = {"bert.embeddings.token_type_embeddings.weight"}}};
  add_weight_and_bias(names.rules, "bert.embedding_norm", {"bert.embeddings.LayerNorm"});
  const auto layers = for_each_layer(config.num_layers, layer_rules(config));
  names.rules.insert(names.rules.end(), layers.begin(), layers.end());
  if (has_pooler)
    add_weight_and_bias(names.rules, "bert.pooler", {pooler_name(config)}, pooler);
  else
    names.other_heads.push_back("bert.pooler.");
  return names;
}

constexpr const char* kOutputBias = "cls.predictions.bias";
constexpr const char* kTiedOutputBias = "cls.predictions.decoder.bias";  // the same tensor

NameRules masked_rules(const BertConfig& config, bool has_next_sentence, Presence presence = Presence::kRequired) {
  const bool has_pooler = has_next_sentence || unread_pooler(config) == BertModelImpl::Pooler::kKept;
  NameRules names = body_rules(config, has_pooler, presence);
  names.other_heads = task_heads(config);
  if (!has_pooler) names.other_heads.push_back("bert.pooler.");
  if (!has_next_sentence) names.other_heads.push_back("cls.seq_relationship.");
  names.copies[kTiedOutputBias] = kOutputBias;
  add_weight_and_bias(names.rules, "transform", {"cls.predictions.transform.dense"}, presence);
  add_weight_and_bias(names.rules, "transform_norm", {"cls.predictions.transform.LayerNorm"}, presence);
  names.rules.push_back({.ours = "output_bias", .theirs = {kOutputBias}, .presence = presence});
  if (has_next_sentence) add_weight_and_bias(names.rules, "next_sentence", {"cls.seq_relationship"}, presence);
  return names;
}

struct HeadRules {
  std::vector<std::pair<const char*, const char*>> layers;  // ours and theirs, the one that gives the logits last
  bool has_pooler;
  Presence presence = Presence::kRequired;
};

HeadRules sequence_rules(const BertConfig& config) {
  if (!config.is_big_bird()) return {.layers = {{"classifier", "classifier"}}, .has_pooler = true};
  return {.layers = {{"classifier_dense", "classifier.dense"}, {"classifier_output", "classifier.out_proj"}}, .has_pooler = true};
}

HeadRules token_rules(const BertConfig& config, TokenTask task) {
  if (task == TokenTask::kTags) return {.layers = {{"classifier", "classifier"}}, .has_pooler = config.is_big_bird()};
  if (!config.is_big_bird()) return {.layers = {{"classifier", "qa_outputs"}}, .has_pooler = false};
  return {.layers = {{"classifier_block.inner", "qa_classifier.intermediate.dense"},
                     {"classifier_block.output", "qa_classifier.output.dense"},
                     {"classifier_norm", "qa_classifier.output.LayerNorm"},
                     {"classifier", "qa_classifier.qa_outputs"}},
          .has_pooler = false};
}

NameRules head_rules(const BertConfig& config, const HeadRules& head) {
  NameRules names = body_rules(config, head.has_pooler, head.presence);
  for (const auto& [ours, theirs] : head.layers) add_weight_and_bias(names.rules, ours, {theirs}, head.presence);
  return names;
}

using Folder = OpenFolder<BertConfig>;

HeadPlan plan_of(Folder& source, const ModelFolder& folder, const HeadRules& head, const std::optional<NewHead>& wanted) {
  BertConfig& config = source.config;
  if (wanted && wanted->dropout) {
    config.dropout = config.classifier_dropout = *wanted->dropout;
    if (config.attention_choice.drops_weights()) config.attention_dropout = *wanted->dropout;
  }
  return plan_head(folder, source.file, head.layers.back().second, wanted);
}

// Filled by the plan: a body drawn afresh stays as it is.
template <class AnyModel>
std::shared_ptr<AnyModel> filled_by(const HeadPlan& plan, std::shared_ptr<AnyModel> model, const NameRules& names, const Folder& source,
                                    const LoadOptions& options) {
  if (plan.body == NewHead::Body::kPretrained) return filled(std::move(model), names, source.file, options);
  model->to(options.device);
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
    std::erase_if(names.rules, [](const NameRule& rule) { return rule.ours.starts_with("classifier"); });
  return names;
}

// "BertForMaskedLM".
std::string class_name(const BertConfig& config, const char* task) { return std::string(config.is_big_bird() ? "BigBird" : "Bert") + task; }

Json config_of(const BertConfig& config, const char* task) {
  Json json = bert_to_hf(config);
  json["architectures"] = {class_name(config, task)};
  return json;
}

Json sequence_config(const BertConfig& config, const TaskLabels& labels) {
  Json json = config_of(config, "ForSequenceClassification");
  json["problem_type"] = labels.problem == TaskLabels::Problem::kRegression ? "regression" : "single_label_classification";
  add_labels(json, labels);
  return json;
}

Json token_config(const BertConfig& config, TokenTask task, const TaskLabels& labels) {
  Json json = config_of(config, task == TokenTask::kTags ? "ForTokenClassification" : "ForQuestionAnswering");
  add_labels(json, labels);
  return json;
}

}  // namespace

Json BertEncoder::hf_config() const { return config_of(config_, "Model"); }
Json BertMaskedLanguageModel::hf_config() const { return config_of(config_, has_next_sentence() ? "ForPreTraining" : "ForMaskedLM"); }
Json BertSequenceClassifier::hf_config() const { return sequence_config(config_, labels_); }
Json BigBirdSequenceClassifier::hf_config() const { return sequence_config(config_, labels_); }
Json BertTokenClassifier::hf_config() const { return token_config(config_, task_, labels_); }
Json BigBirdAnswerer::hf_config() const { return token_config(config_, TokenTask::kAnswers, labels_); }

void BertEncoder::save(const std::filesystem::path& folder) const {
  save_model(*this, without_prefix(body_rules(config_, bert->has_pooler())), folder);
}

void BertMaskedLanguageModel::save(const std::filesystem::path& folder) const {
  save_model(*this, masked_rules(config_, has_next_sentence()), folder);
}

void BertSequenceClassifier::save(const std::filesystem::path& folder) const {
  save_model(*this, head_rules(config_, sequence_rules(config_)), folder);
}

void BigBirdSequenceClassifier::save(const std::filesystem::path& folder) const {
  save_model(*this, head_rules(config_, sequence_rules(config_)), folder);
}

void BertTokenClassifier::save(const std::filesystem::path& folder) const {
  save_model(*this, head_rules(config_, token_rules(config_, task_)), folder);
}

void BigBirdAnswerer::save(const std::filesystem::path& folder) const {
  save_model(*this, head_rules(config_, token_rules(config_, TokenTask::kAnswers)), folder);
}

std::shared_ptr<TextEncoder> load_bert_encoder(const ModelFolder& folder) {
  const Folder source(folder, bert_from_hf);
  const std::string pooler = pooler_name(source.config) + ".weight";
  const bool has_pooler = source.has(pooler) || source.has(pooler.substr(std::string("bert.").size()));
  auto model =
      std::make_shared<BertEncoder>(source.config, has_pooler ? BertModelImpl::Pooler::kYes : BertModelImpl::Pooler::kNo, Start::kUnset);
  return filled(model, body_rules(source.config, has_pooler), source.file, folder.options);
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
  return filled(std::move(model), names, source.file, folder.options);
}

std::shared_ptr<SequenceClassifier> load_bert_sequence_classifier(const ModelFolder& folder, const std::optional<NewHead>& wanted) {
  Folder source(folder, bert_from_hf);
  const HeadRules rules = sequence_rules(source.config);
  const HeadPlan plan = plan_of(source, folder, rules, wanted);
  const auto fill = [&](auto model) -> std::shared_ptr<SequenceClassifier> {
    return filled_by(plan, std::move(model), planned_rules(source.config, rules, plan), source, folder.options);
  };
  if (source.config.is_big_bird()) return fill(std::make_shared<BigBirdSequenceClassifier>(source.config, plan.labels, start_of(wanted)));
  return fill(std::make_shared<BertSequenceClassifier>(source.config, plan.labels, start_of(wanted)));
}

std::shared_ptr<TokenClassifier> load_bert_token_classifier(const ModelFolder& folder, TokenTask task,
                                                            const std::optional<NewHead>& wanted) {
  Folder source(folder, bert_from_hf);
  const HeadRules rules = token_rules(source.config, task);
  const HeadPlan plan = plan_of(source, folder, rules, wanted);
  const auto fill = [&](auto model) -> std::shared_ptr<TokenClassifier> {
    return filled_by(plan, std::move(model), planned_rules(source.config, rules, plan), source, folder.options);
  };
  if (source.config.is_big_bird() && task == TokenTask::kAnswers)
    return fill(std::make_shared<BigBirdAnswerer>(source.config, plan.labels, start_of(wanted)));
  return fill(std::make_shared<BertTokenClassifier>(source.config, task, plan.labels, start_of(wanted)));
}

}  // namespace attend
