// What a language model writes in an evaluation, for people to read.
#pragma once

#include <memory>
#include <vector>

#include "core/batch.h"
#include "core/sample.h"
#include "models/causal_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"

namespace attend {

/// How the first two sequences of `batch` go on by the model, and how they do. Of a sequence whose beginning is not to be predicted (a
/// row of inputs and outputs) the input is read, and the most probable tokens follow; of running text a third of the sequence, 16 tokens at
/// most, and what follows is drawn, with temperature 0.8 and the same numbers each time. At most 64 tokens are written.
std::vector<Sample> continuations(const std::shared_ptr<CausalLanguageModel>& model,
                                  const std::shared_ptr<const ByteBpeTokenizer>& tokenizer, const CausalBatch& batch);

}  // namespace attend
