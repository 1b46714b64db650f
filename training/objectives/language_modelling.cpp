#include "training/objectives/language_modelling.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "inference/folders.h"
#include "inference/generation_config.h"
#include "tokenizers/unknown_tokens.h"
#include "training/objectives/common.h"
#include "training/objectives/continuations.h"

namespace attend {
namespace {

constexpr std::uint64_t kSpansInFingerprint = 1000, kTokensOfASpan = 64;

struct LanguageMicroBatch : MicroBatch {
  CausalBatch causal;
};

/// Names a text by its numbers and evenly taken tokens: a position in other data means nothing.
std::string fingerprint_of(const TokenFile& text) {
  std::vector<std::int64_t> sample{static_cast<std::int64_t>(text.size()), static_cast<std::int64_t>(text.num_tokens())};
  for (std::uint64_t i = 0; i < kSpansInFingerprint; ++i) {
    const std::uint64_t begin = i * text.num_tokens() / kSpansInFingerprint;
    text.append_to(sample, TokenSpan{begin, std::min(begin + kTokensOfASpan, text.num_tokens())});
  }
  return sha256_hex(std::as_bytes(std::span(sample)));
}

/// Names a text by all of its tokens: scores on a text that differs anywhere cannot be compared.
std::string hash_of(const TokenFile& text) {
  constexpr std::uint64_t kPart = 1u << 20;
  std::string hash;
  std::vector<std::int64_t> ids;
  for (std::uint64_t begin = 0; begin < text.num_tokens(); begin += kPart) {
    ids.clear();
    text.append_to(ids, TokenSpan{begin, std::min(begin + kPart, text.num_tokens())});
    const std::string both = hash + sha256_hex(std::as_bytes(std::span(ids)));
    hash = sha256_hex(std::as_bytes(std::span(both)));
  }
  return hash;
}

std::string fingerprint_of(const std::vector<TaskSequence>& sequences) {
  std::vector<std::int64_t> all;
  for (const TaskSequence& sequence : sequences) {
    all.push_back(static_cast<std::int64_t>(sequence.first_output));
    all.insert(all.end(), sequence.ids.begin(), sequence.ids.end());
  }
  return sha256_hex(std::as_bytes(std::span(all)));
}

FillTokens fill_tokens(const ByteBpeTokenizer& tokenizer) {
  std::vector<std::int64_t> ids;
  for (const std::string& name : fill_token_names()) {
    const auto id = tokenizer.id_of(name);
    if (!id || !tokenizer.is_special(*id))
      throw UserError("the tokenizer has no " + name + " token; filling in the middle is spelled with it",
                      "a tokenizer that `attend pretrain gpt --fill-in-the-middle 0.5` learns has it");
    ids.push_back(*id);
  }
  if (!tokenizer.end_of_text_id()) throw UserError("the tokenizer has no end-of-text token; filling in the middle ends with it");
  return {.prefix = ids[0], .suffix = ids[1], .middle = ids[2], .end_of_text = *tokenizer.end_of_text_id()};
}

std::vector<std::filesystem::path> files_of(const std::vector<TextSlice>& slices) {
  std::vector<std::filesystem::path> files;
  for (const TextSlice& slice : slices) files.push_back(slice.file);
  return files;
}

Json names_of(const std::vector<std::filesystem::path>& files) {
  Json names = Json::array();
  for (const auto& file : files) names.push_back(file.string());
  return names;
}

}  // namespace

TextTokenizer text_tokenizer(const ByteBpeTokenizer& tokenizer) {
  TextTokenizer text{.tokenizer = tokenizer,
                     .fingerprint = tokenizer.fingerprint(),
                     .cuts = tokenizer.adds_prefix_space() ? Cuts::kAtSpaces : Cuts::kAtSpacesAndBreaks};
  if (const auto end = tokenizer.end_of_text_id()) text.end_of_text = EndOfText{.id = *end, .spelling = tokenizer.bytes(*end)};
  return text;
}

const std::vector<std::string>& fill_token_names() {
  static const std::vector<std::string> names{"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"};
  return names;
}

void validate(const LanguageOptions& options) {
  if (!(options.fill_in_the_middle >= 0 && options.fill_in_the_middle <= 1))
    throw UserError("--fill-in-the-middle is " + std::to_string(options.fill_in_the_middle) + "; expected 0 to 1");
  if (options.fill_in_the_middle > 0 && options.documents == Documents::kPacked)
    throw UserError("--fill-in-the-middle needs one document a sequence, and --documents packed is given", "leave --documents out");
  if (options.eval_tokens < 0) throw UserError("--eval-tokens is " + std::to_string(options.eval_tokens) + "; expected 0 (all) or more");
}

LanguageObjective::LanguageObjective(LanguageSetup setup) : setup_(std::move(setup)) {
  if (setup_.options.max_length == 0) setup_.options.max_length = setup_.model->max_positions();
  validate(setup_.options);
  check_options();
  if (!setup_.options.documents)
    setup_.options.documents = setup_.options.fill_in_the_middle > 0 ? Documents::kSeparate : Documents::kPacked;
  prepare();
}

void LanguageObjective::prepare() {
  setup_.columns ? prepare_tables() : prepare_texts();
  batches_ = std::make_unique<CausalStream>(make_epoch_, setup_.process, BatchPosition{});
  first_epoch_batches_ = batches_->here().num_batches;
}

void LanguageObjective::set_batch_tokens(std::int64_t tokens) {
  setup_.budget = {.tokens = tokens};
  prepare();
}

LanguageObjective::~LanguageObjective() = default;

void LanguageObjective::check_options() const {
  const LanguageOptions& options = setup_.options;
  require_vocabulary(setup_.model->vocab_size(), setup_.tokenizer->vocab_size());
  if (options.max_length < 1) throw UserError("--max-length is " + std::to_string(options.max_length) + "; expected 1 or more");
  if (options.max_length > setup_.model->max_positions())
    throw UserError("--max-length is " + std::to_string(options.max_length) + "; the model has " +
                        std::to_string(setup_.model->max_positions()) + " positions",
                    "use a smaller --max-length, or a model with more positions (--set max_positions=" +
                        std::to_string(options.max_length) + " in pretraining)");
  if (setup_.columns && options.fill_in_the_middle > 0)
    throw UserError("--fill-in-the-middle has no effect on a table of inputs and outputs", "leave it out");
  if (setup_.columns && options.documents == Documents::kSeparate)
    throw UserError("--documents has no effect on a table: each of its rows is a sequence of its own", "leave it out");
  if (options.documents == Documents::kSeparate && !setup_.tokenizer->end_of_text_id())
    throw UserError("--documents separate needs a tokenizer with an end-of-text token, to tell documents apart", "use --documents packed");
}

void LanguageObjective::prepare_texts() {
  const LanguageOptions& options = setup_.options;
  const WindowOptions windows{.block = options.max_length, .documents = *options.documents};
  TextEpochOptions epochs{.windows = windows, .budget = setup_.budget, .seed = setup_.seed};
  if (options.fill_in_the_middle != 0)
    epochs.fill = FillInTheMiddle{.probability = options.fill_in_the_middle, .tokens = fill_tokens(*setup_.tokenizer)};
  const auto text = prepare_text({.slices = setup_.train}, text_tokenizer(*setup_.tokenizer), setup_.cache);
  make_epoch_ = text_epochs(text, epochs);
  fingerprint_ = fingerprint_of(*text);
  summary_ = std::to_string(text->size()) + " documents, " + std::to_string(text->num_tokens()) + " tokens";
  if (setup_.valid.empty()) return;
  const auto valid = prepare_text({.slices = setup_.valid}, text_tokenizer(*setup_.tokenizer), setup_.cache);
  valid_ = evaluation_windows(valid, windows, setup_.budget);
  validation_ = hash_of(*valid);
}

void LanguageObjective::prepare_tables() {
  const auto read = [&](const std::vector<TextSlice>& slices) {
    const TaskTable table{.files = files_of(slices), .columns = *setup_.columns};
    return std::make_shared<const std::vector<TaskSequence>>(
        read_task_sequences(table, text_tokenizer(*setup_.tokenizer), setup_.options.max_length));
  };
  const auto sequences = read(setup_.train);
  make_epoch_ = task_epochs(sequences, setup_.budget, setup_.seed);
  fingerprint_ = fingerprint_of(*sequences);
  summary_ = std::to_string(sequences->size()) + " rows";
  if (setup_.valid.empty()) return;
  const auto valid = read(setup_.valid);
  valid_ = evaluation_sequences(valid, setup_.budget);
  validation_ = fingerprint_of(*valid);
}

std::unique_ptr<MicroBatch> LanguageObjective::next() {
  auto batch = std::make_unique<LanguageMicroBatch>();
  batch->causal = batches_->next();
  const std::vector<std::int64_t>& targets = batch->causal.targets;
  batch->num_tokens = static_cast<std::int64_t>(targets.size());
  batch->num_targets = {static_cast<std::int64_t>(targets.size()) - std::count(targets.begin(), targets.end(), CausalBatch::kNoTarget)};
  return batch;
}

std::vector<SummedLoss> LanguageObjective::loss(const MicroBatch& batch) {
  return {setup_.model->loss(dynamic_cast<const LanguageMicroBatch&>(batch).causal)};
}

Json LanguageObjective::position() const {
  Json position = to_json(batches_->position());
  position["data"] = fingerprint_;
  return position;
}

void LanguageObjective::seek(const Json& position) {
  if (position.value("data", "") != fingerprint_)
    throw UserError("the training text is not that of the checkpoint: " + names_of(setup_.train),
                    "resume with the same texts and tokenizer, or start in another --output folder");
  BatchPosition start;
  from_json(start, position, "trainer_state.json");
  batches_ = std::make_unique<CausalStream>(make_epoch_, setup_.process, start);
}

std::optional<Metrics> LanguageObjective::evaluate(const Sharing& sharing) {
  const auto result = evaluate_language(*setup_.model, *valid_, setup_.options.eval_tokens, sharing);
  if (!result) return std::nullopt;
  if (sharing.process.rank == 0) samples_ = continuations(setup_.model, setup_.tokenizer, valid_->batch(0));
  return Metrics{{"loss", result->loss}, {"perplexity", std::exp(result->loss)}};
}

void LanguageObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  setup_.tokenizer->save(folder);
  GenerationConfig generation;
  if (const auto end = setup_.tokenizer->end_of_text_id()) generation.eos_token_ids = {*end};
  write_generation_config(folder, generation);
}

void LanguageObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_causal_language_model(folder, {.device = setup_.model->device()}), *setup_.model, folder);
}

Json LanguageObjective::settings() const {
  Json settings{{"train", names_of(files_of(setup_.train))}};
  const bool is_split = setup_.settings.contains("valid_fraction");  // then the files are those to be split again
  if (can_evaluate() && !is_split) settings["valid"] = names_of(files_of(setup_.valid));
  settings.update(to_json(setup_.options));
  settings.update(setup_.settings);
  return settings;
}

CardFacts LanguageObjective::card() const {
  CardFacts facts;
  facts.title = "Language model (" + model_summary(*setup_.model, setup_.model->hf_config()) + ")";
  facts.library_tag = "text-generation";
  facts.data = {{"training", names_of(setup_.train) + " (" + summary_ + ")"}};
  if (can_evaluate()) facts.data.emplace_back("validation", names_of(setup_.valid));
  facts.usage = "attend generate --model {folder} --prompt TEXT";
  if (setup_.columns) {  // asked as it was trained
    facts.usage = "attend prompt --model {folder} --shots 0";
    if (const auto form = setup_.settings.find("template"); form != setup_.settings.end())
      facts.usage += " --template " + form->get<std::string>();
    facts.usage += " < inputs";
  }
  return facts;
}

}  // namespace attend
