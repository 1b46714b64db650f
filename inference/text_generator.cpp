#include "inference/text_generator.h"

#include <algorithm>
#include <numeric>

#include <torch/torch.h>

#include "core/error.h"
#include "inference/beam_search.h"
#include "inference/evaluation_mode.h"
#include "inference/flag_checks.h"
#include "inference/folders.h"
#include "inference/windowed_decoder.h"

namespace attend {
namespace {

// Where neither the folder nor the user says how long a continuation may be.
constexpr std::int64_t kDefaultNewTokens = 128;
constexpr std::int64_t kMostNewTokens = 1 << 20, kMostRows = 1024;

// The first of the batch's prompts together with as many more as the budget of tokens takes.
std::size_t end_of_batch(std::span<const std::size_t> order, std::size_t begin, std::int64_t batch_tokens, const auto& tokens_of) {
  std::size_t end = begin;
  for (std::int64_t tokens = 0; end < order.size(); ++end) {
    tokens += tokens_of(order[end]);
    if (end > begin && tokens > batch_tokens) break;
  }
  return end;
}

}  // namespace

TextGenerator::TextGenerator(std::shared_ptr<CausalLanguageModel> model, std::shared_ptr<const ByteBpeTokenizer> tokenizer,
                             GenerationConfig generation)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)), generation_(std::move(generation)) {
  require_vocabulary(model_->vocab_size(), tokenizer_->vocab_size());
  require_bad_words_within(generation_, model_->vocab_size());
  const auto is_known = [&](std::int64_t id) { return id >= 0 && id < tokenizer_->vocab_size(); };
  std::erase_if(generation_.eos_token_ids, [&](std::int64_t id) { return !is_known(id); });
  if (generation_.forced_eos_token_id && !is_known(*generation_.forced_eos_token_id))
    throw UserError("the generation settings force token id " + std::to_string(*generation_.forced_eos_token_id) +
                        " at the end; the tokenizer has " + std::to_string(tokenizer_->vocab_size()) + " ids",
                    "correct forced_eos_token_id in the folder's generation_config.json");
}

TokenIds TextGenerator::encode(std::string_view text) const {
  const auto pieces = tokenizer_->encode(text);
  if (!pieces.empty()) return {pieces.begin(), pieces.end()};
  const auto end_of_text = tokenizer_->end_of_text_id();
  if (!end_of_text)
    throw UserError("the prompt is empty and the tokenizer has no end-of-text token, after which a new text could begin",
                    "give at least one character");
  return {*end_of_text};
}

TokenIds TextGenerator::encode_fill(std::string_view prefix, std::string_view suffix) const {
  const auto add = [&](TokenIds& ids, const char* mark, std::string_view text) {
    const auto id = tokenizer_->id_of(mark);
    if (!id)
      throw UserError(std::string("the tokenizer has no ") + mark + ": the model was not trained to fill in the middle",
                      "train one with `attend pretrain gpt --fill-in-the-middle 0.5`");
    ids.push_back(*id);
    const auto pieces = tokenizer_->encode(text);
    ids.insert(ids.end(), pieces.begin(), pieces.end());
  };
  TokenIds ids;
  add(ids, "<|fim_prefix|>", prefix);
  add(ids, "<|fim_suffix|>", suffix);
  add(ids, "<|fim_middle|>", "");
  return ids;
}

std::int64_t TextGenerator::max_new_tokens(const GenerateOptions& options) const {
  return options.max_new_tokens.value_or(generation_.max_new_tokens.value_or(kDefaultNewTokens));
}

// Samples, greedy or beams.
void TextGenerator::plan_drawing(Plan& plan, const GenerateOptions& options) const {
  SamplingOptions& sampling = plan.sampling;
  if (generation_.do_sample || generation_.states_sampling)
    sampling = {.temperature = generation_.temperature, .top_k = generation_.top_k, .top_p = generation_.top_p, .min_p = generation_.min_p};
  const bool asks_to_sample = options.top_k || options.top_p || options.min_p || options.temperature.value_or(0) > 0;
  // The folder's beams are searched where nothing else is asked for.
  const std::int64_t own_beams = options.temperature || asks_to_sample || generation_.do_sample ? 1 : generation_.num_beams;
  const std::int64_t beams = plan.search.num_beams = options.beam.value_or(own_beams);
  require_flag(beams >= 1 && beams <= kMostRows, "--beam", beams, "1 to " + std::to_string(kMostRows));
  const std::string beam_flag = "--beam " + std::to_string(beams);
  if (options.beam && asks_to_sample)
    throw UserError(beam_flag + " searches, --temperature, --top-k, --top-p and --min-p sample", "give one of the two");
  if (options.length_penalty && beams == 1)
    throw UserError("--length-penalty has no effect without --beam", "leave it out, or give --beam");
  if (options.beam || beams > 1) sampling.temperature = 0;
  sampling.temperature = options.temperature.value_or(sampling.temperature);
  sampling.top_k = options.top_k.value_or(sampling.top_k);
  sampling.top_p = options.top_p.value_or(sampling.top_p);
  sampling.min_p = options.min_p.value_or(sampling.min_p);
  sampling.penalties = {.repetition = options.repetition_penalty.value_or(generation_.repetition_penalty),
                        .presence = options.presence_penalty,
                        .frequency = options.frequency_penalty};
  check_sampling(sampling);

  require_flag(options.samples >= 1 && options.samples <= kMostRows, "--samples", options.samples, "1 to " + std::to_string(kMostRows));
  if (beams > 1 && !sampling.penalties.change_nothing())
    throw UserError(
        "the penalties on repetition do not go with " + beam_flag,
        options.beam ? "leave --beam out"
                     : "the folder's generation_config.json asks for the beams: give --beam 1, or no penalties (--repetition-penalty 1)");
  if (beams > 1)
    require_flag(options.samples <= beams, "--samples", options.samples,
                 "at most the " + std::to_string(beams) + " beams that are searched");
  if (beams == 1 && sampling.temperature == 0 && options.samples > 1)
    throw UserError("--samples " + std::to_string(options.samples) + " at temperature 0 would all be the same",
                    "give --temperature, or --beam");
  plan.search.n_best = options.samples;
  plan.search.length_penalty = options.length_penalty.value_or(generation_.length_penalty);
  plan.search.early_stopping = generation_.early_stopping;
  plan.rows_per_prompt = beams > 1 ? beams : options.samples;
}

TextGenerator::Plan TextGenerator::plan(const GenerateOptions& options) const {
  Plan plan;
  plan_drawing(plan, options);
  const std::int64_t max_new = max_new_tokens(options);
  require_flag(max_new >= 1 && max_new <= kMostNewTokens, "--max-new-tokens", max_new, "1 to " + std::to_string(kMostNewTokens));
  const std::int64_t min_new = options.min_new_tokens.value_or(std::min(generation_.min_new_tokens.value_or(0), max_new));
  require_flag(min_new >= 0 && min_new <= max_new, "--min-new-tokens", min_new,
               "0 to the most tokens generated, " + std::to_string(max_new));
  require_flag(options.batch_tokens >= 1, "--batch-tokens", options.batch_tokens, "1 or more");
  plan.search.rules = {.eos_ids = generation_.eos_token_ids,
                       .forced_eos_id = generation_.forced_eos_token_id,
                       .max_length = max_new,
                       .min_length = min_new > 0 ? min_new + 1 : 0,  // the end is counted
                       .bad_words = generation_.bad_words_ids};
  if (plan.searches() && options.context == ContextPolicy::kSlide)
    throw UserError("--context slide does not go with --beam " + std::to_string(plan.search.num_beams),
                    options.beam ? "leave one of the two out" : "the folder's generation_config.json asks for the beams: give --beam 1");
  plan.context = options.context.value_or(plan.searches() ? ContextPolicy::kRefuse : ContextPolicy::kSlide);
  const StopStrings checked(options.stop);
  return plan;
}

std::vector<std::string> TextGenerator::check_context(const Plan& plan, const Prompt& prompt) const {
  TORCH_CHECK(!prompt.ids.empty(), "a prompt has at least one token");
  const auto tokens = static_cast<std::int64_t>(prompt.ids.size()), positions = model_->max_positions();
  if (plan.context == ContextPolicy::kSlide && tokens > positions)
    return {"has " + std::to_string(tokens) + " tokens, and the model " + std::to_string(positions) + " positions; its last " +
            std::to_string(window_of_long_text(positions)) + " are read"};
  // The last new token is not read.
  if (plan.context == ContextPolicy::kSlide || tokens + plan.search.rules.max_length - 1 <= positions) return {};
  const std::string hint =
      tokens <= positions ? "give --max-new-tokens " + std::to_string(positions - tokens + 1) + " or less" : "give a shorter prompt";
  throw UserError(prompt.name + ": a prompt of " + std::to_string(tokens) + " tokens and at most " +
                      std::to_string(plan.search.rules.max_length) + " new ones are more than the model's " + std::to_string(positions) +
                      " positions",
                  hint + (plan.searches() || !prompt.may_slide ? "" : ", or --context slide"));
}

// Of one row: its prompt and what comes after it, as far as the model's positions go.
std::int64_t TextGenerator::cached_tokens(const Plan& plan, const Prompt& prompt) const {
  return std::min(static_cast<std::int64_t>(prompt.ids.size()) + plan.search.rules.max_length, model_->max_positions());
}

std::string TextGenerator::bytes_of(std::span<const std::int64_t> ids) const {
  std::string bytes;
  for (const std::int64_t id : ids)
    if (!tokenizer_->is_special(static_cast<std::int32_t>(id))) bytes += tokenizer_->bytes(static_cast<std::int32_t>(id));
  return bytes;
}

// Whether a stop string ends within the last token; what came before it was asked when it came.
bool TextGenerator::ends_with_stop(std::span<const std::int64_t> ids, const StopStrings& stops) const {
  std::size_t first = ids.size() - 1;
  const std::size_t enough = bytes_of(ids.last(1)).size() + stops.longest() - 1;
  std::string tail = bytes_of(ids.last(1));
  while (first > 0 && tail.size() < enough) tail = bytes_of(ids.subspan(--first, 1)) + tail;
  return stops.find(tail).has_value();
}

std::vector<std::vector<Hypothesis>> TextGenerator::decode(const PromptBatch& batch, std::span<const std::size_t> chosen, const Plan& plan,
                                                           std::size_t first_sample, const StopStrings& stops) const {
  std::vector<TokenIds> prompts;
  std::vector<SequenceStart> starts;
  std::vector<RandomStream> streams;
  for (const std::size_t index : chosen) {
    const Prompt& prompt = batch.prompts[index];
    prompts.push_back(prompt.ids);
    starts.push_back({.prompt = prompt.ids});
    for (std::size_t sample = first_sample; sample < first_sample + static_cast<std::size_t>(plan.search.n_best); ++sample)
      streams.emplace_back(batch.seed, "generate", std::initializer_list<std::uint64_t>{prompt.number, sample});
  }
  WindowedDecoder decoder(*model_, {.prompts = prompts,
                                    .rows_per_prompt = plan.rows_per_prompt,
                                    .max_steps = plan.search.rules.max_length,
                                    .num_ids = tokenizer_->vocab_size()});
  if (plan.searches()) return beam_search(decoder, plan.search, starts);

  std::vector<TextStream> shown(streams.size(), TextStream(stops));
  const std::size_t samples = plan.search.n_best;
  const auto show = [&](std::size_t sample, const std::string& text) {
    if (!text.empty()) batch.on_text(chosen[sample / samples], first_sample + sample % samples, text);
  };
  SampleRequest request{.search = plan.search, .sampling = plan.sampling, .starts = starts, .streams = streams};
  if (batch.on_text)
    request.on_token = [&](std::size_t sample, std::int64_t id) {
      if (!std::count(generation_.eos_token_ids.begin(), generation_.eos_token_ids.end(), id))
        show(sample, shown[sample].push(bytes_of({&id, 1})));
    };
  auto hypotheses = sample_sequences(decoder, request);
  if (batch.on_text)
    for (std::size_t sample = 0; sample < shown.size(); ++sample) show(sample, shown[sample].finish());
  return hypotheses;
}

Continuation TextGenerator::to_continuation(Hypothesis&& hypothesis, const StopStrings& stops) const {
  Continuation continuation{.text = {},
                            .ids = std::move(hypothesis.ids),
                            .log_probability = hypothesis.log_probability,
                            .token_log_probabilities = std::move(hypothesis.token_log_probabilities)};
  std::span<const std::int64_t> ids = continuation.ids;
  const auto& eos_ids = generation_.eos_token_ids;
  const bool is_ended = !ids.empty() && std::count(eos_ids.begin(), eos_ids.end(), ids.back()) > 0;
  if (is_ended) ids = ids.first(ids.size() - 1);
  const std::string bytes = bytes_of(ids);
  continuation.text = finished_text(bytes, stops);
  continuation.end = is_ended ? ContinuationEnd::kEndOfText : stops.find(bytes) ? ContinuationEnd::kStop : ContinuationEnd::kLength;
  return continuation;
}

std::vector<std::vector<Continuation>> TextGenerator::generate(const PromptBatch& batch, const GenerateOptions& options) const {
  Plan plan = this->plan(options);
  const StopStrings stops(options.stop);
  if (!stops.empty()) plan.search.rules.is_complete = [&](std::span<const std::int64_t> ids) { return ends_with_stop(ids, stops); };
  std::vector<std::vector<std::string>> warnings;
  for (const Prompt& prompt : batch.prompts) warnings.push_back(check_context(plan, prompt));

  // Prompts of about one length are read together; the longest first, so that memory only shrinks.
  const auto length_of = [&](std::size_t index) { return static_cast<std::int64_t>(batch.prompts[index].ids.size()); };
  std::vector<std::size_t> order(batch.prompts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) { return length_of(left) > length_of(right); });
  const auto tokens_of = [&](std::size_t index) { return cached_tokens(plan, batch.prompts[index]) * plan.rows_per_prompt; };

  std::vector<std::vector<Continuation>> results(batch.prompts.size());
  const EvaluationMode evaluation(*model_);
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    end = end_of_batch(order, begin, options.batch_tokens, tokens_of);
    const auto chosen = std::span(order).subspan(begin, end - begin);
    // Samples of one prompt that are more than the budget takes are drawn one part after the other.
    const std::int64_t fitting = options.batch_tokens / std::max<std::int64_t>(1, cached_tokens(plan, batch.prompts[chosen.front()]));
    const std::int64_t at_once = plan.searches() ? options.samples : std::clamp<std::int64_t>(fitting, 1, options.samples);
    Plan part = plan;
    for (std::int64_t first = 0; first < options.samples; first += at_once) {
      part.search.n_best = std::min(at_once, options.samples - first);
      if (!plan.searches()) part.rows_per_prompt = part.search.n_best;
      auto hypotheses = decode(batch, chosen, part, static_cast<std::size_t>(first), stops);
      for (std::size_t i = 0; i < chosen.size(); ++i)
        for (Hypothesis& hypothesis : hypotheses[i]) {
          results[chosen[i]].push_back(to_continuation(std::move(hypothesis), stops));
          results[chosen[i]].back().warnings = warnings[chosen[i]];
        }
    }
  }
  return results;
}

}  // namespace attend
