// What a model that goes on with text learns from, whatever it was made of: an epoch's batches of sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/epoch_stream.h"

namespace attend {

/// Sequences end to end, and what is to be predicted after each of their tokens.
struct CausalBatchIds {
  static constexpr std::int64_t kNoTarget = -100;  ///< nothing is

  std::vector<std::int64_t> ids, targets;  ///< one a token
  std::vector<std::int64_t> lengths;       ///< of the sequences

  std::int64_t size() const { return static_cast<std::int64_t>(lengths.size()); }  ///< sequences
  bool operator==(const CausalBatchIds&) const = default;
};

/// The batches of one epoch, each made when asked for.
class CausalEpoch {
 public:
  virtual ~CausalEpoch() = default;
  virtual std::uint64_t num_examples() const = 0;  ///< sequences
  virtual std::uint64_t num_batches() const = 0;
  virtual CausalBatchIds batch(std::uint64_t index) const = 0;
};

using CausalStream = EpochStream<CausalEpoch>;
using MakeCausalEpoch = CausalStream::MakeEpoch;

}  // namespace attend
