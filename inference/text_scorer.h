// How probable a text is to a language model.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inference/search.h"
#include "models/causal_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"

namespace attend {

struct TextScore {
  double log_probability = 0;                  ///< natural logarithm, summed over the tokens that are counted
  std::int64_t num_tokens = 0;                 ///< counted
  std::vector<float> token_log_probabilities;  ///< one a counted token
  std::vector<std::string> warnings = {};      ///< what became of the text: "is not UTF-8; ..."

  /// e to the mean negative log-probability of a token; nothing where no token is counted.
  std::optional<double> perplexity() const;
};

/// What is written after a prompt. Both are turned into tokens by themselves.
struct PromptedText {
  std::string prompt, continuation;
};

/// The first token of a text is predicted from the end-of-text token, after which a new text begins; where the tokenizer has none it is not
/// counted. A text longer than the model's positions is read in windows that overlap by half, each token counted once, in the window in
/// which it has more before it.
class TextScorer {
 public:
  /// Throws UserError where the tokenizer has ids that the model does not.
  TextScorer(std::shared_ptr<CausalLanguageModel> model, std::shared_ptr<const ByteBpeTokenizer> tokenizer);

  bool counts_first_token() const { return start_id_.has_value(); }
  /// A score a text, whatever the others are, up to rounding; ill-formed UTF-8 counts as U+FFFD, with a warning. The model is put in
  /// evaluation mode for the call.
  std::vector<TextScore> score(std::span<const std::string> texts) const;
  /// Scores of the continuations alone, each after its prompt (an empty one: the end-of-text token): how likely an answer is. Neighbours
  /// with the same prompt, such as the choices of one question, are read together, the prompt once where that is cheaper. Throws UserError
  /// where one has no token, or is too long for the model's positions.
  std::vector<TextScore> score_continuations(std::span<const PromptedText> texts) const;

 private:
  std::shared_ptr<CausalLanguageModel> model_;
  std::shared_ptr<const ByteBpeTokenizer> tokenizer_;
  std::optional<std::int64_t> start_id_;
};

/// Part of a text: its tokens from `begin` on, of which those before `first_target` are read and not counted.
struct ScoreWindow {
  std::size_t begin = 0, first_target = 0, end = 0;
  bool operator==(const ScoreWindow&) const = default;
};

/// Windows over a text of so many tokens, the one it starts from included, whose targets are the tokens from 1 on, each once. The last
/// token of a window is a target only, so a window has at most positions + 1.
std::vector<ScoreWindow> score_windows(std::size_t num_tokens, std::size_t positions);

}  // namespace attend
