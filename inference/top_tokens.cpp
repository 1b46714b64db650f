#include "inference/top_tokens.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "core/error.h"
#include "core/simd.h"

namespace attend {
namespace {

// Where a row lies and where its answer goes.
struct Row {
  const float* logits;
  std::int64_t vocab_size;
  std::int64_t num_kept;
  float* best_logits;  // num_kept, best first
  std::int64_t* best_ids;
};

ATTEND_INLINE void insert(const Row& row, float logit, std::int64_t id) {
  std::int64_t place = row.num_kept - 1;
  for (; place > 0 && row.best_logits[place - 1] < logit; --place) {
    row.best_logits[place] = row.best_logits[place - 1];
    row.best_ids[place] = row.best_ids[place - 1];
  }
  row.best_logits[place] = logit;
  row.best_ids[place] = id;
}

// Fills best_logits and best_ids, and returns log sum exp(logit - best). The row is read twice, the second time out of the cache.
ATTEND_SIMD double sweep_row(const Row& row) {
  constexpr std::int64_t kBlock = 4 * simd::kWidth;
  std::fill_n(row.best_logits, row.num_kept, -std::numeric_limits<float>::infinity());
  std::fill_n(row.best_ids, row.num_kept, -1);
  const float& threshold = row.best_logits[row.num_kept - 1];
  std::int64_t i = 0;
  for (; i + kBlock <= row.vocab_size; i += kBlock) {
    simd::Floats largest = simd::load(row.logits + i);
    for (int part = 1; part < 4; ++part) largest = simd::max(simd::load(row.logits + i + part * simd::kWidth), largest);
    const simd::Ints above = largest > threshold;
    std::int32_t any = 0;
    for (int lane = 0; lane < simd::kWidth; ++lane) any |= above[lane];
    if (any == 0) continue;
    for (std::int64_t j = i; j < i + kBlock; ++j)
      if (row.logits[j] > threshold) insert(row, row.logits[j], j);
  }
  for (; i < row.vocab_size; ++i)
    if (row.logits[i] > threshold) insert(row, row.logits[i], i);

  // Sums of blocks in double: a vocabulary of 10^5 nearly equal terms would lose digits in float.
  const float maximum = row.best_logits[0];
  double total = 0;
  for (i = 0; i + simd::kWidth <= row.vocab_size;) {
    simd::Floats sum{};
    const std::int64_t end = std::min(i + 64 * simd::kWidth, row.vocab_size - simd::kWidth + 1);
    for (; i < end; i += simd::kWidth) sum += simd::exp(simd::load(row.logits + i) - maximum);
    for (int lane = 0; lane < simd::kWidth; ++lane) total += sum[lane];
  }
  for (; i < row.vocab_size; ++i) total += std::exp(static_cast<double>(row.logits[i]) - maximum);
  return std::log(total);
}

void sweep_rows(const torch::Tensor& logits_RV, TopTokens& top) {
  const std::int64_t num_rows = logits_RV.size(0), vocab_size = logits_RV.size(1);
  const float* logits = logits_RV.const_data_ptr<float>();
  const std::int64_t rows_a_task = std::max<std::int64_t>(1, 65536 / vocab_size);
  at::parallel_for(0, num_rows, rows_a_task, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t offset = r * top.num_kept;
      float* best = top.log_probability_RK.data() + offset;
      const double log_total = sweep_row({.logits = logits + r * vocab_size,
                                          .vocab_size = vocab_size,
                                          .num_kept = top.num_kept,
                                          .best_logits = best,
                                          .best_ids = top.ids_RK.data() + offset});
      // The largest logit is taken off first, so that large logits lose no digits.
      const float maximum = best[0];
      top.log_normaliser_R[r] = maximum + log_total;
      for (std::int64_t k = 0; k < top.num_kept; ++k) best[k] = static_cast<float>(best[k] - maximum - log_total);
    }
  });
}

// The same in torch's words, for other devices: three small results cross to the CPU.
void sweep_on_device(const torch::Tensor& logits_RV, TopTokens& top) {
  const auto [logits_RK, ids_RK] = logits_RV.topk(top.num_kept, 1);
  const auto maximum_R1 = logits_RK.narrow(1, 0, 1);
  const auto log_total_R1 = (logits_RV - maximum_R1).logsumexp(1, /*keepdim=*/true);
  const auto log_probability = (logits_RK - maximum_R1 - log_total_R1).cpu().contiguous();
  const auto ids = ids_RK.cpu().contiguous();
  const auto log_normaliser = (maximum_R1.to(torch::kFloat64) + log_total_R1).cpu().contiguous();
  std::copy_n(log_probability.const_data_ptr<float>(), log_probability.numel(), top.log_probability_RK.begin());
  std::copy_n(ids.const_data_ptr<std::int64_t>(), ids.numel(), top.ids_RK.begin());
  std::copy_n(log_normaliser.const_data_ptr<double>(), log_normaliser.numel(), top.log_normaliser_R.begin());
  for (std::size_t i = 0; i < top.ids_RK.size(); ++i)
    if (std::isinf(top.log_probability_RK[i])) top.ids_RK[i] = -1;
}

}  // namespace

TopTokens top_tokens(const torch::Tensor& logits_RV, std::int64_t num_wanted) {
  TORCH_CHECK(logits_RV.dim() == 2 && logits_RV.scalar_type() == torch::kFloat32, "logits_RV must be a float32 matrix");
  TORCH_CHECK(num_wanted >= 1 && logits_RV.size(1) >= 1, "at least one token must be wanted and there");
  const std::int64_t num_rows = logits_RV.size(0);
  TopTokens top;
  top.num_kept = std::min(num_wanted, logits_RV.size(1));
  top.ids_RK.resize(num_rows * top.num_kept);
  top.log_probability_RK.resize(num_rows * top.num_kept);
  top.log_normaliser_R.resize(num_rows);
  if (logits_RV.is_cpu())
    sweep_rows(logits_RV.contiguous(), top);
  else
    sweep_on_device(logits_RV, top);
  for (const double log_normaliser : top.log_normaliser_R)
    if (!std::isfinite(log_normaliser))
      throw UserError("the model's output is not a number: its weights are damaged, or its training diverged",
                      "use another checkpoint of the run");
  return top;
}

}  // namespace attend
