// attend bench train --family bert, attend bench classify.
#pragma once

#include "apps/commands/bench.h"

namespace attend {

/// Pretraining steps (forward, backward, clipping, AdamW) on random sequences, 15 % of the tokens masked: prints tokens a second,
/// milliseconds a step and peak memory, the first quarter of the steps left out as warm-up.
int bench_train_bert(const BenchTrainOptions& options, std::ostream& out);

}  // namespace attend
