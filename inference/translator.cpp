#include "inference/translator.h"

#include <algorithm>

#include <torch/torch.h>

#include "core/error.h"
#include "core/text.h"
#include "inference/beam_search.h"
#include "inference/evaluation_mode.h"
#include "inference/flag_checks.h"
#include "inference/folders.h"

namespace attend {
namespace {

// Where neither the folder nor the user says how long a translation may be.
constexpr std::int64_t kDefaultMaxLength = 256;

constexpr const char* kRepaired = "is not UTF-8; the bytes that are wrong were replaced by U+FFFD";

// The pieces of a text that a vocabulary lacks, each once: "'ß', 'Ü'".
std::string unknown_pieces(const Tokenizer& tokenizer, const std::string& text) {
  std::string names;
  for (const std::string& piece : tokenizer.pieces(text)) {
    const std::string name = "'" + excerpt(piece) + "'";
    if (!tokenizer.id_of(piece) && names.find(name) == std::string::npos) names += (names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? "<unk>" : names;
}

}  // namespace

Translator::Translator(std::shared_ptr<Seq2SeqModel> model, std::shared_ptr<const MarianTokenizer> tokenizer, GenerationConfig generation)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)), generation_(std::move(generation)) {
  const std::int64_t vocab_size = model_->vocab_size();
  require_vocabulary(model_->source_vocab_size(), tokenizer_->source().vocab_size(), "source ");
  warnings_ = vocabulary_warnings(vocab_size, tokenizer_->target().vocab_size(), "target ");
  require_bad_words_within(generation_, vocab_size);
  const TokenRoles roles = model_->token_roles();
  if (!generation_.decoder_start_token_id) generation_.decoder_start_token_id = roles.decoder_start;
  if (generation_.eos_token_ids.empty()) generation_.eos_token_ids = {roles.eos};
  if (generation_.repetition_penalty != 1.0) warnings_.push_back("the folder's repetition_penalty has no effect on translations");
  std::vector<std::int64_t> named{*generation_.decoder_start_token_id};
  named.insert(named.end(), generation_.eos_token_ids.begin(), generation_.eos_token_ids.end());
  if (generation_.forced_eos_token_id) named.push_back(*generation_.forced_eos_token_id);
  for (const std::int64_t id : named)
    if (id < 0 || id >= vocab_size)
      throw UserError("the generation settings name token id " + std::to_string(id) + "; the model's vocabulary has " +
                          std::to_string(vocab_size) + " tokens",
                      "correct the folder's generation_config.json");
}

SamplingOptions Translator::plan_sampling(const TranslateOptions& options) const {
  SamplingOptions sampling;
  if (generation_.do_sample)
    sampling = {.temperature = generation_.temperature, .top_k = generation_.top_k, .top_p = generation_.top_p, .min_p = generation_.min_p};
  sampling.temperature = options.temperature.value_or(sampling.temperature);
  sampling.top_k = options.top_k.value_or(sampling.top_k);
  sampling.top_p = options.top_p.value_or(sampling.top_p);
  sampling.min_p = options.min_p.value_or(sampling.min_p);
  check_sampling(sampling);
  return sampling;
}

Translator::Plan Translator::plan(const TranslateOptions& options) const {
  Plan plan;
  SearchOptions& search = plan.search;
  search.num_beams = options.beam.value_or(generation_.num_beams);
  search.n_best = options.n_best;
  search.length_norm = options.length_norm;
  // The folder's penalty was chosen for transformers' rule.
  const bool is_power = options.length_norm == LengthNorm::kPower;
  search.length_penalty =
      options.length_penalty.value_or(is_power ? generation_.length_penalty : default_length_penalty(options.length_norm));
  search.early_stopping = generation_.early_stopping;
  if (options.early_stopping) {
    const auto found = enum_from_name<EarlyStopping>(*options.early_stopping);
    require_flag(found.has_value(), "--early-stopping", *options.early_stopping, enum_choices<EarlyStopping>());
    search.early_stopping = *found;
  }
  const std::int64_t positions = model_->max_positions();
  const std::int64_t max_length = options.max_length.value_or(std::min(generation_.max_length.value_or(kDefaultMaxLength), positions));
  search.rules = {.eos_ids = generation_.eos_token_ids,
                  .forced_eos_id = generation_.forced_eos_token_id,
                  .max_length = max_length,
                  .min_length = options.min_length.value_or(std::min(generation_.min_length, max_length)),
                  .bad_words = generation_.bad_words_ids};
  require_flag(search.num_beams >= 1 && search.num_beams <= 1024, "--beam", search.num_beams, "1 to 1024");
  require_flag(options.n_best >= 1, "--n-best", options.n_best, "1 or more");
  require_flag(options.batch_tokens >= 1, "--batch-tokens", options.batch_tokens, "1 or more");
  require_flag(max_length >= 1 && max_length <= positions, "--max-length", max_length,
               "1 to " + std::to_string(positions) + ", the model's positions");
  require_flag(search.rules.min_length >= 0 && search.rules.min_length <= max_length, "--min-length", search.rules.min_length,
               "0 to the greatest length, " + std::to_string(max_length));
  const SamplingOptions sampling = plan_sampling(options);
  const bool asks_to_sample = options.temperature || options.top_k || options.top_p || options.min_p;
  if (asks_to_sample && sampling.temperature > 0 && options.beam.value_or(1) > 1)
    throw UserError("--beam " + std::to_string(*options.beam) + " searches, --temperature, --top-k, --top-p and --min-p sample",
                    "give one of the two");
  if ((asks_to_sample || (generation_.do_sample && !options.beam)) && sampling.temperature > 0) plan.sampling = sampling;
  if (options.temperature == 0.0 && !options.beam) search.num_beams = 1;
  if (!plan.sampling && options.n_best > search.num_beams)
    throw UserError(
        "--n-best " + std::to_string(options.n_best) + " is more than the " + std::to_string(search.num_beams) + " beams that are searched",
        "give --beam " + std::to_string(options.n_best) + " or more");
  plan.rows_per_sentence = plan.sampling ? options.n_best : search.num_beams;
  return plan;
}

TokenIds Translator::encode_source(const std::string& line, TranslatedLine& result) const {
  std::vector<std::string>& warnings = result.warnings;
  const bool is_valid = is_valid_utf8(line);
  if (!is_valid) warnings.emplace_back(kRepaired);
  const auto pieces = tokenizer_->source().encode(is_valid ? line : repair_utf8(line));
  result.unknown.add(pieces, tokenizer_->source().unknown_id());
  result.unknown_code = unknown_language_code(tokenizer_->source(), line);
  TokenIds ids(pieces.begin(), pieces.end());
  const auto most = static_cast<std::size_t>(model_->max_positions() - 1);  // the end takes one position
  if (ids.size() > most) {
    warnings.push_back("has " + std::to_string(ids.size()) + " tokens and was cut to the model's " + std::to_string(most));
    ids.resize(most);
  }
  if (!ids.empty()) ids.push_back(tokenizer_->eos_id());
  return ids;
}

TokenIds Translator::encode_prefix(const std::string& prefix, std::int64_t max_length, std::vector<std::string>& warnings) const {
  if (prefix.empty()) return {};
  if (!is_valid_utf8(prefix)) warnings.push_back(std::string("has a prefix that ") + kRepaired);
  const std::string text = repair_utf8(prefix);
  const auto pieces = tokenizer_->target().encode(text);
  TokenIds ids(pieces.begin(), pieces.end());
  if (std::count(ids.begin(), ids.end(), tokenizer_->unk_id()) > 0)
    warnings.push_back("has a prefix with what the vocabulary lacks, and the translation begins without it: " +
                       unknown_pieces(tokenizer_->target(), text));
  const auto most = static_cast<std::size_t>(max_length - 1);
  if (ids.size() > most) {
    warnings.push_back("has a prefix of " + std::to_string(ids.size()) + " tokens, which was cut to " + std::to_string(most));
    ids.resize(most);
  }
  return ids;
}

std::vector<std::vector<Hypothesis>> Translator::decode(std::span<const Request> requests, const Plan& plan, const LineBatch& batch) const {
  PackedIds source;
  std::vector<SequenceStart> starts;
  for (const auto& request : requests) {
    source.ids.insert(source.ids.end(), request.source.begin(), request.source.end());
    source.lengths.push_back(static_cast<std::int64_t>(request.source.size()));
    starts.push_back({.prompt = {*generation_.decoder_start_token_id}, .prefix = request.prefix});
  }
  const auto decoder = model_->start_decoding(source, plan.rows_per_sentence, plan.search.rules.max_length);
  if (!plan.sampling) return beam_search(*decoder, plan.search, starts);
  std::vector<RandomStream> streams;
  for (const auto& request : requests)
    for (std::int64_t sample = 0; sample < plan.search.n_best; ++sample)
      streams.emplace_back(batch.seed, "translate",
                           std::initializer_list<std::uint64_t>{batch.numbers.empty() ? request.line + 1 : batch.numbers[request.line],
                                                                static_cast<std::uint64_t>(sample)});
  return sample_sequences(*decoder, {.search = plan.search, .sampling = *plan.sampling, .starts = starts, .streams = streams});
}

Translation Translator::to_translation(Hypothesis&& hypothesis) const {
  std::vector<std::int32_t> ids;
  const std::int64_t known = tokenizer_->target().vocab_size();
  for (const std::int64_t id : hypothesis.ids)
    if (id < known) ids.push_back(static_cast<std::int32_t>(id));  // a model's vocabulary may be padded beyond the tokenizer's
  std::string text = tokenizer_->target().decode(ids);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return {std::move(text), hypothesis.score, hypothesis.log_probability, std::move(hypothesis.ids)};
}

std::vector<TranslatedLine> Translator::translate(const LineBatch& batch, const TranslateOptions& options) const {
  TORCH_CHECK(batch.prefixes.empty() || batch.prefixes.size() == batch.lines.size(), "one prefix a line");
  TORCH_CHECK(batch.numbers.empty() || batch.numbers.size() == batch.lines.size(), "one number a line");
  const Plan plan = this->plan(options);
  std::vector<TranslatedLine> results(batch.lines.size());
  std::vector<Request> requests;
  for (std::size_t i = 0; i < batch.lines.size(); ++i) {
    TranslatedLine& result = results[i];
    Request request{.line = i, .source = encode_source(batch.lines[i], result), .prefix = {}};
    if (!batch.prefixes.empty()) request.prefix = encode_prefix(batch.prefixes[i], plan.search.rules.max_length, result.warnings);
    if (request.source.empty())
      result.translations.emplace_back();
    else
      requests.push_back(std::move(request));
  }
  // Sentences of about one length end together; the longest first, so that memory only shrinks.
  std::stable_sort(requests.begin(), requests.end(),
                   [](const Request& left, const Request& right) { return left.source.size() > right.source.size(); });
  const EvaluationMode evaluation(*model_);
  for (std::size_t begin = 0, end = 0; begin < requests.size(); begin = end) {
    std::int64_t tokens = 0;
    for (; end < requests.size(); ++end) {
      tokens += static_cast<std::int64_t>(requests[end].source.size()) * plan.rows_per_sentence;
      if (end > begin && tokens > options.batch_tokens) break;
    }
    auto hypotheses = decode(std::span(requests).subspan(begin, end - begin), plan, batch);
    for (std::size_t i = begin; i < end; ++i) {
      auto& translations = results[requests[i].line].translations;
      for (auto& hypothesis : hypotheses[i - begin]) translations.push_back(to_translation(std::move(hypothesis)));
      if (translations.empty()) translations.emplace_back();  // the rules left nothing to generate
    }
  }
  return results;
}

}  // namespace attend
