// The processes of one training run: what the trainer and the commands know of them. One process is the usual case, and costs nothing.
//
// Every process makes the same calls in the same order. What fails on one side ends the others with a PeerError, at the latest after the
// time limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/json.h"
#include "data/batch_position.h"

namespace attend {

/// Another process of the run is gone, or gave up. The run can be resumed: exit code 75.
class PeerError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Gradients summed over all processes, in the steps of a run.
class GradientSums {
 public:
  virtual ~GradientSums() = default;
  /// The last backward pass of a step: the losses, each times its weight. After it every parameter's gradient is the sum over all processes
  /// of what this step's passes gave, the same bits on each. A parameter that got one on no process has none.
  virtual void last_backward(const std::vector<torch::Tensor>& losses, const std::vector<torch::Tensor>& weights) = 0;
};

class Ranks {
 public:
  virtual ~Ranks() = default;

  /// This process of how many.
  virtual ProcessRank process() const { return {}; }
  bool is_alone() const { return process().world == 1; }
  /// The process that logs and writes.
  bool is_first() const { return process().rank == 0; }

  /// The sums over all processes, in place. The same bits on each.
  virtual void sum(std::vector<double>& numbers) = 0;
  /// The same of tensors of one dtype and device.
  virtual void sum(const std::vector<torch::Tensor>& tensors) = 0;
  /// Of these parameters, from now on.
  virtual std::unique_ptr<GradientSums> gradient_sums(const std::vector<torch::Tensor>& parameters) = 0;
  /// Process `owner`'s tensors, on all, in place.
  virtual void share(const std::vector<torch::Tensor>& tensors, int owner) = 0;
  /// Process `owner`'s tensors, on the first process too, in the host's memory; nothing on the others. Each knows their shapes.
  virtual std::vector<torch::Tensor> bring_to_first(const std::vector<torch::Tensor>& tensors, int owner) = 0;
  /// The first process does the work, the others wait for its end, however long it takes. What it throws it throws there; the others throw
  /// a PeerError.
  virtual void first_alone(const std::function<void()>& work) = 0;
  /// The others wait here until the first process calls let_others_go().
  virtual void wait_for_first() = 0;
  virtual void let_others_go() = 0;
  /// The first process's text, on all.
  virtual std::string from_first(const std::string& text) = 0;

  /// Whether it is so on any of the processes.
  bool any(bool here);
  /// The first process's number, on all.
  double from_first(double number);
  /// Throws UserError, which names what differs, where this process has another object than the first: "flags and data".
  void require_same(const std::string& what, const Json& here);
};

/// One process.
std::shared_ptr<Ranks> alone();

/// Sums in one go after backward, by ranks.sum(). `ranks` outlive it.
std::unique_ptr<GradientSums> plain_gradient_sums(Ranks& ranks, const std::vector<torch::Tensor>& parameters);

/// How a launcher tells a process which one it is, and where the first one can be reached.
struct Launch {
  ProcessRank process;
  int local_rank = 0, local_world = 1;  ///< among those on this machine
  std::string address = "127.0.0.1";    ///< of the first process's machine
  int port = 0;
  bool has_agent = false;  ///< torchrun's agent keeps the store: every process is its client
};

/// What torchrun (RANK, WORLD_SIZE, MASTER_ADDR, ...), Slurm's srun or Open MPI's mpirun has put into the environment; none where this
/// process was started alone. `variable` reads one: getenv. Throws UserError where the variables contradict one another.
std::optional<Launch> find_launch(const std::function<const char*(const char*)>& variable);

/// Joins the other processes, over Gloo. Waits for them at most `limit`, which is also how long any of them may be silent within a call.
/// Throws UserError where the port is taken or a peer never comes.
std::shared_ptr<Ranks> join(const Launch& launch, std::chrono::seconds limit);

}  // namespace attend
