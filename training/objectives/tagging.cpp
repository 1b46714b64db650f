// Letters: N tokens of the batch (packed), W words of a batch, L labels.
#include "training/objectives/tagging.h"

#include <algorithm>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

struct TaggingBatch : MicroBatch {
  TextBatch text;
  std::vector<std::int64_t> labels;
};

/// Names the examples by all of their ids and labels: a position in other data means nothing.
std::string fingerprint_of(const TaggedExamples& examples) {
  std::vector<std::int64_t> sample;
  for (std::size_t i = 0; i < examples.examples.size(); ++i) {
    sample.insert(sample.end(), examples.examples[i].ids.begin(), examples.examples[i].ids.end());
    sample.insert(sample.end(), examples.labels[i].begin(), examples.labels[i].end());
  }
  return sha256_hex(std::as_bytes(std::span(sample)));
}

std::vector<std::int64_t> count_tags(const TaggedExamples& examples, std::size_t num_labels) {
  std::vector<std::int64_t> counts(num_labels, 0);
  for (const auto& labels : examples.labels)
    for (const std::int64_t label : labels)
      if (label != TaggedExamples::kNoTag) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

}  // namespace

LabelSet collect_tags(const TaggedSource& source) {
  ConllReader reader(source.file, source.columns);
  LabelCollector collector;
  for (TaggedSentence sentence; reader.next(sentence);)
    for (std::size_t i = 0; i < sentence.tags.size(); ++i) collector.add({sentence.tags[i], reader.name(), sentence.lines[i]});
  return collector.labels(reader.name());
}

TaggedExamples read_tagged_examples(const TaggedSource& source, const WordPieceTokenizer& tokenizer, std::int64_t max_length,
                                    const LabelSet& labels) {
  WordWindows::require_room(max_length);
  ConllReader reader(source.file, source.columns);
  TaggedExamples read;
  UnknownShare unknown;
  for (TaggedSentence sentence; reader.next(sentence);) {
    const std::vector<std::int64_t> tags = tag_ids(sentence, reader.name(), labels);
    EncodedInput input = tokenizer.add_template(tokenizer.encode_words(sentence.tokens), nullptr, max_length);
    if (static_cast<std::int64_t>(input.ids.size()) == WordWindows::kTemplateTokens) {
      ++read.num_empty;
      continue;
    }
    read.num_cut += input.num_removed > 0;
    unknown.add(unknown_share(input.ids, input.words, tokenizer.unk_id()));
    std::vector<std::int64_t> on_pieces;
    for (std::int32_t last = -1; const std::int32_t word : input.words) {
      on_pieces.push_back(word < 0 || word == last ? TaggedExamples::kNoTag : tags[static_cast<std::size_t>(word)]);
      last = word;
    }
    read.examples.push_back({std::move(input.ids), std::move(input.type_ids)});
    read.labels.push_back(std::move(on_pieces));
  }
  const std::string of_all = " of " + std::to_string(read.examples.size() + static_cast<std::size_t>(read.num_empty)) + " sentences ";
  if (read.examples.empty())
    throw UserError(reader.name() + ": no sentence holds a character that the tokenizer keeps; nothing can be learnt");
  if (read.num_cut > 0)
    log_warning(reader.name() + ": " + std::to_string(read.num_cut) + of_all + "were longer than " + std::to_string(max_length) +
                " tokens (--max-length) and cut");
  if (read.num_empty > 0)
    log_warning(reader.name() + ": " + std::to_string(read.num_empty) + of_all +
                "hold no character that the tokenizer keeps; they are left out");
  tell_unknown(unknown, reader.name(), "is the tokenizer made for this language?");
  return read;
}

TaggingObjective::TaggingObjective(TaggingSetup setup)
    : ShuffledObjective({.file = setup.train.file, .what = "sentences", .resume_by = "file, columns and tokenizer"}),
      setup_(std::move(setup)) {
  const TaggingOptions& options = setup_.options;
  const std::int64_t max_length = chosen_length(options.max_length, TaggingOptions::kUsualLength, setup_.model->max_positions());
  setup_.options.max_length = max_length;
  const LabelSet labels(setup_.model->labels().names, "the model");
  train_ = read_tagged_examples(setup_.train, *setup_.tokenizer, max_length, labels);
  counts_ = count_tags(train_, labels.size());
  log_info_once(setup_.train.file.string() + ": words of each tag: " + counted_labels(labels.names(), counts_));
  if (const auto why = why_no_entities(setup_.model->labels())) log_info_once(setup_.train.file.string() + ": " + *why);
  set_order({.num_examples = train_.examples.size(),
             .batch_size = setup_.batch_size,
             .seed = setup_.seed,
             .process = setup_.process,
             .fingerprint = fingerprint_of(train_)});
  if (options.freeze_layers != 0) setup_.model->freeze(options.freeze_layers);
  if (!setup_.valid.empty())
    valid_.emplace(read_tagged_text({.file = setup_.valid, .columns = setup_.train.columns}, *setup_.tokenizer, max_length, labels));
  best_metric();  // refuses a name that is none
}

std::optional<Metrics> TaggingObjective::evaluate(const Sharing& sharing) {
  const std::optional<TagScores> scores = score_tags(*setup_.model, *valid_, sharing.stop);
  return scores ? std::optional(metrics_of(*scores)) : std::nullopt;
}

std::unique_ptr<MicroBatch> TaggingObjective::next() {
  auto batch = std::make_unique<TaggingBatch>();
  const auto chosen = next_examples();
  batch->text = pack_examples(train_.examples, chosen);
  for (const std::size_t index : chosen)
    batch->labels.insert(batch->labels.end(), train_.labels[index].begin(), train_.labels[index].end());
  batch->num_tokens = static_cast<std::int64_t>(batch->labels.size());
  batch->num_targets = {batch->num_tokens - std::count(batch->labels.begin(), batch->labels.end(), TaggedExamples::kNoTag)};
  return batch;
}

std::vector<SummedLoss> TaggingObjective::loss(const MicroBatch& micro_batch) {
  namespace F = torch::nn::functional;
  const auto& batch = dynamic_cast<const TaggingBatch&>(micro_batch);
  const auto logits_NL = setup_.model->logits(batch.text).to(torch::kFloat32);
  const auto labels_N = torch::tensor(batch.labels).to(logits_NL.device());
  const auto options = F::CrossEntropyFuncOptions().ignore_index(TaggedExamples::kNoTag).reduction(torch::kSum);
  return {{.loss = F::cross_entropy(logits_NL, labels_N, options), .num_targets = batch.num_targets.front()}};
}

BestMetric TaggingObjective::best_metric() const {
  return choose_best_metric(setup_.options.best_by, !why_no_entities(setup_.model->labels())
                                                        ? std::vector<std::string>{"f1", "precision", "recall", "accuracy", "loss"}
                                                        : std::vector<std::string>{"accuracy", "loss"});
}

void TaggingObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  setup_.tokenizer->save(folder, setup_.options.max_length);
  write_class_counts(folder, setup_.model->labels().names, counts_);
}

void TaggingObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_token_classifier(folder, {.device = setup_.model->device()}, TokenTask::kTags), *setup_.model, folder);
}

Json TaggingObjective::settings() const {
  Json settings{
      {"train", setup_.train.file.string()}, {"token_column", setup_.train.columns.token}, {"tag_column", setup_.train.columns.tag}};
  if (setup_.train.columns.comment) settings["comment"] = *setup_.train.columns.comment;
  if (can_evaluate()) settings["valid"] = setup_.valid.string();
  settings.update(to_json(setup_.options));
  settings.update(setup_.settings);
  return settings;
}

CardFacts TaggingObjective::card() const {
  CardFacts facts;
  facts.title = "Tagger (" + model_summary(*setup_.model, setup_.model->hf_config()) + ")";
  facts.library_tag = "token-classification";
  facts.data = {{"training", setup_.train.file.string() + " (" + std::to_string(train_.examples.size()) + " sentences)"}};
  if (can_evaluate())
    facts.data.emplace_back("validation", setup_.valid.string() + " (" + std::to_string(valid_->lengths.size()) + " sentences)");
  facts.usage = "attend tag --model {folder} < text";
  return facts;
}

}  // namespace attend
