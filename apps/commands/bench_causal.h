// attend bench train --family gpt, attend bench generate.
#pragma once

#include "apps/commands/bench.h"

namespace attend {

/// Training steps on random sequences, every token but the last with its successor as target.
int bench_train_gpt(const BenchTrainOptions& options, std::ostream& out);

}  // namespace attend
