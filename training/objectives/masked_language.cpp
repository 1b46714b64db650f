#include "training/objectives/masked_language.h"

#include <cmath>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "inference/folders.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

constexpr std::uint64_t kSentencesInFingerprint = 1000;
constexpr double kUnreadWorthAWarning = 0.02;

struct MaskedMicroBatch : MicroBatch {
  MaskedBatch masked;
};

/// Names the text by its numbers and evenly taken sentences: a position in other data means nothing.
std::string fingerprint_of(const DocumentCorpus& corpus) {
  const TokenFile& sentences = corpus.sentences();
  std::vector<std::int64_t> sample{static_cast<std::int64_t>(corpus.size()), static_cast<std::int64_t>(sentences.size()),
                                   static_cast<std::int64_t>(sentences.num_tokens())};
  const std::uint64_t taken = std::min(kSentencesInFingerprint, sentences.size());
  for (std::uint64_t i = 0; i < taken; ++i) sentences.append_to(sample, i * sentences.size() / taken);
  return sha256_hex(std::as_bytes(std::span(sample)));
}

MaskedExampleOptions example_options(const MaskedLanguageOptions& options, const BatchBudget& budget) {
  return {.segments = {.max_length = options.max_length.value(),
                       .next_sentence = options.next_sentence ? NextSentence::kYes : NextSentence::kNo,
                       .short_probability = options.short_probability},
          .masking = {.probability = options.mask_probability,
                      .max_predictions = options.max_predictions,
                      .unit = options.whole_word ? MaskUnit::kWord : MaskUnit::kPiece},
          .budget = budget};
}

std::string list_files(const std::vector<std::filesystem::path>& files) {
  std::string text;
  for (const auto& file : files) text += (text.empty() ? "" : ", ") + file.string();
  return text;
}

/// Whether any token may be masked. A text of unknown characters consists of [UNK] alone, which is never masked.
bool has_ordinary_token(const TokenFile& sentences, const WordPieceTokenizer& tokenizer) {
  std::vector<std::int64_t> ids;
  for (std::uint64_t i = 0; i < sentences.size(); ++i) {
    ids.clear();
    sentences.append_to(ids, i);
    for (const std::int64_t id : ids)
      if (!tokenizer.is_special(static_cast<std::int32_t>(id))) return true;
  }
  return false;
}

/// With next sentences a line that is longer than an example loses its ends in every epoch.
void warn_of_unread_text(const DocumentCorpus& corpus, const MaskedLanguageOptions& options, const std::string& name) {
  const double share = unread_share(corpus, example_options(options, {.sequences = 1}).segments);
  if (share < kUnreadWorthAWarning) return;
  log_warning(name + ": no epoch reads " + std::to_string(std::llround(100 * share)) +
              " % of the text: of a sentence longer than --max-length " + std::to_string(options.max_length.value()) +
              " only the middle is read with next sentences; " +
              (options.split_sentences ? "" : "if a line is a paragraph, add --split-sentences; ") + "--no-next-sentence reads all of it");
}

std::shared_ptr<const DocumentCorpus> prepare(const std::vector<std::filesystem::path>& files, const WordPieceTokenizer& tokenizer,
                                              const MaskedLanguageOptions& options, const std::filesystem::path& cache) {
  auto corpus = prepare_documents({.files = files, .line_holds = options.split_sentences ? LineHolds::kParagraph : LineHolds::kSentence},
                                  {.tokenizer = tokenizer, .fingerprint = tokenizer.fingerprint()}, cache);
  require_documents(*corpus, options.next_sentence ? NextSentence::kYes : NextSentence::kNo, list_files(files));
  if (!has_ordinary_token(corpus->sentences(), tokenizer))
    throw UserError(list_files(files) + ": the tokenizer knows no word of this text", "is it made for this language?");
  warn_of_unread_text(*corpus, options, list_files(files));
  return corpus;
}

}  // namespace

void validate(MaskedLanguageOptions& options, const TextSizes& model) {
  const auto is_share = [](double share) { return share >= 0 && share <= 1; };
  const std::string length = "--max-length is " + std::to_string(options.max_length.value_or(model.positions));
  const std::int64_t least = options.next_sentence ? 5 : 4;  // special tokens, and two of text
  if (options.max_length.value_or(least) > model.positions)
    throw UserError(length + "; the model has " + std::to_string(model.positions) + " positions",
                    "use a smaller --max-length, or a model with more positions (--set max_positions=" +
                        std::to_string(options.max_length.value_or(least)) + " in pretraining)");
  options.max_length = options.max_length.value_or(std::min(MaskedLanguageOptions::kUsualLength, model.positions));
  if (*options.max_length < least)
    throw UserError(length + "; expected at least " + std::to_string(least) + ", to hold two tokens of text beside the special ones");
  if (options.next_sentence && model.segments < 2)
    throw UserError("next sentences need a second segment, and the model has one (type_vocab_size 1)", "add --no-next-sentence");
  if (!(options.mask_probability > 0 && options.mask_probability <= 1))
    throw UserError("--mask-probability is " + std::to_string(options.mask_probability) + "; expected more than 0, at most 1");
  if (!is_share(options.short_probability))
    throw UserError("--short-probability is " + std::to_string(options.short_probability) + "; expected 0 to 1");
  for (const auto& [flag, count] :
       {std::pair{"--max-predictions", options.max_predictions}, std::pair{"--eval-examples", options.eval_examples}})
    if (count < 0) throw UserError(std::string(flag) + " is " + std::to_string(count) + "; expected 0 or more");
}

MaskingVocabulary masking_vocabulary(const WordPieceTokenizer& tokenizer) {
  MaskingVocabulary vocabulary{
      .cls = tokenizer.cls_id(), .sep = tokenizer.sep_id(), .mask = tokenizer.mask_id(), .is_special = {}, .is_continuation = {}};
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    vocabulary.is_special.push_back(tokenizer.is_special(id));
    vocabulary.is_continuation.push_back(tokenizer.is_continuation(id));
  }
  return vocabulary;
}

EvaluationExamples evaluation_examples(const EvaluationText& text) {
  return {{.corpus = prepare(text.files, text.tokenizer, text.options, text.cache), .vocabulary = masking_vocabulary(text.tokenizer)},
          example_options(text.options, text.budget)};
}

MaskedLanguageObjective::MaskedLanguageObjective(MaskedLanguageSetup setup) : setup_(std::move(setup)) {
  MaskedLanguageOptions& options = setup_.options;
  require_vocabulary(setup_.model->vocab_size(), setup_.tokenizer->vocab_size());
  validate(options, {.positions = setup_.model->max_positions(), .segments = setup_.model->num_segments()});
  if (options.next_sentence && !setup_.model->has_next_sentence())
    throw UserError("the model has no head for next sentences", "add --no-next-sentence");
  const Masker checked(masking_vocabulary(*setup_.tokenizer), example_options(options, setup_.budget).masking);  // before any text is read
  source_ = {.corpus = prepare(setup_.train, *setup_.tokenizer, options, setup_.cache),
             .vocabulary = masking_vocabulary(*setup_.tokenizer)};
  fingerprint_ = fingerprint_of(*source_.corpus);
  if (!setup_.valid.empty())
    valid_source_ = {.corpus = prepare(setup_.valid, *setup_.tokenizer, options, setup_.cache), .vocabulary = source_.vocabulary};
  cut_batches();
}

void MaskedLanguageObjective::cut_batches() {
  batches_ = std::make_unique<MaskedExamples>(source_, stream());
  first_epoch_batches_ = batches_->batches_an_epoch();
  if (!setup_.valid.empty()) valid_ = std::make_unique<EvaluationExamples>(valid_source_, example_options(setup_.options, setup_.budget));
}

void MaskedLanguageObjective::set_batch_tokens(std::int64_t tokens) {
  setup_.budget = {.tokens = tokens};
  cut_batches();
}

MaskedLanguageObjective::~MaskedLanguageObjective() = default;

MaskedStreamOptions MaskedLanguageObjective::stream() const {
  return {.examples = example_options(setup_.options, setup_.budget),
          .seed = setup_.seed,
          .rank = setup_.process.rank,
          .world = setup_.process.world};
}

std::unique_ptr<MicroBatch> MaskedLanguageObjective::next() {
  auto batch = std::make_unique<MaskedMicroBatch>();
  batch->masked = batches_->next();  // one of unknown words alone has nothing to predict: the trainer sees to it
  batch->num_tokens = static_cast<std::int64_t>(batch->masked.text.tokens.ids.size());
  batch->num_targets = {static_cast<std::int64_t>(batch->masked.masked_labels.size())};
  if (setup_.options.next_sentence) batch->num_targets.push_back(static_cast<std::int64_t>(batch->masked.next_labels.size()));
  return batch;
}

std::vector<SummedLoss> MaskedLanguageObjective::loss(const MicroBatch& batch) {
  MaskedLoss loss = setup_.model->loss(dynamic_cast<const MaskedMicroBatch&>(batch).masked);
  std::vector<SummedLoss> terms{loss.words};
  if (loss.next_sentence) terms.push_back(*loss.next_sentence);
  return terms;
}

Json MaskedLanguageObjective::position() const {
  Json position = to_json(batches_->position());
  position["data"] = fingerprint_;
  return position;
}

void MaskedLanguageObjective::seek(const Json& position) {
  if (position.value("data", "") != fingerprint_)
    throw UserError("the training text is not that of the checkpoint: " + list_files(setup_.train),
                    "resume with the same texts and tokenizer, or start in another --output folder");
  BatchPosition start;
  from_json(start, position, "trainer_state.json");
  batches_ = std::make_unique<MaskedExamples>(source_, stream(), start);
}

std::optional<Metrics> MaskedLanguageObjective::evaluate(const Sharing& sharing) {
  auto scores = evaluate_masked(*setup_.model, *valid_, setup_.options.eval_examples, sharing);
  return scores ? std::optional(std::move(scores->metrics)) : std::nullopt;
}

BestMetric MaskedLanguageObjective::best_metric() const {
  return {setup_.options.next_sentence ? "total_loss" : "loss", BestMetric::Direction::kLower};
}

std::string MaskedLanguageObjective::validation() const { return hash_files(setup_.valid); }

void MaskedLanguageObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  setup_.tokenizer->save(folder, setup_.options.max_length);
}

void MaskedLanguageObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_masked_language_model(folder, {.device = setup_.model->device()}), *setup_.model, folder);
}

Json MaskedLanguageObjective::settings() const {
  Json settings{{"train", Json::array()}};
  for (const auto& file : setup_.train) settings["train"].push_back(file.string());
  for (const auto& file : setup_.valid) settings["valid"].push_back(file.string());
  settings.update(to_json(setup_.options));
  settings.update(setup_.settings);
  return settings;
}

CardFacts MaskedLanguageObjective::card() const {
  CardFacts facts;
  facts.title = "Masked language model (" + model_summary(*setup_.model, setup_.model->hf_config()) + ")";
  facts.library_tag = "fill-mask";
  facts.data = {{"training", list_files(setup_.train) + " (" + std::to_string(source_.corpus->size()) + " documents, " +
                                 std::to_string(source_.corpus->sentences().size()) + " sentences)"}};
  if (can_evaluate()) facts.data.emplace_back("validation", list_files(setup_.valid));
  facts.usage = "attend fill-mask --model {folder} < text";
  return facts;
}

}  // namespace attend
