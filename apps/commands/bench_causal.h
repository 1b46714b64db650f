// attend bench train --family gpt, attend bench generate.
#pragma once

#include "apps/commands/bench.h"

namespace attend {

struct BenchGenerateOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::int64_t prompt_length = 32;
  std::int64_t new_tokens = 64;
  std::int64_t repeats = 3;
};

void add_bench_generate(CLI::App& bench);

/// Training steps on random sequences, every token but the last with its successor as target.
int bench_train_gpt(const BenchTrainOptions& options, std::ostream& out);

/// Continues one random prompt greedily again and again, reading it included: prints new tokens a second of the median.
int run_bench_generate(const BenchGenerateOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
