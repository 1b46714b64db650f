// What launchers say, and what processes compare.
#include <map>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/training/pretend_ranks.h"

using namespace attend;
using Catch::Contains;

namespace {

std::optional<Launch> launch_of(const std::map<std::string, std::string>& environment) {
  return find_launch([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

}  // namespace

TEST_CASE("torchrun, srun and mpirun are recognised by their variables") {
  CHECK_FALSE(launch_of({}));
  const auto torchrun = launch_of({{"RANK", "3"},
                                   {"WORLD_SIZE", "8"},
                                   {"LOCAL_RANK", "1"},
                                   {"LOCAL_WORLD_SIZE", "2"},
                                   {"MASTER_ADDR", "node0"},
                                   {"MASTER_PORT", "4321"},
                                   {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
  REQUIRE(torchrun);
  CHECK(torchrun->process.rank == 3);
  CHECK(torchrun->process.world == 8);
  CHECK(torchrun->local_rank == 1);
  CHECK(torchrun->local_world == 2);
  CHECK(torchrun->address == "node0");
  CHECK(torchrun->port == 4321);
  CHECK(torchrun->has_agent);

  const auto slurm =
      launch_of({{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_LOCALID", "0"}, {"SLURM_LAUNCH_NODE_IPADDR", "10.0.0.7"}});
  REQUIRE(slurm);
  CHECK(slurm->process.rank == 1);
  CHECK(slurm->address == "10.0.0.7");
  CHECK_FALSE(slurm->has_agent);
  CHECK_FALSE(launch_of({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}));  // a batch script without srun

  const auto mpi = launch_of({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "2"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
  REQUIRE(mpi);
  CHECK(mpi->address == "127.0.0.1");
  CHECK_FALSE(launch_of({{"RANK", "0"}, {"WORLD_SIZE", "1"}}));  // one process is alone
}

TEST_CASE("variables that cannot be are refused by name") {
  CHECK_THROWS_WITH(launch_of({{"RANK", "two"}, {"WORLD_SIZE", "2"}}), Contains("RANK is 'two'"));
  CHECK_THROWS_WITH(launch_of({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), Contains("RANK=2 and WORLD_SIZE=2"));
  CHECK_THROWS_WITH(launch_of({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}),
                    Contains("MASTER_ADDR"));
}

TEST_CASE("a process with other flags or data than the first is told which") {
  PretendRanks second({.rank = 1, .world = 2});
  const Json here{{"seed", 1}, {"train", "a.txt"}, {"batches", 7}};
  second.first_text = here.dump();
  CHECK_NOTHROW(second.require_same("flags or data", here));
  Json other = here;
  other["seed"] = 2;
  other.erase("train");
  second.first_text = other.dump();
  CHECK_THROWS_WITH(second.require_same("flags or data", here), Contains("process 1 has other flags or data than process 0") &&
                                                                    Contains("seed is 1, there 2") &&
                                                                    Contains("train is \"a.txt\", there absent") && !Contains("batches"));
  CHECK_NOTHROW(alone()->require_same("flags or data", here));
}

TEST_CASE("a port in use, and a peer that never comes, are said") {
  const Launch launch{.process = {.rank = 1, .world = 2}, .local_rank = 1, .local_world = 2, .address = "127.0.0.1", .port = 1};
  CHECK_THROWS_WITH(join(launch, std::chrono::seconds(1)), Contains("process 1 of 2 did not meet the others at 127.0.0.1:1 within 1 s"));
}
