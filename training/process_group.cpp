// Ranks over LibTorch's c10d: a TCP store for meeting, Gloo for sums. The one source that includes them.
//
// Gloo's headers are Debian's, its code is the one inside LibTorch: nothing of Gloo is made or called here.
#include <algorithm>
#include <cstdlib>
#include <thread>

#include <c10/util/Logging.h>
#include <torch/torch.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/error.h"
#include "training/gradient_reducer.h"
#include "training/ranks.h"

namespace attend {
namespace {

// Gradients travel in pieces of so many numbers: 64 MB of float32.
constexpr std::int64_t kBucket = 16 * 1024 * 1024;
constexpr std::chrono::milliseconds kPoll{20};

std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

class ProcessGroup final : public Ranks {
 public:
  ProcessGroup(const Launch& launch, std::chrono::seconds limit) : process_(launch.process) {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(launch.port);
    options.isServer = !launch.has_agent && process_.rank == 0;
    options.numWorkers = process_.world;
    options.waitWorkers = false;
    options.timeout = limit;
    store_ = c10::make_intrusive<c10d::TCPStore>(launch.address, options);
    // torchrun keeps its store when it starts the processes again: each start has keys of its own.
    const char* restart = std::getenv("TORCHELASTIC_RESTART_COUNT");
    store_ = c10::make_intrusive<c10d::PrefixStore>(std::string("attend/") + (restart == nullptr ? "0" : restart), store_);
    auto gloo = c10d::ProcessGroupGloo::Options::create(limit);
    gloo->devices.push_back(device(launch));
    auto backend = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, process_.rank, process_.world, gloo);
    group_ = c10::make_intrusive<c10d::ProcessGroup>(store_, process_.rank, process_.world);
    group_->setBackend(c10::kCPU, c10d::ProcessGroup::BackendType::GLOO, backend);
    group_->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
  }

  ProcessRank process() const override { return process_; }

  void sum(std::vector<double>& numbers) override {
    const auto all = torch::tensor(numbers, torch::kFloat64);
    reduce(all);
    std::copy_n(all.const_data_ptr<double>(), numbers.size(), numbers.begin());
  }

  void sum(const std::vector<torch::Tensor>& tensors) override {
    in_buckets(tensors, [&](const torch::Tensor& bucket) { reduce(bucket); });
  }

  std::unique_ptr<GradientSums> gradient_sums(const std::vector<torch::Tensor>& parameters) override {
    auto reducer = make_gradient_reducer(group_, parameters);
    if (!reducer) return plain_gradient_sums(*this, parameters);
    return std::make_unique<Guarded>(*this, std::move(reducer));
  }

  void share(const std::vector<torch::Tensor>& tensors, int owner) override {
    c10d::BroadcastOptions options;
    options.rootRank = owner;
    in_buckets(tensors, [&](const torch::Tensor& bucket) {
      guarded([&] {
        std::vector<torch::Tensor> one{bucket};
        group_->broadcast(one, options)->wait();
      });
    });
  }

  std::vector<torch::Tensor> bring_to_first(const std::vector<torch::Tensor>& tensors, int owner) override {
    std::vector<torch::Tensor> brought;
    constexpr int kTag = 1;
    for (const torch::Tensor& tensor : tensors) {
      if (owner == 0) {
        brought.push_back(tensor.cpu());
      } else if (process_.rank == owner) {
        std::vector<torch::Tensor> one{tensor.cpu().contiguous()};
        guarded([&] { group_->send(one, 0, kTag)->wait(); });
      } else if (is_first()) {
        std::vector<torch::Tensor> one{torch::empty(tensor.sizes(), tensor.options().device(torch::kCPU))};
        guarded([&] { group_->recv(one, owner, kTag)->wait(); });
        brought.push_back(one.front());
      }
    }
    return is_first() ? brought : std::vector<torch::Tensor>{};
  }

  void first_alone(const std::function<void()>& work) override {
    const std::string key = next_key();
    if (!is_first()) {
      if (await(key) != "done") throw PeerError("the first process could not do its part");
      return;
    }
    try {
      work();
    } catch (...) {
      tell(key, "failed");
      throw;
    }
    tell(key, "done");
  }

  void wait_for_first() override {
    try {
      await(next_key());
    } catch (const PeerError&) {
      throw PeerError("process " + std::to_string(process_.rank) + " of " + std::to_string(process_.world) +
                      ": the first process ended before the run began");
    }
  }
  void let_others_go() override { tell(next_key(), "go"); }

  using Ranks::from_first;
  std::string from_first(const std::string& text) override {
    const std::string key = next_key();
    if (!is_first()) return await(key);
    tell(key, text);
    return text;
  }

 private:
  /// What the Reducer throws within backward, as a lost peer.
  class Guarded final : public GradientSums {
   public:
    Guarded(ProcessGroup& group, std::unique_ptr<GradientSums> sums) : group_(group), sums_(std::move(sums)) {}
    void last_backward(const std::vector<torch::Tensor>& losses, const std::vector<torch::Tensor>& weights) override {
      try {
        sums_->last_backward(losses, weights);
      } catch (const c10::DistError&) {
        group_.guarded([] { throw; });
      } catch (const c10::Error&) {
        throw;  // of the computation itself
      } catch (const std::exception&) {
        group_.guarded([] { throw; });
      }
    }

   private:
    ProcessGroup& group_;
    std::unique_ptr<GradientSums> sums_;
  };

  /// Laid end to end in the host's memory, which Gloo reads, in pieces; what `work` makes of a piece is copied back.
  static void in_buckets(const std::vector<torch::Tensor>& tensors, const std::function<void(const torch::Tensor&)>& work) {
    const torch::NoGradGuard no_gradient;
    for (std::size_t begin = 0; begin < tensors.size();) {
      std::size_t end = begin;
      std::int64_t numbers = 0;
      std::vector<torch::Tensor> flat;
      while (end < tensors.size() && (end == begin || numbers + tensors[end].numel() <= kBucket)) {
        numbers += tensors[end].numel();
        flat.push_back(tensors[end++].flatten());
      }
      const auto bucket = torch::cat(flat).cpu();
      work(bucket);
      std::int64_t offset = 0;
      for (; begin < end; ++begin) {
        tensors[begin].copy_(bucket.narrow(0, offset, tensors[begin].numel()).view(tensors[begin].sizes()));
        offset += tensors[begin].numel();
      }
    }
  }

  static std::shared_ptr<::gloo::transport::Device> device(const Launch& launch) {
    if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
    if (launch.address == "127.0.0.1" || launch.address == "localhost") return c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
    return c10d::ProcessGroupGloo::createDefaultDevice();
  }

  void reduce(const torch::Tensor& tensor) {
    guarded([&] {
      std::vector<torch::Tensor> tensors{tensor};
      group_->allreduce(tensors)->wait();
    });
  }

  std::string next_key() { return "event-" + std::to_string(events_++); }

  void tell(const std::string& key, const std::string& text) {
    guarded([&] { store_->set(key, std::vector<std::uint8_t>(text.begin(), text.end())); });
  }

  /// However long it takes: where the first process ends, its store ends too, and the question fails.
  std::string await(const std::string& key) {
    std::string text;
    guarded([&] {
      while (!store_->check({key})) std::this_thread::sleep_for(kPoll);
      const auto bytes = store_->get(key);
      text.assign(bytes.begin(), bytes.end());
    });
    return text;
  }

  template <class Call>
  void guarded(const Call& call) {
    try {
      call();
    } catch (const std::exception& error) {
      throw PeerError("process " + std::to_string(process_.rank) + " of " + std::to_string(process_.world) +
                      " lost the others: " + first_line(error));
    }
  }

  ProcessRank process_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::int64_t events_ = 0;  // the same on every process
};

}  // namespace

std::shared_ptr<Ranks> join(const Launch& launch, std::chrono::seconds limit) {
  constexpr int kFatal = 3;
  FLAGS_caffe2_log_level = kFatal;  // what c10d would say besides, with pages of addresses, is in the exceptions
  try {
    return std::make_shared<ProcessGroup>(launch, limit);
  } catch (const std::exception& error) {
    throw UserError("process " + std::to_string(launch.process.rank) + " of " + std::to_string(launch.process.world) +
                        " did not meet the others at " + launch.address + ":" + std::to_string(launch.port) + " within " +
                        std::to_string(limit.count()) + " s: " + first_line(error),
                    "start all of them, let MASTER_ADDR and MASTER_PORT name a free port that each can reach, or give a longer "
                    "--peer-timeout");
  }
}

}  // namespace attend
