// What a model that goes on with text learns from, whatever it was made of: an epoch's batches of sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/batch.h"
#include "data/epoch_stream.h"

namespace attend {

/// The batches of one epoch, each made when asked for.
class CausalEpoch {
 public:
  virtual ~CausalEpoch() = default;
  virtual std::uint64_t num_examples() const = 0;  ///< sequences
  virtual std::uint64_t num_batches() const = 0;
  virtual CausalBatch batch(std::uint64_t index) const = 0;
};

using CausalStream = EpochStream<CausalEpoch>;
using MakeCausalEpoch = CausalStream::MakeEpoch;

}  // namespace attend
