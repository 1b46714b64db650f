// attend bench train --family bert, attend bench classify.
#pragma once

#include "apps/commands/bench.h"

namespace attend {

struct BenchClassifyOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::int64_t batch_size = 8;
  std::int64_t length = 128;
  std::int64_t repeats = 8;
};

void add_bench_classify(CLI::App& bench);

/// Pretraining steps (forward, backward, clipping, AdamW) on random sequences, 15 % of the tokens masked: prints tokens a second,
/// milliseconds a step and peak memory, the first quarter of the steps left out as warm-up.
int bench_train_bert(const BenchTrainOptions& options, std::ostream& out);

/// Classifies one batch of random sequences again and again: prints sequences a second of the median.
int run_bench_classify(const BenchClassifyOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
