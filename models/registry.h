// The families, as a table one can read.
#pragma once

#include <string>
#include <vector>

namespace attend {

/// model_type of every family that `load_seq2seq` knows, for messages.
const std::vector<std::string>& seq2seq_model_types();

}  // namespace attend
