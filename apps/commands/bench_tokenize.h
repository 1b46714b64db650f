// attend bench tokenize.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>

#include <CLI/CLI.hpp>

#include "apps/common.h"

namespace attend {

struct BenchTokenizeOptions {
  CommonOptions common;
  std::filesystem::path tokenizer, file;
  std::int64_t repeats = 3;
};

void add_bench_tokenize(CLI::App& bench);

/// Encodes the file line by line on one thread, again and again: prints megabytes (10^6 bytes, line breaks included) and tokens a second of
/// processor time, of the median.
int run_bench_tokenize(const BenchTokenizeOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
