// GPT with its heads: the language model (Radford et al. 2019), and classes of sequences on the last token.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "models/causal_model.h"
#include "models/gpt/config.h"

namespace attend {

/// A new model to pretrain; the parameters are a function of `seed`. Throws UserError where the configuration cannot be.
std::shared_ptr<CausalLanguageModel> make_gpt(const GptConfig& config, std::uint64_t seed, torch::Device device);

// Folders whose config.json says "gpt2"; see models/causal_model.h and models/text_model.h.
std::shared_ptr<CausalLanguageModel> load_gpt(const ModelFolder& folder);
std::shared_ptr<SequenceClassifier> load_gpt_sequence_classifier(const ModelFolder& folder, const std::optional<NewHead>& head);

}  // namespace attend
