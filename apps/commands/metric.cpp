#include "apps/commands/metric.h"

#include <algorithm>
#include <ostream>

#include "apps/commands.h"
#include "apps/flags.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "metrics/aligned_lines.h"

namespace attend {
namespace {

void add_detail(Json& result, const BleuScore& score) {
  const BleuStatistics& statistics = score.statistics;
  result["precisions"] = score.precisions;
  result["brevity_penalty"] = score.brevity_penalty;
  result["matches"] = statistics.matches;
  result["totals"] = statistics.totals;
  result["hypothesis_length"] = statistics.hypothesis_length;
  result["reference_length"] = statistics.reference_length;
}

void add_detail(Json& result, const ChrfScore& score) {
  Json orders = Json::array();
  for (const ChrfCounts& count : score.counts)
    orders.push_back({{"hypothesis", count.hypothesis}, {"reference", count.reference}, {"matches", count.matches}});
  result["orders"] = std::move(orders);
}

void add_detail(Json& result, const TerScore& score) {
  result["edits"] = score.num_edits;
  result["reference_length"] = score.reference_length;
}

template <class Score>
void print_score(const Score& score, const MetricOptions& options, std::ostream& out) {
  if (options.common.json) {
    Json result{{"name", score.name}, {"score", score.score}, {"signature", score.signature}};
    add_detail(result, score);
    out << one_line(result) << '\n';
  } else if (options.score_only) {
    out << fixed_decimals(score.score, static_cast<int>(options.width)) << '\n';
  } else {
    out << score_line(score, static_cast<int>(options.width)) << '\n';
  }
}

AlignedLines open_files(const MetricOptions& options, std::istream& in) {
  const auto open = [&](const std::string& path) { return path == "-" ? LineReader(in, "standard input") : LineReader(path); };
  std::vector<LineReader> references;
  for (const std::string& path : options.references) references.push_back(open(path));
  return AlignedLines(open(options.hypothesis), std::move(references));
}

/// Scores all lines, or with --sentence each by itself. Returns the number of hypotheses that end in a period after a space.
template <class Metric, class Settings>
std::int64_t score_lines(const MetricOptions& options, const Settings& settings, std::istream& in, std::ostream& out) {
  AlignedLines lines = open_files(options, in);
  Metric corpus(settings);
  std::int64_t num_tokenized = 0;
  std::string hypothesis;
  std::vector<std::string> references;
  while (lines.next(hypothesis, references)) {
    num_tokenized += hypothesis.ends_with(" .");
    if (!options.sentence) {
      corpus.add(hypothesis, references);
      continue;
    }
    Metric line(settings);
    line.add(hypothesis, references);
    print_score(line.score(), options, out);
    out.flush();
  }
  if (!options.sentence) print_score(corpus.score(), options, out);
  return num_tokenized;
}

void run_bleu(const MetricOptions& options, std::istream& in, std::ostream& out) {
  BleuOptions bleu = options.bleu;
  if (options.sentence) bleu.orders = BleuOrders::kEffective;
  const std::int64_t num_tokenized = score_lines<Bleu>(options, bleu, in, out);
  constexpr std::int64_t kSuspicious = 100;
  if (num_tokenized >= kSuspicious && bleu.tokenize != BleuTokenizer::kNone) {
    log_warning(std::to_string(num_tokenized) + " hypotheses end in ' .', as if they were tokenized already; BLEU expects plain text" +
                " (--tokenize none scores tokens as they are)");
  }
}

void check_range(const char* flag, std::int64_t value, std::int64_t first, std::int64_t last) {
  if (value >= first && value <= last) return;
  const std::string expected = std::to_string(first) + " to " + std::to_string(last);
  throw UserError(std::string(flag) + " is " + std::to_string(value) + "; expected " + expected);
}

void check_options(const MetricOptions& options) {
  constexpr std::int64_t kMostDecimals = 17;
  constexpr std::int64_t kLongestNgram = 100;
  constexpr std::int64_t kLargestBeta = 1000;
  if (options.references.empty()) throw UserError("no reference given", "add --reference FILE");
  const auto from_stdin = std::count(options.references.begin(), options.references.end(), "-") + (options.hypothesis == "-" ? 1 : 0);
  if (from_stdin > 1)
    throw UserError("standard input is asked for " + std::to_string(from_stdin) + " times; it can be read once",
                    "give the hypothesis as a file after the flags, or the reference as a file");
  check_range("--width", options.width, 0, kMostDecimals);
  check_range("--max-order", options.bleu.max_order, 1, kLongestNgram);
  check_range("--char-order", options.chrf.char_order, 0, kLongestNgram);
  check_range("--word-order", options.chrf.word_order, 0, kLongestNgram);
  check_range("--beta", options.chrf.beta, 0, kLargestBeta);
  if (options.chrf.char_order + options.chrf.word_order == 0)
    throw UserError("--char-order and --word-order are both 0", "give at least one of them a value above 0");
  if (!options.bleu.smooth_value) return;
  if (options.bleu.smooth != BleuSmoothing::kFloor && options.bleu.smooth != BleuSmoothing::kAddK)
    throw UserError("--smooth-value has no effect with --smooth " + std::string(enum_name(options.bleu.smooth)),
                    "leave it out, or use --smooth floor or --smooth add-k");
  if (!(*options.bleu.smooth_value >= 0)) throw UserError("--smooth-value must be 0 or more");
}

/// The inner command of one metric, with the flags that all three have.
CLI::App* add_one_metric(CLI::App& parent, const std::string& name, const std::string& description, MetricOptions& options) {
  CLI::App* command = parent.add_subcommand(name, description);
  add_common(*command, options.common);
  command->add_option("--reference,-r", options.references, "file of references, a line for each hypothesis; several files may be given")
      ->required()
      ->type_name("FILE")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  command->add_option("HYPOTHESIS", options.hypothesis, "file to be scored; - or nothing is standard input")->type_name("FILE");
  command->add_flag("--sentence,--sentence-level", options.sentence, "a score for each line");
  command->add_flag("--score-only,-b", options.score_only, "the number alone");
  command->add_option("--width,-w", options.width, "decimals of the score; --json has them all")->capture_default_str();
  return command;
}

void add_bleu(CLI::App& parent) {
  auto options = std::make_shared<MetricOptions>();
  CLI::App* command = add_one_metric(parent, "bleu", "BLEU (Papineni et al. 2002)", *options);
  add_config_flags(*command, options->bleu,
                   {.group = "BLEU", .aliases = {{"smooth", "--smooth-method"}, {"max_order", "--max-ngram-order"}}});
  command->footer(
      "Examples:\n  attend translate --model runs/de-en < test.de | attend metric bleu --reference test.en\n"
      "  attend metric bleu --reference a.en --reference b.en --lowercase --width 2 output.en\n"
      "  attend metric bleu --reference test.zh --tokenize zh output.zh");
  set_run(*command, options, run_metric);
}

void add_chrf(CLI::App& parent) {
  auto options = std::make_shared<MetricOptions>();
  options->metric = MetricKind::kChrf;
  CLI::App* command = add_one_metric(parent, "chrf", "chrF and chrF++ (Popovic 2015, 2017)", *options);
  add_config_flags(*command, options->chrf, {.group = "chrF"});
  command->footer(
      "Examples:\n  attend metric chrf --reference test.en output.en\n"
      "  attend metric chrf --reference test.en --word-order 2 output.en        # chrF++\n"
      "  attend metric chrf --reference test.en --sentence --score-only output.en");
  set_run(*command, options, run_metric);
}

void add_ter(CLI::App& parent) {
  auto options = std::make_shared<MetricOptions>();
  options->metric = MetricKind::kTer;
  CLI::App* command = add_one_metric(parent, "ter", "Translation edit rate (Snover et al. 2006)", *options);
  add_config_flags(*command, options->ter, {.group = "TER", .without = {"no_punct"}});
  command->add_flag("--no-punct", options->ter.no_punct, "remove punctuation first")->group("TER");
  command->footer(
      "Examples:\n  attend metric ter --reference test.en output.en\n"
      "  attend metric ter --reference test.en --normalized --case-sensitive output.en");
  set_run(*command, options, run_metric);
}

}  // namespace

void add_metric(CLI::App& app) {
  CLI::App* command = app.add_subcommand("metric", "Score a text against references: BLEU, chrF, TER");
  command->require_subcommand(1);
  add_bleu(*command);
  add_chrf(*command);
  add_ter(*command);
}

int run_metric(const MetricOptions& options, std::istream& in, std::ostream& out) {
  apply_common(options.common);
  check_options(options);
  switch (options.metric) {
    case MetricKind::kBleu:
      run_bleu(options, in, out);
      break;
    case MetricKind::kChrf:
      score_lines<Chrf>(options, options.chrf, in, out);
      break;
    case MetricKind::kTer:
      score_lines<Ter>(options, options.ter, in, out);
      break;
  }
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
