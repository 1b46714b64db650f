#include "apps/common.h"

#include <algorithm>
#include <thread>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "apps/devices.h"
#include "apps/flags.h"
#include "apps/version.h"
#include "core/error.h"
#include "core/log.h"
#include "core/threads.h"
#include "models/kernels/panel_weight.h"

namespace attend {

void add_common(CLI::App& command, CommonOptions& options, const std::string& precisions) {
  const std::string group = "Common";
  command.add_option("--device", options.device, "where to compute: auto|cpu|cuda[:N]")->capture_default_str()->group(group);
  add_field_flag(command, "--threads", options.threads, "CPU threads; 0: one a core")->group(group);
  add_field_flag(command, "--precision", options.precision, "number format of the model's arithmetic")->type_name(precisions)->group(group);
  add_field_flag(command, "--seed", options.seed, "seed of every random choice")->group(group);
  command.add_option("--config", options.config, "TOML file with flags' names and values; flags win")->configurable(false)->group(group);
  command.add_flag("--json", options.json, "print results as JSON, one object a result")->group(group);
  auto* quiet = command.add_flag("-q,--quiet", options.quiet, "only warnings and errors")->group(group);
  command.add_flag("-v,--verbose", options.verbose, "more detail")->excludes(quiet)->group(group);
  command.set_version_flag("--version", version_text())->group(group);
}

std::map<std::string, c10::Device>& other_devices() {
  static std::map<std::string, c10::Device> devices;
  return devices;
}

c10::Device parse_device(const std::string& name) {
  const std::string hint = "use --device auto, cpu, cuda or cuda:N";
  if (name == "auto") return torch::cuda::is_available() ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  if (name == "cpu") return c10::Device(c10::kCPU);
  if (const auto found = other_devices().find(name); found != other_devices().end()) return found->second;
  const bool has_index = name.starts_with("cuda:");
  const std::string index_text = has_index ? name.substr(5) : "0";
  const bool is_number = !index_text.empty() && index_text.size() <= 3 && std::all_of(index_text.begin(), index_text.end(), ::isdigit);
  if ((name != "cuda" && !has_index) || !is_number) throw UserError("unknown device '" + name + "'", hint);
  const int index = std::stoi(index_text), count = static_cast<int>(torch::cuda::device_count());
  if (index >= count) {
    const std::string found = count == 0 ? "no GPU that this LibTorch can use" : std::to_string(count) + " GPU(s), numbered from 0";
    throw UserError("device '" + name + "' asked for, but there is " + found, hint);
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

namespace {

/// MKL's vector functions, which LibTorch's tanh, exp, log, sin and cos call, choose their code at their first call. Where two threads make
/// that call at once, one of them may get another code, and numbers that differ by 5e-5 (docs/decisions.md). So one thread makes it.
void choose_vector_functions() {
  const torch::NoGradGuard no_gradient;
  const auto x = torch::ones({16});
  for (const auto function : {&at::tanh, &at::exp, &at::log, &at::sin, &at::cos, &at::erf}) function(x);
}

}  // namespace

c10::Device apply_common(const CommonOptions& options) {
  choose_vector_functions();
  set_log_level(options.quiet ? LogLevel::kQuiet : options.verbose ? LogLevel::kVerbose : LogLevel::kNormal);
  constexpr std::int64_t kMostThreads = 4096;
  if (options.threads < 0 || options.threads > kMostThreads)
    throw UserError("--threads " + std::to_string(options.threads) + " is not between 0 and " + std::to_string(kMostThreads));
  const int threads =
      options.threads > 0 ? static_cast<int>(options.threads) : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  at::set_num_threads(threads);
  set_worker_threads(static_cast<std::size_t>(threads));
  at::manual_seed(options.seed);
  return parse_device(options.device);
}

LoadOptions apply_common_answering(const CommonOptions& options) {
  LoadOptions loading{.device = apply_common(options), .precision = options.precision};
  const auto has_instructions = [](PanelFormat format) {
    return has_path(PanelPath::kDots, format) || has_path(PanelPath::kTiles, format);
  };
  if (!loading.device.is_cpu()) {
    if (loading.precision == Precision::kAuto) loading.precision = Precision::kFloat32;
    if (loading.precision != Precision::kFloat32)
      throw UserError("--precision " + std::string(enum_name(options.precision)) + " is computed on CPUs, not on " + loading.device.str(),
                      "leave --precision out, or use --device cpu");
  } else if (loading.precision == Precision::kAuto) {
    loading.precision = has_instructions(PanelFormat::kBFloat16) ? Precision::kBFloat16 : Precision::kFloat32;
    log_info("--precision auto: " + std::string(enum_name(loading.precision)));
  } else if (const auto format = panel_format(loading.precision); format && !has_instructions(*format)) {
    log_info("this CPU has no instructions for products of " + std::string(enum_name(loading.precision)) +
             ": they are computed in steps that every CPU has, and gain memory more than time");
  }
  return loading;
}

c10::Device apply_common_float32(const CommonOptions& options) {
  if (options.precision != Precision::kFloat32)
    throw UserError("--precision " + std::string(enum_name(options.precision)) + ": this command computes in float32",
                    "leave --precision out");
  return apply_common(options);
}

}  // namespace attend
