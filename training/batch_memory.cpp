#include "training/batch_memory.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/log.h"
#include "models/device_memory.h"
#include "models/layers/recompute.h"
#include "training/autocast.h"

namespace attend {
namespace {

constexpr std::int64_t kStep = 256, kFirst = 2048, kSecond = 8192;
// A batch of more tokens costs more time and teaches little more; --accumulate goes beyond.
constexpr std::int64_t kMostTokens = 65536;
constexpr double kShare = 0.8;  // of what is free: evaluation and other programs want some too
constexpr std::int64_t kBytesOfMoments = 8;

void compute(Objective& objective, const TrainingOptions& options, const MicroBatch& batch) {
  std::vector<torch::Tensor> losses;
  {
    const Recompute recompute(options.recompute);
    const Autocast autocast(options.precision, objective.model().parameters().front().device());
    for (const SummedLoss& term : objective.loss(batch)) losses.push_back(term.loss);
  }
  torch::autograd::backward(losses);
  objective.model().zero_grad();
}

BatchMemory measure(Objective& objective, const TrainingOptions& options, std::int64_t tokens) {
  objective.set_batch_tokens(tokens);
  auto batch = objective.next();
  for (std::int64_t i = objective.micro_batches_per_epoch(); std::ranges::count(batch->num_targets, 0) > 0; --i) {
    TORCH_CHECK(i > 0, "no batch of an epoch has a target");
    batch = objective.next();
  }
  PeakMemory peak(objective.model().parameters().front().device());
  compute(objective, options, *batch);
  return {.tokens = batch->num_tokens, .bytes = peak.bytes()};
}

std::string mebibytes(std::int64_t bytes) { return std::to_string(bytes / 1024 / 1024) + " MiB"; }

}  // namespace

std::int64_t tokens_within(const BatchMemory& first, const BatchMemory& second, std::int64_t allowed_bytes, std::int64_t most_tokens) {
  if (first.bytes > allowed_bytes)
    throw UserError("--batch-tokens auto: a batch of " + std::to_string(first.tokens) + " tokens takes " + mebibytes(first.bytes) + "; " +
                        mebibytes(allowed_bytes) + " may be used",
                    "use a smaller model, --recompute, or a number of --batch-tokens");
  const double a_token = static_cast<double>(second.bytes - first.bytes) / static_cast<double>(second.tokens - first.tokens);
  double tokens = static_cast<double>(most_tokens);
  if (a_token > 0)
    tokens = std::min(tokens, static_cast<double>(first.tokens) + static_cast<double>(allowed_bytes - first.bytes) / a_token);
  return std::max<std::int64_t>(kStep, static_cast<std::int64_t>(tokens) / kStep * kStep);
}

std::int64_t find_batch_tokens(Objective& objective, const TrainingOptions& options, Ranks& ranks, int processes_here) {
  const torch::Device device = objective.model().parameters().front().device();
  torch::manual_seed(options.seed);
  measure(objective, options, kFirst);  // what is made once is made
  BatchMemory first = measure(objective, options, kFirst), second = measure(objective, options, kSecond);
  std::int64_t found = kFirst;
  if (second.tokens > first.tokens) {
    std::int64_t weights = 0;
    for (const torch::Tensor& parameter : objective.model().parameters()) weights += parameter.requires_grad() ? parameter.numel() : 0;
    const auto free = static_cast<double>(free_bytes(device)) / processes_here;
    const std::int64_t allowed = PeakMemory(device).bytes() + static_cast<std::int64_t>(kShare * free) - kBytesOfMoments * weights;
    found = tokens_within(first, second, allowed, kMostTokens);
    log_info("--batch-tokens auto: " + std::to_string(found) + " tokens a batch" +
             (found == kMostTokens ? ", the most it takes; --accumulate adds batches up" : "") + ". A batch of " +
             std::to_string(first.tokens) + " takes " + mebibytes(first.bytes) + ", of " + std::to_string(second.tokens) + " " +
             mebibytes(second.bytes) + "; " + mebibytes(allowed) + " may be used");
  } else {
    found = kSecond;
    log_info("--batch-tokens auto: " + std::to_string(found) + " tokens a batch, for one of " + std::to_string(kFirst) +
             " is as large with these data: " + std::to_string(second.tokens) + " tokens");
  }
  found = static_cast<std::int64_t>(ranks.from_first(static_cast<double>(found)));
  objective.set_batch_tokens(found);
  return found;
}

}  // namespace attend
