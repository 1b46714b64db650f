// How probable a language model finds each of several ways to go on with a prompt.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/causal_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"

namespace attend {

struct PromptChoices {
  std::string prompt;                ///< not empty
  std::vector<std::string> choices;  ///< what may follow it, each not empty
};

/// ln p(choice | prompt), summed over the choice's tokens, for each choice of each prompt. Prompt and choice are tokenised together, since
/// their boundary may lie within a token of the whole: as many tokens as the prompt alone has are the prompt's. The model is put in
/// evaluation mode for the call. Throws UserError where a prompt and a choice have more tokens than the model has positions.
std::vector<std::vector<double>> choice_log_probabilities(CausalLanguageModel& model, const ByteBpeTokenizer& tokenizer, std::span<const PromptChoices> prompts);

}  // namespace attend
