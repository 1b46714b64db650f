// Text in, text out: tokenises, batches, searches, and puts the answers back into the order of the lines.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inference/generation_config.h"
#include "inference/sampling.h"
#include "inference/search.h"
#include "models/interfaces.h"
#include "tokenizers/marian_tokenizer.h"
#include "tokenizers/unknown_tokens.h"

namespace attend {

/// What a user asks for; what is not given comes from the folder's generation_config.json.
struct TranslateOptions {
  std::optional<std::int64_t> beam;
  LengthNorm length_norm = LengthNorm::kPower;
  std::optional<double> length_penalty;
  std::optional<std::int64_t> max_length, min_length;
  std::optional<std::string> early_stopping;
  std::int64_t n_best = 1;
  std::optional<double> temperature, top_p, min_p;
  std::optional<std::int64_t> top_k;
  std::int64_t batch_tokens = 4096;

  static void fields(auto& self, auto&& visit) {
    visit("beam", self.beam, "beams; 1 is greedy [the folder's]");
    visit("length_norm", self.length_norm, "log-probability / length^p (power, transformers' rule), or / ((5 + length) / 6)^p (wu)");
    visit("length_penalty", self.length_penalty, "the exponent p [power: the folder's; wu: 0.6]");
    visit("max_length", self.max_length, "most tokens generated, the end counted [the folder's]");
    visit("min_length", self.min_length, "fewest tokens generated, the end counted [the folder's]");
    visit("early_stopping", self.early_stopping,
          "false|true|never: when a sentence with enough finished translations stops [the folder's]");
    visit("n_best", self.n_best, "translations for each line");
    visit("temperature", self.temperature, "sample with logits divided by this instead of searching; 0 is greedy");
    visit("top_p", self.top_p, "sample from the fewest tokens that together reach this probability");
    visit("min_p", self.min_p, "sample from tokens at least this many times as probable as the best");
    visit("top_k", self.top_k, "sample from this many most probable tokens");
    visit("batch_tokens", self.batch_tokens, "source tokens times beams translated at once");
  }
};

struct Translation {
  std::string text;            ///< one line
  double score = 0;            ///< what translations of a line are ranked by: log-probability over the length's divisor
  double log_probability = 0;  ///< natural logarithm, summed over the tokens
  TokenIds ids;                ///< as generated, the end included
};

/// A line's answer.
struct TranslatedLine {
  std::vector<Translation> translations;  ///< one to n_best, best first (samples: in the order drawn)
  std::vector<std::string> warnings;      ///< what became of the line: "has 70 tokens and was cut to the model's 63"
  UnknownShare unknown;                   ///< of the line
  std::string unknown_code;               ///< what looks like a language code at its beginning and is none of the vocabulary's
};

/// Lines of a text to translate.
struct LineBatch {
  std::span<const std::string> lines;
  std::span<const std::string> prefixes = {};   ///< empty, or for each line how its translation begins ("" for any)
  std::span<const std::uint64_t> numbers = {};  ///< of the lines, for the random streams of sampling; empty: from 1
  std::uint64_t seed = 1;                       ///< of sampling
};

class Translator {
 public:
  /// Throws UserError where tokenizer, model and generation settings do not fit one another.
  Translator(std::shared_ptr<Seq2SeqModel> model, std::shared_ptr<const MarianTokenizer> tokenizer, GenerationConfig generation);

  /// What the folder says and is not followed.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// A line without tokens gives one empty translation. Ill-formed UTF-8 is repaired, a line longer than the model's positions is cut, and
  /// characters of a prefix that the vocabulary lacks are lost, each with a warning. The answer to a line does not depend on the others,
  /// up to rounding. The model is put in evaluation mode for the call. Throws UserError for options that contradict one another.
  std::vector<TranslatedLine> translate(const LineBatch& batch, const TranslateOptions& options = {}) const;
  std::vector<TranslatedLine> translate(std::span<const std::string> lines, const TranslateOptions& options = {}) const {
    return translate(LineBatch{.lines = lines}, options);
  }

  /// Throws the UserError that `translate` would throw for these options.
  void check(const TranslateOptions& options) const { plan(options); }

 private:
  /// Options, folder and model brought together.
  struct Plan {
    SearchOptions search;
    std::optional<SamplingOptions> sampling;
    std::int64_t rows_per_sentence = 1;
  };
  /// A line as the model sees it.
  struct Request {
    std::size_t line = 0;  // within the batch
    TokenIds source, prefix;
  };

  Plan plan(const TranslateOptions& options) const;
  SamplingOptions plan_sampling(const TranslateOptions& options) const;
  TokenIds encode_source(const std::string& line, TranslatedLine& result) const;
  TokenIds encode_prefix(const std::string& prefix, std::int64_t max_length, std::vector<std::string>& warnings) const;
  std::vector<std::vector<Hypothesis>> decode(std::span<const Request> requests, const Plan& plan, const LineBatch& batch) const;
  Translation to_translation(Hypothesis&& hypothesis) const;

  std::shared_ptr<Seq2SeqModel> model_;
  std::shared_ptr<const MarianTokenizer> tokenizer_;
  GenerationConfig generation_;
  std::vector<std::string> warnings_;
};

}  // namespace attend
