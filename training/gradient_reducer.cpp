#include "training/gradient_reducer.h"

#include <algorithm>
#include <type_traits>

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>

namespace attend {
namespace {

using Buckets = std::vector<std::vector<std::size_t>>;
using Names = std::unordered_map<std::size_t, std::string>;

constexpr std::int64_t kBucketBytes = c10d::kDefaultBucketBytesCap, kFirstBucketBytes = c10d::kDefaultFirstBucketBytes;

/// The sum, where the Reducer alone would take the mean: a step's targets have divided the losses already.
class SumHook final : public c10d::CppCommHookInterface<c10::intrusive_ptr<c10d::ProcessGroup>> {
 public:
  using CppCommHookInterface::CppCommHookInterface;
  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    std::vector<torch::Tensor> tensors{bucket.getBufferRef()};
    return state_->allreduce(tensors)->getFuture();
  }
};

/// The Reducer's constructor has grown from version to version: 2.11's, then 2.13's.
template <class Reducer>
std::unique_ptr<Reducer> make_reducer(std::vector<torch::Tensor> parameters, Buckets buckets,
                                      const c10::intrusive_ptr<c10d::ProcessGroup>& group) {
  std::vector<bool> is_sparse(parameters.size(), false);
  constexpr bool kFindUnused = true, kViews = false, kSkipUnused = false, kFromPython = false;
  if constexpr (std::is_constructible_v<Reducer, std::vector<torch::Tensor>, Buckets, c10::intrusive_ptr<c10d::ProcessGroup>,
                                        std::vector<bool>, std::int64_t, bool, bool, Names, std::int64_t, bool, bool,
                                        std::vector<std::int64_t>>) {
    return std::make_unique<Reducer>(std::move(parameters), std::move(buckets), group, std::move(is_sparse), kBucketBytes, kFindUnused,
                                     kViews, Names{}, kFirstBucketBytes, kSkipUnused, kFromPython, std::vector<std::int64_t>{});
  } else if constexpr (std::is_constructible_v<Reducer, std::vector<torch::Tensor>, Buckets, c10::intrusive_ptr<c10d::ProcessGroup>,
                                               std::vector<bool>, std::int64_t, bool, bool, Names, std::int64_t, bool, bool>) {
    return std::make_unique<Reducer>(std::move(parameters), std::move(buckets), group, std::move(is_sparse), kBucketBytes, kFindUnused,
                                     kViews, Names{}, kFirstBucketBytes, kSkipUnused, kFromPython);
  } else if constexpr (std::is_constructible_v<Reducer, std::vector<torch::Tensor>, Buckets, c10::intrusive_ptr<c10d::ProcessGroup>,
                                               std::vector<bool>, std::int64_t, bool, bool, Names, std::int64_t>) {
    return std::make_unique<Reducer>(std::move(parameters), std::move(buckets), group, std::move(is_sparse), kBucketBytes, kFindUnused,
                                     kViews, Names{}, kFirstBucketBytes);
  } else {
    return nullptr;
  }
}

class GradientReducer final : public GradientSums {
 public:
  explicit GradientReducer(std::unique_ptr<c10d::Reducer> reducer) : reducer_(std::move(reducer)) {}

  void last_backward(const std::vector<torch::Tensor>& losses, const std::vector<torch::Tensor>& weights) override {
    reducer_->prepare_for_forward();
    reducer_->prepare_for_backward(losses);
    torch::autograd::backward(losses, weights);  // which ends when every bucket is there
  }

 private:
  std::unique_ptr<c10d::Reducer> reducer_;
};

}  // namespace

std::unique_ptr<GradientSums> make_gradient_reducer(const c10::intrusive_ptr<c10d::ProcessGroup>& group,
                                                    const std::vector<torch::Tensor>& parameters) {
  if (!std::all_of(parameters.begin(), parameters.end(), [](const torch::Tensor& parameter) { return parameter.is_cpu(); })) return nullptr;
  // Backward makes the gradients of the last layers first: their bucket is small, so that it can leave early.
  std::vector<torch::Tensor> backwards(parameters.rbegin(), parameters.rend());
  auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(
      backwards, {static_cast<std::size_t>(kFirstBucketBytes), static_cast<std::size_t>(kBucketBytes)});
  auto reducer = make_reducer<c10d::Reducer>(std::move(backwards), std::move(buckets), group);
  if (!reducer) return nullptr;
  reducer->register_comm_hook(std::make_unique<SumHook>(group));
  return std::make_unique<GradientReducer>(std::move(reducer));
}

}  // namespace attend
