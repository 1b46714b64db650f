#include "data/batch_position.h"

#include <stdexcept>
#include <string>

#include "core/error.h"

namespace attend {

void check_position(const BatchPosition& position) {
  if (position.epoch < 0 || position.batch < 0) throw UserError("the position in the data is negative; expected one that a run has saved");
}

void report_past_epoch(std::int64_t batch, std::int64_t num_batches) {
  throw UserError("the run stands at batch " + std::to_string(batch) + " of an epoch that has " + std::to_string(num_batches) + " batches",
                  "the data or the batch size is not that of the interrupted run");
}

void check_rank(int rank, int world) {
  if (rank < 0 || rank >= world) throw std::invalid_argument("rank " + std::to_string(rank) + " of " + std::to_string(world));
}

}  // namespace attend
