// A prompt in, its continuation out: tokenises, batches, samples or searches, and turns ids into text as they come.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inference/generation_config.h"
#include "inference/sampling.h"
#include "inference/search.h"
#include "inference/text_stream.h"
#include "models/causal_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"

namespace attend {

/// What happens where a prompt and its continuation have more tokens than the model has positions.
enum class ContextPolicy {
  kSlide,   ///< the older half of the window is dropped and the rest read again, as often as needed
  kRefuse,  ///< a UserError
};

template <>
struct EnumNames<ContextPolicy> {
  static constexpr std::array values{std::pair{ContextPolicy::kSlide, "slide"}, std::pair{ContextPolicy::kRefuse, "refuse"}};
};

/// What a user asks for; what is not given comes from the folder's generation_config.json where that says it.
struct GenerateOptions {
  std::optional<std::int64_t> max_new_tokens;
  std::optional<std::int64_t> min_new_tokens;
  std::optional<double> temperature;
  std::optional<std::int64_t> top_k;
  std::optional<double> top_p, min_p, repetition_penalty;
  double presence_penalty = 0.0, frequency_penalty = 0.0;
  std::int64_t samples = 1;
  std::optional<std::int64_t> beam;
  std::optional<double> length_penalty;
  std::optional<ContextPolicy> context;
  std::int64_t batch_tokens = 4096;
  std::vector<std::string> stop;  ///< no field: texts before which a continuation ends

  static void fields(auto& self, auto&& visit) {
    visit("max_new_tokens", self.max_new_tokens, "most tokens generated, the end counted [the folder's, else 128]");
    visit("min_new_tokens", self.min_new_tokens, "tokens generated before the end may come [the folder's, else 0]");
    visit("temperature", self.temperature, "logits are divided by it; 0 takes the most probable token [the folder's, else 1]");
    visit("top_k", self.top_k, "sample from this many most probable tokens; 0: all [the folder's, else 0]");
    visit("top_p", self.top_p, "sample from the fewest tokens that together reach this probability [the folder's, else 1]");
    visit("min_p", self.min_p, "sample from tokens at least this many times as probable as the best [the folder's, else 0]");
    visit("repetition_penalty", self.repetition_penalty,
          "above 1 makes tokens of the prompt and the text so far less likely [the folder's, else 1]");
    visit("presence_penalty", self.presence_penalty, "taken off the logit of every token generated before");
    visit("frequency_penalty", self.frequency_penalty, "taken off the logit of a token as often as it was generated");
    visit("samples", self.samples, "continuations of each prompt; with beams the best ones");
    visit("beam", self.beam, "search with this many beams instead of sampling; 1 is greedy [the folder's, else sampling]");
    visit("length_penalty", self.length_penalty, "with beams, the exponent p of log-probability / length^p [the folder's, else 1]");
    visit("context", self.context,
          "where the text outgrows the model's positions: drop its older half, or refuse [slide; with beams refuse]");
    visit("batch_tokens", self.batch_tokens, "tokens of prompts and continuations worked on at once");
  }
};

/// Why a continuation ended.
enum class ContinuationEnd { kEndOfText, kStop, kLength };

template <>
struct EnumNames<ContinuationEnd> {
  static constexpr std::array values{std::pair{ContinuationEnd::kEndOfText, "end_of_text"}, std::pair{ContinuationEnd::kStop, "stop"},
                                     std::pair{ContinuationEnd::kLength, "length"}};
};

struct Continuation {
  std::string text;            ///< up to the stop string, special tokens left out, ill-formed UTF-8 replaced by U+FFFD
  TokenIds ids;                ///< as generated, end and stop string included
  double log_probability = 0;  ///< the model's, natural logarithm, summed over ids
  std::vector<float> token_log_probabilities;
  ContinuationEnd end = ContinuationEnd::kLength;
  std::vector<std::string> warnings = {};  ///< what became of its prompt: "has 70 tokens, ...; its last 32 are read"
};

struct Prompt {
  TokenIds ids;              ///< at least one
  std::uint64_t number = 1;  ///< of its random streams
  std::string name;          ///< for messages: "line 3"
  bool may_slide = true;     ///< whether a message may advise --context slide
};

struct PromptBatch {
  std::span<const Prompt> prompts;
  std::uint64_t seed = 1;
  /// Is given the text of a sample as it comes, whole characters and no part of a stop string; put together it is Continuation::text.
  /// Not called with beams, where nothing is certain before the end.
  std::function<void(std::size_t prompt, std::size_t sample, std::string_view text)> on_text = {};
};

class TextGenerator {
 public:
  /// Eos ids of `generation` that the tokenizer does not have are left out: they are never generated. Throws UserError where the
  /// tokenizer has ids that the model does not.
  TextGenerator(std::shared_ptr<CausalLanguageModel> model, std::shared_ptr<const ByteBpeTokenizer> tokenizer, GenerationConfig generation);

  /// Ids of a prompt. An empty one is the end-of-text token, after which a new text begins; throws UserError where there is none.
  TokenIds encode(std::string_view text) const;
  /// Ids that ask for what stands between two texts (Bavarian et al. 2022, "PSM" order). Throws UserError for a tokenizer without the
  /// tokens of that format.
  TokenIds encode_fill(std::string_view prefix, std::string_view suffix) const;

  /// For each prompt its continuations: samples in the order drawn, with beams best first. The answer to a prompt does not depend on the
  /// others, up to the rounding of sums. The model is put in evaluation mode for the call. Throws UserError for options that contradict one
  /// another, and for a prompt that is too long where the context is not to slide.
  std::vector<std::vector<Continuation>> generate(const PromptBatch& batch, const GenerateOptions& options = {}) const;

  /// With how many beams it would search; 1: it samples, or is greedy.
  std::int64_t num_beams(const GenerateOptions& options) const { return plan(options).search.num_beams; }
  /// Throws the UserError that `generate` would throw for these options whatever the prompt.
  void check(const GenerateOptions& options) const { plan(options); }
  /// What max_new_tokens is for these options.
  std::int64_t max_new_tokens(const GenerateOptions& options) const;

  const CausalLanguageModel& model() const { return *model_; }
  const ByteBpeTokenizer& tokenizer() const { return *tokenizer_; }

 private:
  /// Options, folder and model brought together.
  struct Plan {
    SearchOptions search;
    SamplingOptions sampling;  // where search.num_beams is 1
    ContextPolicy context = ContextPolicy::kSlide;
    std::int64_t rows_per_prompt = 1;

    bool searches() const { return search.num_beams > 1; }
  };

  Plan plan(const GenerateOptions& options) const;
  void plan_drawing(Plan& plan, const GenerateOptions& options) const;
  std::vector<std::string> check_context(const Plan& plan, const Prompt& prompt) const;  // gives what is to be told
  std::int64_t cached_tokens(const Plan& plan, const Prompt& prompt) const;
  std::string bytes_of(std::span<const std::int64_t> ids) const;
  bool ends_with_stop(std::span<const std::int64_t> ids, const StopStrings& stops) const;
  /// Samples from `first_sample` on, so many a prompt as the plan says.
  std::vector<std::vector<Hypothesis>> decode(const PromptBatch& batch, std::span<const std::size_t> chosen, const Plan& plan,
                                              std::size_t first_sample, const StopStrings& stops) const;
  Continuation to_continuation(Hypothesis&& hypothesis, const StopStrings& stops) const;

  std::shared_ptr<CausalLanguageModel> model_;
  std::shared_ptr<const ByteBpeTokenizer> tokenizer_;
  GenerationConfig generation_;
};

}  // namespace attend
