// Letters: T targets, C rows of a chunk, V vocabulary, E width.
#include "models/layers/tied_cross_entropy.h"

#include <algorithm>
#include <array>

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include "models/kernels/softmax_loss.h"
#include "models/kernels/tile_product.h"
#include "models/layers/linear.h"
#include "models/layers/packed.h"

namespace attend {
namespace {

using namespace kernels;

constexpr std::int64_t kChunkFloats = 4 << 20;  // 16 MiB of logits, or a few times as much: large enough for products at full speed

std::int64_t chunk_rows(std::int64_t vocab, std::int64_t factor) {
  return factor * std::clamp<std::int64_t>(kChunkFloats / vocab, 16, 1024);
}

bool has_cpu_kernel(const torch::Tensor& hidden_TE) { return hidden_TE.is_cpu() && hidden_TE.scalar_type() == torch::kFloat32; }

// A target's loss, log-likelihood and whether it was the best, in float64: [T, 3] on the hidden states' device.
constexpr std::int64_t kNumbers = 3;

// The same of a chunk on any device and in any type: numbers_C3 is written. Returns the gradient where it is wanted.
torch::Tensor softmax_loss_rows(const torch::Tensor& logits_CV, const torch::Tensor& targets_C, double label_smoothing, bool wants_gradient,
                                torch::Tensor numbers_C3) {
  const double on_target = 1 - label_smoothing, everywhere = label_smoothing / static_cast<double>(logits_CV.size(1));
  const auto log_p_CV = torch::log_softmax(logits_CV, 1);
  const auto targets_C1 = targets_C.unsqueeze(1);
  const auto log_p_C = log_p_CV.gather(1, targets_C1).squeeze(1);
  const auto loss_C = -(on_target * log_p_C + everywhere * log_p_CV.sum(1));
  numbers_C3.copy_(torch::stack({loss_C, log_p_C, (log_p_C == log_p_CV.amax(1)).to(loss_C.scalar_type())}, 1));
  if (!wants_gradient) return {};
  return log_p_CV.exp().sub_(everywhere).scatter_add_(1, targets_C1, torch::full_like(log_p_C, -on_target).unsqueeze(1));
}

enum class Gradients { kNone, kHiddenAndTable, kAll };  // all: the bias's too

// Each target's numbers, with the gradients of the sum of their losses that are wanted.
struct ChunkedLoss {
  torch::Tensor numbers_T3;
  torch::Tensor hidden_gradient_TE, table_gradient_VE, bias_gradient_V;
};

// On the CPU in the targets' order, so that a sum does not depend on how a library adds.
torch::Tensor sum_targets(const torch::Tensor& numbers_T3) {
  if (!numbers_T3.is_cpu()) return numbers_T3.sum(0);
  auto sums_3 = torch::zeros({kNumbers}, torch::kFloat64);
  const auto numbers = numbers_T3.accessor<double, 2>();
  auto* sums = sums_3.mutable_data_ptr<double>();
  for (std::int64_t target = 0; target < numbers.size(0); ++target)
    for (std::int64_t i = 0; i < kNumbers; ++i) sums[i] += numbers[target][i];
  return sums_3;
}

ChunkedLoss chunked_loss(const torch::Tensor& hidden_TE, const OutputTable& output, const torch::Tensor& bias_V,
                         const std::vector<std::int64_t>& targets, double label_smoothing, Gradients gradients) {
  const torch::Tensor& table_VE = output.weight_VE;
  TORCH_CHECK(output.packed == nullptr || gradients == Gradients::kNone, "a packed output gives no gradients");
  const std::int64_t num_targets = hidden_TE.size(0), vocab = table_VE.size(0);
  const bool wants_gradient = gradients != Gradients::kNone;
  const Smoothing smoothing{.on_target = static_cast<float>(1 - label_smoothing),
                            .everywhere = static_cast<float>(label_smoothing / static_cast<double>(vocab)),
                            .wants_gradient = wants_gradient};
  const auto device = hidden_TE.device().type();
  const bool low_precision = at::autocast::is_autocast_enabled(device), on_cpu = has_cpu_kernel(hidden_TE);
  const auto product_type = low_precision ? at::autocast::get_autocast_dtype(device) : hidden_TE.scalar_type();
  const auto targets_T = on_cpu ? torch::Tensor() : ids_tensor(targets, hidden_TE.device());
  const auto hidden = hidden_TE.to(product_type).contiguous(), table = table_VE.to(product_type);
  const auto bias = bias_V.defined() ? bias_V.to(product_type) : bias_V;
  ChunkedLoss result;
  if (wants_gradient) {
    result.hidden_gradient_TE = torch::empty_like(hidden_TE);
    result.table_gradient_VE = torch::zeros_like(table_VE);
    if (gradients == Gradients::kAll) result.bias_gradient_V = torch::zeros_like(bias_V);
  }
  result.numbers_T3 = torch::empty({num_targets, kNumbers}, hidden_TE.options().dtype(torch::kFloat64).requires_grad(false));
  // In low precision the table's gradient is summed transposed, as oneDNN makes it fastest, and chunks are twice as large, so that it is
  // added to half as often.
  torch::Tensor table_gradient_EV =
      wants_gradient && low_precision ? torch::zeros({hidden_TE.size(1), vocab}, hidden_TE.options()) : torch::Tensor();
  // Tiles cut the table anew for each chunk: four times as many rows, chunks of one size, and memory that is asked for once.
  const bool has_tiles = output.packed == nullptr && !low_precision && has_tile_product(hidden, table.t());
  std::int64_t chunk = chunk_rows(vocab, has_tiles ? 4 : low_precision ? 2 : 1);
  torch::Tensor tiled_logits_CV;
  if (has_tiles) {
    const std::int64_t num_chunks = (num_targets + chunk - 1) / chunk;
    chunk = (num_targets + num_chunks - 1) / num_chunks;
    tiled_logits_CV = torch::empty({chunk, vocab}, hidden_TE.options());
  }
  for (std::int64_t begin = 0; begin < num_targets; begin += chunk) {
    const std::int64_t rows = std::min(chunk, num_targets - begin);
    const auto hidden_CE = hidden.narrow(0, begin, rows);
    torch::Tensor logits_CV;
    if (output.packed != nullptr) {
      logits_CV = output.packed->multiply(hidden_CE, bias_V);
    } else if (has_tiles) {
      logits_CV = tiled_logits_CV.narrow(0, 0, rows);
      tile_product(logits_CV, hidden_CE, table.t(), {.bias_M = bias});
    } else {
      logits_CV = matmul::nt(hidden_CE, table, bias).to(hidden_TE.scalar_type());
    }
    if (on_cpu) {
      float* logits = logits_CV.mutable_data_ptr<float>();
      double* numbers = result.numbers_T3.mutable_data_ptr<double>() + begin * kNumbers;
      at::parallel_for(0, rows, 4, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t row = first; row < last; ++row) {
          RowLoss loss;
          softmax_loss_row(logits + row * vocab, vocab, targets[begin + row], smoothing, loss);
          std::ranges::copy(std::array{loss.loss, loss.log_likelihood, loss.is_correct ? 1.0 : 0.0}, numbers + row * kNumbers);
        }
      });
    } else {
      logits_CV = softmax_loss_rows(logits_CV, targets_T.narrow(0, begin, rows), label_smoothing, wants_gradient,
                                    result.numbers_T3.narrow(0, begin, rows));
    }
    if (!wants_gradient) continue;
    if (gradients == Gradients::kAll) result.bias_gradient_V.add_(logits_CV.sum(0));
    const auto gradient_CV = logits_CV.to(product_type);
    result.hidden_gradient_TE.narrow(0, begin, rows).copy_(matmul::nn(gradient_CV, table));
    if (low_precision)
      table_gradient_EV.add_(matmul::tn(hidden_CE, gradient_CV));
    else
      matmul::add_tn(result.table_gradient_VE, gradient_CV, hidden_CE);
  }
  if (table_gradient_EV.defined()) result.table_gradient_VE.copy_(table_gradient_EV.t());
  return result;
}

struct TiedCrossEntropyFunction : torch::autograd::Function<TiedCrossEntropyFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& hidden_TE, const torch::Tensor& table_VE,
                               const std::optional<torch::Tensor>& bias_V, const std::vector<std::int64_t>* targets, double label_smoothing,
                               torch::Tensor* sums_3) {
    const auto gradients = bias_V && bias_V->requires_grad() ? Gradients::kAll : Gradients::kHiddenAndTable;
    auto result = chunked_loss(hidden_TE, table_VE, bias_V.value_or(torch::Tensor()), *targets, label_smoothing, gradients);
    *sums_3 = sum_targets(result.numbers_T3);
    context->save_for_backward({result.hidden_gradient_TE, result.table_gradient_VE, result.bias_gradient_V});
    return (*sums_3)[0].to(hidden_TE.scalar_type());
  }
  // The gradients were made going forward, of the sum of the losses with weight 1: what comes down is d total / d loss, one number (1 over
  // the number of targets), and multiplies them. A loss that weighed its targets by their values would need the logits again.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto bias_gradient = saved[2].defined() ? saved[2] * gradients[0] : torch::Tensor();
    return {saved[0] * gradients[0], saved[1] * gradients[0], bias_gradient, torch::Tensor(), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

SummedLoss tied_cross_entropy(const torch::Tensor& hidden_TE, const OutputTable& table, const torch::Tensor& bias_V,
                              const std::vector<std::int64_t>& targets, double label_smoothing) {
  TORCH_CHECK(hidden_TE.size(0) == static_cast<std::int64_t>(targets.size()), "one target a row");
  SummedLoss result{.loss = {}, .num_targets = hidden_TE.size(0)};
  torch::Tensor sums_3;
  if (torch::GradMode::is_enabled()) {
    const auto bias_or_none = bias_V.defined() ? std::optional(bias_V) : std::nullopt;
    result.loss = TiedCrossEntropyFunction::apply(hidden_TE, table.weight_VE, bias_or_none, &targets, label_smoothing, &sums_3);
  } else {
    sums_3 = sum_targets(chunked_loss(hidden_TE, table, bias_V, targets, label_smoothing, Gradients::kNone).numbers_T3);
    result.loss = sums_3[0].to(hidden_TE.scalar_type());
  }
  result.numbers_2 = sums_3.narrow(0, 1, 2);
  return result;
}

std::vector<float> tied_log_probabilities(const torch::Tensor& hidden_TE, const OutputTable& table,
                                          const std::vector<std::int64_t>& targets) {
  const torch::NoGradGuard no_gradient;
  TORCH_CHECK(hidden_TE.size(0) == static_cast<std::int64_t>(targets.size()), "one target a row");
  const auto chunked = chunked_loss(hidden_TE, table, torch::Tensor(), targets, /*label_smoothing=*/0, Gradients::kNone);
  const auto log_p_T = chunked.numbers_T3.select(1, 1).to(torch::kFloat32).cpu().contiguous();
  return {log_p_T.const_data_ptr<float>(), log_p_T.const_data_ptr<float>() + log_p_T.numel()};
}

}  // namespace attend
