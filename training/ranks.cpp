#include "training/ranks.h"

#include <charconv>
#include <cstring>

#include <torch/torch.h>

#include "core/error.h"

namespace attend {
namespace {

class PlainGradientSums final : public GradientSums {
 public:
  PlainGradientSums(Ranks& ranks, const std::vector<torch::Tensor>& parameters) : ranks_(ranks), parameters_(parameters) {}

  void last_backward(const std::vector<torch::Tensor>& losses, const std::vector<torch::Tensor>& weights) override {
    torch::autograd::backward(losses, weights);
    if (ranks_.is_alone()) return;
    std::vector<double> has_gradient;
    for (const torch::Tensor& parameter : parameters_) has_gradient.push_back(parameter.grad().defined() ? 1 : 0);
    ranks_.sum(has_gradient);
    std::vector<torch::Tensor> gradients;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (has_gradient[i] == 0) continue;
      if (!parameters_[i].grad().defined()) parameters_[i].mutable_grad() = torch::zeros_like(parameters_[i]);
      gradients.push_back(parameters_[i].grad());
    }
    ranks_.sum(gradients);
  }

 private:
  Ranks& ranks_;
  std::vector<torch::Tensor> parameters_;
};

class Alone final : public Ranks {
 public:
  using Ranks::from_first;
  void sum(std::vector<double>&) override {}
  void sum(const std::vector<torch::Tensor>&) override {}
  std::unique_ptr<GradientSums> gradient_sums(const std::vector<torch::Tensor>& parameters) override {
    return plain_gradient_sums(*this, parameters);
  }
  void share(const std::vector<torch::Tensor>&, int) override {}
  std::vector<torch::Tensor> bring_to_first(const std::vector<torch::Tensor>& tensors, int) override { return tensors; }
  void first_alone(const std::function<void()>& work) override { work(); }
  void wait_for_first() override {}
  void let_others_go() override {}
  std::string from_first(const std::string& text) override { return text; }
};

/// The variables of one launcher: ranks and sizes, and where the first process is, "" where it does not say.
struct Launcher {
  const char *name, *rank, *world, *local_rank, *local_world, *address;
};

// srun sets SLURM_STEP_NUM_TASKS; a batch script that starts the command without srun has SLURM_NTASKS alone, and is one process.
constexpr Launcher kLaunchers[] = {
    {"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", ""},
    {"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "", "SLURM_LAUNCH_NODE_IPADDR"},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", ""},
};

int number(const char* variable, const char* text) {
  int value = 0;
  const char* const end = text + std::strlen(text);
  if (const auto [stop, error] = std::from_chars(text, end, value); error != std::errc{} || stop != end || value < 0)
    throw UserError("the environment's " + std::string(variable) + " is '" + text + "'; expected a number from 0");
  return value;
}

}  // namespace

bool Ranks::any(bool here) {
  std::vector<double> count{here ? 1.0 : 0.0};
  sum(count);
  return count[0] > 0;
}

double Ranks::from_first(double value) {
  std::vector<double> values{is_first() ? value : 0};
  sum(values);
  return values[0];
}

void Ranks::require_same(const std::string& what, const Json& here) {
  if (is_alone()) return;
  const Json first = Json::parse(from_first(here.dump(-1, ' ', false, Json::error_handler_t::replace)));
  std::string differs;
  for (const auto& [key, value] : here.items())
    if (!first.contains(key) || first[key] != value)
      differs +=
          (differs.empty() ? "" : "; ") + key + " is " + value.dump() + ", there " + (first.contains(key) ? first[key].dump() : "absent");
  for (const auto& [key, value] : first.items())
    if (!here.contains(key)) differs += (differs.empty() ? "" : "; ") + key + " is absent, there " + value.dump();
  // All learn of it, so that all end at once.
  if (!any(!differs.empty())) return;
  if (differs.empty()) throw PeerError("another process has other " + what + " than this one");
  throw UserError("process " + std::to_string(process().rank) + " has other " + what + " than process 0: " + differs,
                  "start every process with the same flags and files");
}

std::unique_ptr<GradientSums> plain_gradient_sums(Ranks& ranks, const std::vector<torch::Tensor>& parameters) {
  return std::make_unique<PlainGradientSums>(ranks, parameters);
}

std::shared_ptr<Ranks> alone() { return std::make_shared<Alone>(); }

std::optional<Launch> find_launch(const std::function<const char*(const char*)>& variable) {
  for (const Launcher& launcher : kLaunchers) {
    const char *rank = variable(launcher.rank), *world = variable(launcher.world);
    if (rank == nullptr || world == nullptr) continue;
    Launch launch{.process = {.rank = number(launcher.rank, rank), .world = number(launcher.world, world)}};
    const std::string said = std::string(launcher.rank) + "=" + rank + " and " + launcher.world + "=" + world;
    if (launch.process.world < 1 || launch.process.rank >= launch.process.world)
      throw UserError(said + " of the environment cannot be: ranks count from 0 to one below the size");
    if (launch.process.world == 1) return std::nullopt;
    const auto optional_number = [&](const char* name, int otherwise) {
      const char* text = *name == '\0' ? nullptr : variable(name);
      return text == nullptr ? otherwise : number(name, text);
    };
    launch.local_rank = optional_number(launcher.local_rank, launch.process.rank);
    launch.local_world = optional_number(launcher.local_world, launch.process.world);
    const char *address = variable("MASTER_ADDR"), *port = variable("MASTER_PORT");
    if (address == nullptr && *launcher.address != '\0') address = variable(launcher.address);
    if (address != nullptr) launch.address = address;
    constexpr int kUsualPort = 29500;  // torchrun's
    launch.port = port == nullptr ? kUsualPort : number("MASTER_PORT", port);
    if (address == nullptr && launch.local_world < launch.process.world)
      throw UserError(
          std::string(launcher.name) + " started processes on several machines, and MASTER_ADDR does not say where the first is",
          "export MASTER_ADDR=<host of process 0>, and MASTER_PORT where 29500 is taken");
    const char* agent = variable("TORCHELASTIC_USE_AGENT_STORE");
    launch.has_agent = agent != nullptr && std::strcmp(agent, "True") == 0;
    return launch;
  }
  return std::nullopt;
}

}  // namespace attend
