// attend bench tokenize.
#include "apps/commands.h"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "apps/command.h"
#include "apps/commands/bench_tools.h"
#include "apps/commands/open_tokenizer.h"
#include "apps/common.h"
#include "apps/flags.h"
#include "core/text.h"

namespace attend {
namespace {

struct BenchTokenizeOptions {
  CommonOptions common;
  std::filesystem::path tokenizer, file;
  std::int64_t repeats = 3;
};

/// Encodes the file line by line on one thread, again and again: prints megabytes (10^6 bytes, line breaks included) and tokens a second of
/// processor time, of the median.
int run_bench_tokenize(const BenchTokenizeOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  const OpenTokenizer open = open_tokenizer(options.tokenizer, std::nullopt, Side::kSource);
  const std::vector<std::string> lines = read_lines(options.file);
  std::size_t bytes = 0, tokens = 0;
  for (const std::string& line : lines) bytes += line.size() + 1;
  if (lines.empty()) throw UserError(options.file.string() + " is empty; expected text");
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < options.repeats; ++i) {
    const std::clock_t start = std::clock();
    tokens = 0;
    for (const std::string& line : lines) tokens += open.tokenizer->encode(line).size();
    seconds.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  const double middle = std::max(median(seconds), 1.0 / CLOCKS_PER_SEC);
  print_record({{"megabytes_per_second", std::round(static_cast<double>(bytes) / middle / 1e4) / 100},
                {"tokens_per_second", std::round(static_cast<double>(tokens) / middle)},
                {"tokens", tokens},
                {"seconds", middle}},
               options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_bench_tokenize(CLI::App& bench) {
  auto options = std::make_shared<BenchTokenizeOptions>();
  CLI::App* command = bench.add_subcommand("tokenize", "Encoding a text line by line, on one thread");
  add_common(*command, options->common);
  command->add_option("--tokenizer", options->tokenizer, "folder with a tokenizer of any kind, or a SentencePiece model file")->required();
  command->add_option("FILE", options->file, "text, as much as fits the memory")->required();
  command->add_option("--repeats", options->repeats, "timed runs; the median counts")->capture_default_str()->check(positive_number());
  command->footer("Examples:\n  attend bench tokenize --tokenizer runs/bert text.txt");
  set_run(*command, options, run_bench_tokenize);
}

}  // namespace attend
