// attend bench: how fast the machine trains, translates and generates, without a tokenizer: sentences are token ids.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/common.h"

namespace attend {

enum class BenchFamily { kTransformer, kLstm, kBert, kGpt };
template <>
struct EnumNames<BenchFamily> {
  static constexpr std::array values{std::pair{BenchFamily::kTransformer, "transformer"}, std::pair{BenchFamily::kLstm, "lstm"},
                                     std::pair{BenchFamily::kBert, "bert"}, std::pair{BenchFamily::kGpt, "gpt"}};
};

/// One sentence a line, token ids separated by spaces, the end of sentence not written: what `attend tokenizer encode --ids` prints.
struct BenchTrainOptions {
  CommonOptions common;
  BenchFamily family = BenchFamily::kTransformer;
  std::filesystem::path source, target;
  std::int64_t length = 128;  ///< of bert's and gpt's random sequences
  std::string preset = "tiny";
  std::vector<std::string> settings;  ///< field=value of the model's configuration
  std::int64_t batch_size = 128;
  std::int64_t steps = 20;
  bool recompute = false;
};

struct BenchTranslateOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path ids;
  std::int64_t beam = 4;
  std::int64_t min_length = 0;
  std::int64_t max_length = 128;
  std::int64_t batch_tokens = 4096;
  std::int64_t repeats = 3;
};

/// Training steps (forward, backward, clipping, AdamW) on random batches of real sentences: prints real tokens (source and
/// target) a second, milliseconds a step and peak memory, the first quarter of the steps left out as warm-up.
int run_bench_train(const BenchTrainOptions& options, std::istream& in, std::ostream& out);

/// Translates all sentences `repeats` times after a warm-up: prints sentences and target tokens a second of the median.
int run_bench_translate(const BenchTranslateOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
