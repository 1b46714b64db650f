#include "training/objectives/shuffled_objective.h"

#include "core/error.h"
#include "core/field_io.h"

namespace attend {

void ShuffledObjective::set_order(Order order) {
  batches_ = ShuffledBatches(order.num_examples, order.batch_size, order.seed, order.process);
  fingerprint_ = std::move(order.fingerprint);
}

Json ShuffledObjective::position() const {
  Json position = to_json(batches_.position());
  position["data"] = fingerprint_;
  return position;
}

void ShuffledObjective::seek(const Json& position) {
  if (position.value("data", "") != fingerprint_)
    throw UserError("the training " + source_.what + " are not those of the checkpoint: " + source_.file.string(),
                    "resume with the same " + source_.resume_by);
  BatchPosition start;
  from_json(start, position, "trainer_state.json");
  batches_.seek(start);
}

}  // namespace attend
