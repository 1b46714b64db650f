// attend bench attention: how time and memory of each kind of attention grow with the text.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/torch.h>

#include "apps/commands.h"
#include "apps/commands/bench_tools.h"
#include "apps/flags.h"
#include "apps/pages/line_chart.h"
#include "core/atomic_file.h"
#include "metrics/score.h"
#include "models/layers/inner_attention.h"

namespace attend {
namespace {

/// LibTorch's own fused attention, which is no kind of ours.
constexpr const char* kLibTorch = "libtorch";

struct BenchAttentionOptions {
  CommonOptions common;
  std::vector<std::string> kinds;  ///< none: all of them
  std::vector<std::int64_t> lengths{512, 1024, 2048, 4096, 8192, 16384};
  std::int64_t hidden_size = 512, num_heads = 8, batch_size = 1, repeats = 3;
  bool causal = false;
  AttentionChoice choice;
  std::filesystem::path page;  ///< SVG; "": none
};

/// Bytes of tensors while it stands: those that are there now, and the most that there were at once. What a kernel takes from the system by
/// itself, some kilobytes a thread, is not seen.
class TensorMemory : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t, c10::Device) override {
    const std::int64_t now = now_ += bytes;
    std::int64_t most = most_;
    while (now > most && !most_.compare_exchange_weak(most, now)) {
    }
  }
  bool memoryProfilingEnabled() const override { return true; }
  double most_mib() const { return static_cast<double>(most_) / (1 << 20); }

 private:
  std::atomic<std::int64_t> now_ = 0, most_ = 0;
};

struct Measurement {
  std::string kind;
  std::int64_t length = 0;
  double forward_ms = 0, training_ms = 0, forward_mib = 0, training_mib = 0;
};

/// Queries, keys and values to contexts.
using Attend = std::function<torch::Tensor(const torch::Tensor& qkv_N3E)>;

double milliseconds(std::int64_t repeats, const std::function<void()>& work) {
  work();  // the warm-up
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    if (torch::cuda::is_available()) torch::cuda::synchronize();
    seconds.push_back(seconds_since(start));
  }
  return 1e3 * median(std::move(seconds));
}

double mebibytes(const std::function<void()>& work) {
  const auto memory = std::make_shared<TensorMemory>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, memory);
  work();
  return memory->most_mib();
}

Measurement measure(const Attend& attend, const torch::Tensor& qkv_N3E, std::int64_t repeats) {
  const auto forward = [&] {
    const torch::NoGradGuard no_gradient;
    attend(qkv_N3E);
  };
  const auto training = [&] {
    const torch::Tensor leaf = qkv_N3E.detach().requires_grad_();
    attend(leaf).sum().backward();
  };
  Measurement found;
  found.forward_ms = milliseconds(repeats, forward);
  found.training_ms = milliseconds(repeats, training);
  found.forward_mib = mebibytes(forward);
  found.training_mib = mebibytes(training);
  return found;
}

std::vector<std::string> all_kinds(bool causal) {
  std::vector<std::string> kinds{kLibTorch};
  for (const auto& [kind, name] : EnumNames<AttentionKind>::values)
    if (!causal || (kind != AttentionKind::kLinformer && kind != AttentionKind::kBigBird)) kinds.emplace_back(name);
  return kinds;
}

/// The choice of a kind by its name. Throws UserError for what cannot be.
AttentionChoice choice_of(const std::string& name, const BenchAttentionOptions& options) {
  AttentionChoice choice = options.choice;
  const auto kind = enum_from_name<AttentionKind>(name);
  if (!kind) throw UserError("--kinds names '" + name + "'; expected libtorch|" + enum_choices<AttentionKind>());
  choice.kind = *kind;
  choice.validate(/*attention_dropout=*/0, *std::max_element(options.lengths.begin(), options.lengths.end()));
  if (options.causal) choice.require_causal();
  return choice;
}

Attend libtorch(const BenchAttentionOptions& options, const PackedLayout& tokens) {
  return [&options, &tokens](const torch::Tensor& qkv_N3E) {
    const auto qkv_3BHLD = qkv_N3E.view({tokens.batch(), tokens.longest(), 3, options.num_heads, -1}).permute({2, 0, 3, 1, 4});
    return torch::scaled_dot_product_attention(qkv_3BHLD[0], qkv_3BHLD[1], qkv_3BHLD[2], {}, 0, options.causal);
  };
}

Attend attend_by(const std::string& name, const BenchAttentionOptions& options, const PackedLayout& tokens) {
  if (name == kLibTorch) return libtorch(options, tokens);
  const auto inner = make_inner_attention({.hidden_size = options.hidden_size,
                                           .num_heads = options.num_heads,
                                           .choice = choice_of(name, options),
                                           .max_positions = tokens.longest()});
  inner->initialize();
  inner->to(tokens.device());
  const Causality causality = options.causal ? Causality::kCausal : Causality::kBidirectional;
  return [inner, &tokens, causality](const torch::Tensor& qkv_N3E) { return inner->forward(qkv_N3E, tokens, causality); };
}

void print_row(const Measurement& row, bool as_json, std::ostream& out) {
  const auto rounded = [](double value) { return std::round(100 * value) / 100; };
  if (as_json) {
    out << one_line(Json{{"kind", row.kind},
                         {"length", row.length},
                         {"forward_ms", rounded(row.forward_ms)},
                         {"forward_backward_ms", rounded(row.training_ms)},
                         {"forward_mib", rounded(row.forward_mib)},
                         {"forward_backward_mib", rounded(row.training_mib)}})
        << "\n";
  } else {
    out << "| " << row.kind << " | " << row.length << " | " << fixed_decimals(row.forward_ms, 2) << " | "
        << fixed_decimals(row.training_ms, 2) << " | " << fixed_decimals(row.forward_mib, 1) << " | " << fixed_decimals(row.training_mib, 1)
        << " |\n";
  }
  out << std::flush;
}

LineChart chart_of(const std::vector<Measurement>& rows) {
  LineChart chart{.description = "time of attention, forward and backward, against the length of the text",
                  .x_label = "tokens",
                  .y_label = "milliseconds, forward and backward",
                  .curves = {}};
  for (const Measurement& row : rows) {
    if (chart.curves.empty() || chart.curves.back().name != row.kind) chart.curves.push_back({.name = row.kind, .points = {}});
    chart.curves.back().points.emplace_back(static_cast<double>(row.length), row.training_ms);
  }
  return chart;
}

/// A row for each kind and length, in Markdown or JSON: milliseconds (medians) and the most bytes of tensors at once, of the forward pass
/// alone and with the backward pass.
int run_bench_attention(const BenchAttentionOptions& options, std::istream&, std::ostream& out) {
  const torch::Device device = apply_common(options.common);
  if (options.hidden_size % options.num_heads != 0)
    throw UserError("--heads " + std::to_string(options.num_heads) + " does not divide --hidden-size " +
                    std::to_string(options.hidden_size));
  const std::vector<std::string> kinds = options.kinds.empty() ? all_kinds(options.causal) : options.kinds;
  for (const std::string& kind : kinds)
    if (kind != kLibTorch) choice_of(kind, options);
  torch::manual_seed(options.common.seed);
  if (!options.common.json)
    out << "| kind | tokens | forward, ms | with backward, ms | forward, MiB | with backward, MiB |\n| --- | --- | --- | --- | --- | --- "
           "|\n";
  std::vector<Measurement> rows;
  for (const std::string& kind : kinds)
    for (const std::int64_t length : options.lengths) {
      const PackedLayout tokens(std::vector<std::int64_t>(static_cast<std::size_t>(options.batch_size), length), device);
      const std::int64_t projections = kind == kLibTorch ? 3 : choice_of(kind, options).projections();
      const auto qkv_N3E = torch::randn({tokens.tokens(), projections * options.hidden_size}, torch::TensorOptions(device));
      Measurement row = measure(attend_by(kind, options, tokens), qkv_N3E, options.repeats);
      row.kind = kind;
      row.length = length;
      print_row(row, options.common.json, out);
      rows.push_back(std::move(row));
    }
  if (!options.page.empty()) write_file_atomically(options.page, line_chart(chart_of(rows)));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_bench_attention(CLI::App& bench) {
  auto options = std::make_shared<BenchAttentionOptions>();
  CLI::App* command = bench.add_subcommand("attention", "Time and memory of each kind of attention against the length of the text");
  command->add_option("--kinds", options->kinds, "kinds, and libtorch for its fused attention [all]")
      ->delimiter(',')
      ->type_name("KIND,...");
  command->add_option("--lengths", options->lengths, "tokens of a text")->delimiter(',')->capture_default_str()->check(positive_number());
  command->add_option("--hidden-size", options->hidden_size, "width of the model")->capture_default_str()->check(positive_number());
  command->add_option("--heads", options->num_heads, "attention heads")->capture_default_str()->check(positive_number());
  command->add_option("--batch-size", options->batch_size, "texts")->capture_default_str()->check(positive_number());
  command->add_option("--repeats", options->repeats, "timed runs; the median counts")->capture_default_str()->check(positive_number());
  command->add_flag("--causal", options->causal, "as in a GPT: a token sees those before it");
  add_field_flag(*command, "--window", options->choice.window, "tokens that a token sees, of window");
  add_field_flag(*command, "--buckets", options->choice.buckets, "buckets of a hash, of reformer");
  add_field_flag(*command, "--chunk", options->choice.chunk, "tokens of its bucket that a token sees, of reformer");
  add_field_flag(*command, "--rounds", options->choice.rounds, "hashes, of reformer");
  add_field_flag(*command, "--block", options->choice.block, "tokens of a block, of bigbird");
  add_field_flag(*command, "--random", options->choice.random, "random blocks that each sees, of bigbird");
  add_field_flag(*command, "--projected", options->choice.projected, "projected rows, of linformer");
  command->add_option("--page", options->page, "SVG file to write with the curves of time");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n  attend bench attention --causal --threads 2\n"
      "  attend bench attention --kinds libtorch,full,window --lengths 1024,4096 --window 512 --page curves.svg");
  set_run(*command, options, run_bench_attention);
}

}  // namespace attend
