// One search for every decoder: greedy with one beam, else beam search.
#pragma once

#include <span>
#include <vector>

#include "inference/search.h"
#include "models/interfaces.h"

namespace attend {

/// Decodes the sentences `decoder` was started with (num_beams rows each, one after the other) and returns for each its
/// n_best hypotheses, best score first; fewer where fewer exist. starts[s] is where those of sentence s begin.
///
/// With LengthNorm::kPower and more than one beam this is the beam search of transformers 5 for each sentence by itself:
/// at every step the 2 x num_beams best continuations (more with several eos) are ranked; those of the first num_beams that
/// end are kept as finished, the first num_beams that do not end go on.
/// A sentence that is done leaves the batch, so the others' answers do not depend on it, up to the rounding of sums.
/// Throws UserError where the model's output is not a number.
std::vector<std::vector<Hypothesis>> beam_search(StepDecoder& decoder, const SearchOptions& options, std::span<const SequenceStart> starts);

}  // namespace attend
