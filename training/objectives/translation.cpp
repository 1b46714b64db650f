#include "training/objectives/translation.h"

#include <cmath>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "core/text.h"
#include "inference/folders.h"
#include "inference/translator.h"
#include "metrics/bleu.h"
#include "tokenizers/unknown_tokens.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

constexpr std::size_t kLinesAPart = 64;         // translated by one process between two looks at the stop signal
constexpr std::size_t kSamples = 3;             // of the first part, which is the first process's
constexpr std::int64_t kBatchesCounted = 2000;  // of a longer epoch the length is estimated
constexpr std::uint64_t kPairsInFingerprint = 1000;

struct TranslationBatch : MicroBatch {
  PairBatch pairs;
};

/// Names the pairs by their number, their tokens, and evenly taken sentences: a position in other data means nothing.
std::string fingerprint_of(const ParallelCorpus& corpus) {
  std::vector<std::int64_t> sample{static_cast<std::int64_t>(corpus.size()), static_cast<std::int64_t>(corpus.source().num_tokens()),
                                   static_cast<std::int64_t>(corpus.target().num_tokens())};
  const std::uint64_t taken = std::min(kPairsInFingerprint, corpus.size());
  for (std::uint64_t i = 0; i < taken; ++i) {
    corpus.source().append_to(sample, i * corpus.size() / taken);
    corpus.target().append_to(sample, i * corpus.size() / taken);
  }
  return sha256_hex(std::as_bytes(std::span(sample)));
}

std::string name_of(const std::filesystem::path& file, std::uint64_t pairs) {
  return file.string() + " (" + std::to_string(pairs) + " pairs)";
}

}  // namespace

void TranslationOptions::validate() const {
  if (!(label_smoothing >= 0 && label_smoothing < 1))
    throw UserError("--label-smoothing is " + std::to_string(label_smoothing) + "; expected 0 or more, below 1");
  if (max_train_length < 2) throw UserError("--max-train-length is " + std::to_string(max_train_length) + "; expected 2 or more");
  if (eval_sentences < 0) throw UserError("--eval-sentences is " + std::to_string(eval_sentences) + "; expected 0 (all) or more");
  if (eval_beam < 1) throw UserError("--eval-beam is " + std::to_string(eval_beam) + "; expected 1 or more");
}

TranslationObjective::TranslationObjective(TranslationSetup setup) : setup_(std::move(setup)) {
  setup_.options.validate();
  const std::int64_t target_ids = setup_.tokenizer->target().vocab_size();
  require_vocabulary(setup_.model->source_vocab_size(), setup_.tokenizer->source().vocab_size(), "source ");
  require_vocabulary(setup_.model->vocab_size(), target_ids, "target ");
  const TranslationFiles& files = setup_.files;
  if (files.valid_source.empty() != files.valid_target.empty())
    throw UserError("only one side of the validation data is given; expected both or neither", "give --valid-source and --valid-target");
  if (!files.valid_source.empty()) check_parallel({files.valid_source, files.valid_target});  // before hours of tokenising
  if (const auto warning = spare_ids_warning(target_ids, setup_.model->vocab_size())) log_warning(*warning);
  train_ = prepare_parallel({files.train_source, files.train_target}, *setup_.tokenizer, setup_.cache);
  fingerprint_ = fingerprint_of(*train_);
  setup_.batches.max_length = std::min(setup_.options.max_train_length, setup_.model->max_positions());
  batches_ = std::make_unique<PairBatches>(train_, setup_.batches);
  if (files.valid_source.empty()) return;
  valid_ = prepare_parallel({files.valid_source, files.valid_target}, *setup_.tokenizer, setup_.cache);
  take_sentences_for_bleu();
}

void TranslationObjective::take_sentences_for_bleu() {
  const std::vector<std::string> sources = read_lines(setup_.files.valid_source), references = read_lines(setup_.files.valid_target);
  const auto wanted = static_cast<std::size_t>(setup_.options.eval_sentences);
  const std::size_t taken = wanted == 0 ? sources.size() : std::min(wanted, sources.size());
  for (std::size_t i = 0; i < taken; ++i) {
    bleu_sources_.push_back(sources[i * sources.size() / taken]);
    bleu_references_.push_back(references[i * sources.size() / taken]);
  }
  std::int64_t longest = 0;
  for (std::uint64_t pair = 0; pair < valid_->size(); ++pair) longest = std::max(longest, valid_->target().length(pair));
  bleu_max_length_ = 2 * longest;
}

TranslationObjective::~TranslationObjective() = default;

std::unique_ptr<MicroBatch> TranslationObjective::next() {
  auto batch = std::make_unique<TranslationBatch>();
  batch->pairs = batches_->next();
  batch->num_targets = {static_cast<std::int64_t>(batch->pairs.target.ids.size())};
  batch->num_tokens = static_cast<std::int64_t>(batch->pairs.target.ids.size() + batch->pairs.source.ids.size());
  return batch;
}

std::vector<SummedLoss> TranslationObjective::loss(const MicroBatch& batch) {
  return {setup_.model->loss(dynamic_cast<const TranslationBatch&>(batch).pairs, setup_.options.label_smoothing)};
}

Json TranslationObjective::position() const {
  Json position = to_json(batches_->position());
  position["data"] = fingerprint_;
  return position;
}

void TranslationObjective::seek(const Json& position) {
  if (position.value("data", "") != fingerprint_)
    throw UserError("the training data are not those of the checkpoint: " + setup_.files.train_source.string() + ", " +
                        setup_.files.train_target.string(),
                    "resume with the same texts and tokenizer, or go on with `attend finetune translate` in another --output folder");
  BatchPosition start;
  from_json(start, position, "trainer_state.json");
  batches_ = std::make_unique<PairBatches>(train_, setup_.batches, start);
}

std::int64_t TranslationObjective::micro_batches_per_epoch() {
  PairBatchOptions of_all = setup_.batches;  // a process alone takes every batch
  of_all.rank = 0;
  of_all.world = 1;
  PairBatches first_epoch(train_, of_all);
  std::int64_t batches = 0, pairs = 0;
  while (first_epoch.epoch() == 0 && batches < kBatchesCounted) {
    pairs += first_epoch.next().size();
    ++batches;
  }
  return first_epoch.epoch() > 0 ? batches : batches * first_epoch.pairs_an_epoch() / std::max<std::int64_t>(1, pairs);
}

void TranslationObjective::set_batch_tokens(std::int64_t tokens) {
  setup_.batches.budget = {.tokens = tokens};
  batches_ = std::make_unique<PairBatches>(train_, setup_.batches);
}

std::optional<Metrics> TranslationObjective::evaluate(const Sharing& sharing) {
  const std::optional<CorpusLoss> loss = corpus_loss(*setup_.model, valid_, sharing);
  if (!loss) return std::nullopt;
  const std::optional<double> score = bleu(sharing);
  if (!score) return std::nullopt;
  return Metrics{{"loss", loss->loss}, {"perplexity", loss->perplexity}, {"bleu", *score}};
}

std::optional<double> TranslationObjective::bleu(const Sharing& sharing) {
  GenerationConfig generation = setup_.generation;
  generation.num_beams = setup_.options.eval_beam;
  // A model that has not learnt to end would go on to the greatest length for every sentence.
  generation.max_length = std::min(generation.max_length.value_or(bleu_max_length_), bleu_max_length_);
  Translator translator(setup_.model, setup_.tokenizer, generation);
  Bleu bleu;
  std::vector<std::string> warnings;
  samples_.clear();
  const auto translate_part = [&](std::size_t part) {
    const std::size_t begin = part * kLinesAPart, count = std::min(kLinesAPart, bleu_sources_.size() - begin);
    const auto lines = translator.translate(std::span(bleu_sources_).subspan(begin, count));
    for (std::size_t i = 0; i < count; ++i) {
      if (begin + i < kSamples)
        samples_.push_back({bleu_sources_[begin + i], lines[i].translations.front().text, bleu_references_[begin + i]});
      bleu.add(lines[i].translations.front().text, std::span(&bleu_references_[begin + i], 1));
      if (!lines[i].warnings.empty()) warnings.push_back(lines[i].warnings.front());
    }
  };
  std::vector<double> nothing;
  const std::size_t parts = (bleu_sources_.size() + kLinesAPart - 1) / kLinesAPart;
  if (!sharing.each(parts, translate_part, nothing)) return std::nullopt;
  tell_of_cut_sentences(warnings);
  std::vector<double> counts = bleu.counts();
  if (sharing.sum) sharing.sum(counts);
  bleu.set_counts(counts);
  return bleu.score().score;
}

std::string TranslationObjective::validation() const { return hash_files({setup_.files.valid_source, setup_.files.valid_target}); }

void TranslationObjective::tell_of_cut_sentences(const std::vector<std::string>& warnings) {
  if (!warnings.empty() && !std::exchange(are_cut_sentences_told_, true))
    log_warning(std::to_string(warnings.size()) + " of the " + std::to_string(bleu_sources_.size()) +
                " validation sentences are not translated whole; the first " + warnings.front());
}

BestMetric TranslationObjective::best_metric() const {
  if (setup_.options.best_by == BestBy::kBleu) return {"bleu", BestMetric::Direction::kHigher};
  return {"loss", BestMetric::Direction::kLower};
}

void TranslationObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  write_generation_config(folder, setup_.generation);
  copy_tokenizer_files(setup_.tokenizer_folder, folder);
}

void TranslationObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_seq2seq(folder, {.device = setup_.model->device()}), *setup_.model, folder);
}

Json TranslationObjective::settings() const {
  Json settings{{"train_source", setup_.files.train_source.string()}, {"train_target", setup_.files.train_target.string()}};
  if (can_evaluate()) {
    settings["valid_source"] = setup_.files.valid_source.string();
    settings["valid_target"] = setup_.files.valid_target.string();
  }
  settings.update(to_json(setup_.options));
  settings.update(setup_.settings);
  return settings;
}

CardFacts TranslationObjective::card() const {
  CardFacts facts;
  facts.title = "Translation model (" + model_summary(*setup_.model, setup_.model->hf_config()) + ")";
  facts.library_tag = "translation";
  facts.data = {{"training, source", name_of(setup_.files.train_source, train_->size())},
                {"training, target", name_of(setup_.files.train_target, train_->size())}};
  if (can_evaluate()) {
    facts.data.emplace_back("validation, source", name_of(setup_.files.valid_source, valid_->size()));
    facts.data.emplace_back("validation, target", name_of(setup_.files.valid_target, valid_->size()));
  }
  facts.usage = "attend translate --model {folder} < text";
  return facts;
}

}  // namespace attend
