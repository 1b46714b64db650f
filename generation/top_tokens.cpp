#include "generation/top_tokens.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "core/error.h"

namespace attend {
namespace {

// Sixteen floats that the compiler turns into one AVX-512 register, two of AVX2, or four of SSE. Passed by reference: the
// calling convention of such types differs between instruction sets.
constexpr std::int64_t kLanes = 16;
using Lanes = float __attribute__((vector_size(sizeof(float) * kLanes)));
using IntLanes = std::int32_t __attribute__((vector_size(sizeof(std::int32_t) * kLanes)));

#define ATTEND_INLINE inline __attribute__((always_inline))

ATTEND_INLINE void load(const float* from, Lanes& to) { std::memcpy(&to, from, sizeof(to)); }

// e^x for x <= 0, to about two units in the last place: x = n ln 2 + rest with |rest| <= ln 2 / 2; e^rest by its Taylor series
// (the first term left out is below 6e-9), 2^n by writing the exponent's bits.
ATTEND_INLINE void exp_of_nonpositive(const Lanes& x, Lanes& result) {
  const Lanes zero{};
  const Lanes smallest = zero - 87.0f;  // e^-87 is the last above the denormals
  const Lanes clamped = x < smallest ? smallest : x;
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding and subtracting it rounds to the nearest integer
  const Lanes whole = (clamped * 1.44269504f + kRounder) - kRounder;
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;  // ln 2 in two parts: n times the first is exact
  const Lanes rest = (clamped - whole * kLn2High) - whole * kLn2Low;
  Lanes series = zero + 1.0f / 5040.0f;
  series = series * rest + 1.0f / 720.0f;
  series = series * rest + 1.0f / 120.0f;
  series = series * rest + 1.0f / 24.0f;
  series = series * rest + 1.0f / 6.0f;
  series = series * rest + 0.5f;
  series = series * rest + 1.0f;
  series = series * rest + 1.0f;
  const IntLanes exponent = (__builtin_convertvector(whole, IntLanes) + 127) << 23;
  Lanes power;
  std::memcpy(&power, &exponent, sizeof(power));
  result = series * power;
}

// Where a row lies and where its answer goes.
struct Row {
  const float* logits;
  std::int64_t vocab_size;
  std::int64_t num_kept;
  float* best_logits;       // num_kept, best first
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
ATTEND_INLINE double sweep(const Row& row) {
  constexpr std::int64_t kBlock = 4 * kLanes;
  std::fill_n(row.best_logits, row.num_kept, -std::numeric_limits<float>::infinity());
  std::fill_n(row.best_ids, row.num_kept, -1);
  const float& threshold = row.best_logits[row.num_kept - 1];
  std::int64_t i = 0;
  for (; i + kBlock <= row.vocab_size; i += kBlock) {
    Lanes largest, other;
    load(row.logits + i, largest);
    for (int part = 1; part < 4; ++part) {
      load(row.logits + i + part * kLanes, other);
      largest = other > largest ? other : largest;
    }
    const IntLanes above = largest > threshold;
    std::int32_t any = 0;
    for (int lane = 0; lane < kLanes; ++lane) any |= above[lane];
    if (any == 0) continue;
    for (std::int64_t j = i; j < i + kBlock; ++j)
      if (row.logits[j] > threshold) insert(row, row.logits[j], j);
  }
  for (; i < row.vocab_size; ++i)
    if (row.logits[i] > threshold) insert(row, row.logits[i], i);

  // Sums of blocks in double: a vocabulary of 10^5 nearly equal terms would lose digits in float.
  const float maximum = row.best_logits[0];
  double total = 0;
  for (i = 0; i + kLanes <= row.vocab_size;) {
    Lanes sum{}, x, power;
    const std::int64_t end = std::min(i + 64 * kLanes, row.vocab_size - kLanes + 1);
    for (; i < end; i += kLanes) {
      load(row.logits + i, x);
      exp_of_nonpositive(x - maximum, power);
      sum += power;
    }
    for (int lane = 0; lane < kLanes; ++lane) total += sum[lane];
  }
  for (; i < row.vocab_size; ++i) total += std::exp(static_cast<double>(row.logits[i]) - maximum);
  return std::log(total);
}

double sweep_portable(const Row& row) { return sweep(row); }
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) double sweep_avx2(const Row& row) { return sweep(row); }
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma"))) double sweep_avx512(const Row& row) { return sweep(row); }
#endif

using Sweep = double (*)(const Row&);

Sweep choose_sweep() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return sweep_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return sweep_avx2;
#endif
  return sweep_portable;
}

void sweep_rows(const torch::Tensor& logits_RV, TopTokens& top) {
  static const Sweep sweep_row = choose_sweep();
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
