// Letters: N tokens of the batch (packed), W words of a batch, L labels.
#include "training/objectives/tagging.h"

#include <algorithm>
#include <cmath>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "core/text.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

constexpr std::int64_t kEvaluationTokens = 4096;
constexpr std::int64_t kTemplateTokens = 2;  // [CLS] and [SEP]

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

/// The label of each word, by the line it stands in.
std::vector<std::int64_t> label_ids(const TaggedSentence& sentence, const std::string& file, const LabelSet& labels) {
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < sentence.tags.size(); ++i) ids.push_back(labels.id({sentence.tags[i], file, sentence.lines[i]}));
  return ids;
}

void require_room(std::int64_t max_length) {
  if (max_length <= kTemplateTokens)
    throw UserError("--max-length is " + std::to_string(max_length) + "; expected at least " + std::to_string(kTemplateTokens + 1) +
                    ", as [CLS] and [SEP] are counted");
}

std::int64_t outside_label(const TaskLabels& labels) {
  const auto found = std::find(labels.names.begin(), labels.names.end(), "O");
  return found == labels.names.end() ? 0 : found - labels.names.begin();
}

bool are_entity_tags(const TaskLabels& labels) { return !first_other_tag(labels.names); }

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
  require_room(max_length);
  ConllReader reader(source.file, source.columns);
  TaggedExamples read;
  for (TaggedSentence sentence; reader.next(sentence);) {
    const std::vector<std::int64_t> tags = label_ids(sentence, reader.name(), labels);
    EncodedInput input = tokenizer.add_template(tokenizer.encode_words(sentence.tokens), nullptr, max_length);
    if (static_cast<std::int64_t>(input.ids.size()) == kTemplateTokens) {
      ++read.num_empty;
      continue;
    }
    read.num_cut += input.num_removed > 0;
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
  return read;
}

std::vector<PieceWindow> piece_windows(std::int64_t num_pieces, std::int64_t room) {
  std::vector<PieceWindow> windows;
  if (num_pieces == 0) return windows;
  const std::int64_t step = std::max<std::int64_t>(1, room / 2), last_begin = std::max<std::int64_t>(0, num_pieces - room);
  for (std::int64_t begin = 0;; begin = std::min(begin + step, last_begin)) {
    PieceWindow window{.begin = begin, .end = std::min(begin + room, num_pieces), .first = 0, .last = num_pieces};
    if (!windows.empty()) windows.back().last = window.first = (begin + windows.back().end) / 2;
    windows.push_back(window);
    if (begin == last_begin) return windows;
  }
}

WordWindows::WordWindows(const WordPieceTokenizer& tokenizer, std::int64_t max_length)
    : tokenizer_(tokenizer), room_(max_length - kTemplateTokens) {
  require_room(max_length);
}

void WordWindows::add(const std::vector<std::string>& words) {
  const WordPieces pieces = tokenizer_.encode_words(words);
  for (const PieceWindow& window : piece_windows(static_cast<std::int64_t>(pieces.ids.size()), room_)) {
    TextExample& example = windows_.emplace_back();
    example.ids.push_back(tokenizer_.cls_id());
    example.ids.insert(example.ids.end(), pieces.ids.begin() + window.begin, pieces.ids.begin() + window.end);
    example.ids.push_back(tokenizer_.sep_id());
    example.type_ids.assign(example.ids.size(), 0);
    std::vector<Place>& places = places_.emplace_back();
    for (std::int64_t piece = window.first; piece < window.last; ++piece) {
      const std::int32_t word = pieces.words[static_cast<std::size_t>(piece)];
      if (piece > 0 && pieces.words[static_cast<std::size_t>(piece - 1)] == word) continue;
      places.push_back({.position = piece - window.begin + 1, .word = num_words_ + static_cast<std::size_t>(word)});
    }
  }
  num_words_ += words.size();
}

std::optional<WordTags> tag_words(TokenClassifier& model, const WordWindows& text, const std::vector<std::int64_t>& gold) {
  const torch::NoGradGuard no_grad;
  WordTags tags;
  tags.labels.assign(text.num_words(), outside_label(model.labels()));
  tags.probabilities.assign(text.num_words(), 0);
  for (const auto& chosen : batches_by_length(text.windows(), kEvaluationTokens)) {
    if (stop_requested()) return std::nullopt;
    std::vector<std::int64_t> rows;
    std::vector<std::size_t> words;
    std::int64_t begin = 0;
    for (const std::size_t index : chosen) {
      for (const WordWindows::Place& place : text.places()[index]) {
        rows.push_back(begin + place.position);
        words.push_back(place.word);
      }
      begin += static_cast<std::int64_t>(text.windows()[index].ids.size());
    }
    const auto logits_WL = model.logits(pack_examples(text.windows(), chosen)).cpu().index_select(0, torch::tensor(rows, torch::kInt64));
    const auto log_p_WL = torch::log_softmax(logits_WL.to(torch::kFloat64), 1);
    const auto best_W = log_p_WL.argmax(1);
    const auto log_p = log_p_WL.accessor<double, 2>();
    const auto best = best_W.accessor<std::int64_t, 1>();
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      tags.labels[words[i]] = best[row];
      tags.probabilities[words[i]] = std::exp(log_p[row][best[row]]);
      if (gold.empty()) continue;
      if (gold[words[i]] >= log_p.size(1)) continue;  // a label that the model does not know
      tags.log_likelihood += log_p[row][gold[words[i]]];
      ++tags.num_scored;
    }
  }
  return tags;
}

TaggedText read_tagged_text(const TaggedSource& source, const WordPieceTokenizer& tokenizer, std::int64_t max_length,
                            const LabelSet& labels) {
  ConllReader reader(source.file, source.columns);
  TaggedText text{.words = WordWindows(tokenizer, max_length), .labels = {}, .lengths = {}, .names = {}};
  OpenLabels open(labels);
  for (TaggedSentence sentence; reader.next(sentence);) {
    for (std::size_t i = 0; i < sentence.tags.size(); ++i)
      text.labels.push_back(open.id({sentence.tags[i], reader.name(), sentence.lines[i]}));
    text.words.add(sentence.tokens);
    text.lengths.push_back(sentence.tags.size());
  }
  open.report();
  text.names = open.names();
  return text;
}

std::optional<TagScores> score_tags(TokenClassifier& model, const TaggedText& text) {
  const std::optional<WordTags> found = tag_words(model, text.words, text.labels);
  if (!found) return std::nullopt;
  TagScores scores{.loss = -found->log_likelihood / static_cast<double>(std::max<std::int64_t>(1, found->num_scored)),
                   .has_entities = are_entity_tags(model.labels())};
  std::vector<std::string> names;
  for (const std::string& name : text.names) names.push_back(scores.has_entities ? as_iobes(name) : name);
  std::vector<std::string> gold, predicted;
  std::size_t word = 0, num_right = 0;
  for (const std::size_t length : text.lengths) {
    gold.clear();
    predicted.clear();
    for (const std::size_t end = word + length; word < end; ++word) {
      gold.push_back(names[static_cast<std::size_t>(text.labels[word])]);
      predicted.push_back(names[static_cast<std::size_t>(found->labels[word])]);
      num_right += text.labels[word] == found->labels[word];
    }
    scores.entities.add(gold, predicted);
  }
  scores.accuracy = word == 0 ? 0 : static_cast<double>(num_right) / static_cast<double>(word);
  return scores;
}

Metrics metrics_of(const TagScores& scores) {
  Metrics metrics{{"loss", scores.loss}, {"accuracy", scores.accuracy}};
  if (!scores.has_entities) return metrics;
  const PrecisionRecall entities = scores.entities.averaged(Average::kMicro);
  metrics.insert(metrics.end(), {{"f1", entities.f1}, {"precision", entities.precision}, {"recall", entities.recall}});
  return metrics;
}

void explain_no_entities(const std::vector<std::string>& labels, const std::string& name) {
  if (const std::optional<std::string> other = first_other_tag(labels))
    log_info_once(name + ": no F1 of entities, because the tag '" + excerpt(*other) +
                  "' is none of an entity (O, or B, I, E, S, L, U, M or W, a hyphen and a type); accuracy is told");
}

TaggingObjective::TaggingObjective(TaggingSetup setup) : setup_(std::move(setup)), batches_(1, setup_.batch_size, setup_.seed) {
  const TaggingOptions& options = setup_.options;
  const std::int64_t max_length = chosen_length(options.max_length, TaggingOptions::kUsualLength, setup_.model->max_positions());
  setup_.options.max_length = max_length;
  const LabelSet labels(setup_.model->labels().names, "the model");
  train_ = read_tagged_examples(setup_.train, *setup_.tokenizer, max_length, labels);
  fingerprint_ = fingerprint_of(train_);
  counts_ = count_tags(train_, labels.size());
  log_info_once(setup_.train.file.string() + ": words of each tag: " + counted_labels(labels.names(), counts_));
  explain_no_entities(labels.names(), setup_.train.file.string());
  batches_ = ShuffledBatches(train_.examples.size(), setup_.batch_size, setup_.seed);
  if (options.freeze_layers != 0) setup_.model->freeze(options.freeze_layers);
  if (!setup_.valid.empty())
    valid_.emplace(read_tagged_text({.file = setup_.valid, .columns = setup_.train.columns}, *setup_.tokenizer, max_length, labels));
  best_metric();  // refuses a name that is none
}

std::optional<Metrics> TaggingObjective::evaluate() {
  const std::optional<TagScores> scores = score_tags(*setup_.model, *valid_);
  return scores ? std::optional(metrics_of(*scores)) : std::nullopt;
}

std::unique_ptr<MicroBatch> TaggingObjective::next() {
  auto batch = std::make_unique<TaggingBatch>();
  const auto chosen = batches_.next();
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
  return {{.loss = F::cross_entropy(logits_NL, labels_N, options), .log_likelihood = 0, .num_targets = batch.num_targets.front()}};
}

Json TaggingObjective::position() const {
  Json position = to_json(batches_.position());
  position["data"] = fingerprint_;
  return position;
}

void TaggingObjective::seek(const Json& position) {
  if (position.value("data", "") != fingerprint_)
    throw UserError("the training sentences are not those of the checkpoint: " + setup_.train.file.string(),
                    "resume with the same file, columns and tokenizer");
  BatchPosition start;
  from_json(start, position, "trainer_state.json");
  batches_.seek(start);
}

BestMetric TaggingObjective::best_metric() const {
  return choose_best_metric(setup_.options.best_by, are_entity_tags(setup_.model->labels())
                                                        ? std::vector<std::string>{"f1", "precision", "recall", "accuracy", "loss"}
                                                        : std::vector<std::string>{"accuracy", "loss"});
}

void TaggingObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  setup_.tokenizer->save(folder, setup_.options.max_length);
  write_class_counts(folder, setup_.model->labels().names, counts_);
}

void TaggingObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_token_classifier(folder, setup_.model->device(), TokenTask::kTags), *setup_.model, folder);
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
