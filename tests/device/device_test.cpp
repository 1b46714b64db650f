// The pretend device is one: its memory is closed to the host, and copies are counted.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/device_memory.h"
#include "models/layers/packed.h"
#include "tests/device/pretend_device.h"

using namespace attend;

namespace {

/// The signal that ends a process that does `work`; 0: none.
int signal_of(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGSEGV, SIG_DFL);
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("whoever touches the device's memory from the host crashes") {
  const auto x = torch::ones({4}, pretend::kDevice), y = torch::ones({4});
  volatile float sink = 0;
  CHECK(signal_of([&] { sink = y.const_data_ptr<float>()[0]; }) == 0);
  CHECK(signal_of([&] { sink = x.const_data_ptr<float>()[0]; }) == SIGSEGV);
  CHECK(signal_of([&] { x.mutable_data_ptr<float>()[0] = 2; }) == SIGSEGV);
  CHECK(x.sum().item<float>() == 4);
}

TEST_CASE("its operations are the CPU's, gradients included") {
  const auto weight = torch::randn({3, 5}), x = torch::randn({2, 5});
  const auto gradient = [&](torch::Device device) {
    const auto w = weight.to(device, torch::kFloat32, /*non_blocking=*/false, /*copy=*/true).requires_grad_();
    torch::softmax(torch::linear(x.to(device), w), 1).select(1, 0).sum().backward();
    CHECK(w.grad().device() == device);
    return w.grad().cpu();
  };
  CHECK(torch::equal(gradient(torch::kCPU), gradient(pretend::kDevice)));
}

TEST_CASE("a layout goes to the device once, whatever is asked of it and by whom") {
  const PackedLayout layout({3, 1, 2}, pretend::kDevice);
  const PackedLayout copy = layout;
  const auto x = torch::arange(12.0).view({6, 2}).to(pretend::kDevice);
  const auto before = pretend::copies();
  const auto padded = layout.pad(x);
  const auto packed = copy.unpad(padded);
  const auto positions = copy.positions_N(), is_token = layout.is_token_BL();
  const auto after = pretend::copies();
  CHECK(after.in - before.in == 1);
  CHECK(after.bytes_in - before.bytes_in == (2 * 6 + 3) * 8);
  CHECK(after.out == before.out);
  CHECK(torch::equal(packed.cpu(), x.cpu()));
  CHECK(torch::equal(positions.cpu(), torch::tensor({0, 1, 2, 0, 0, 1}, torch::kInt64)));
  CHECK(is_token.sum().item<std::int64_t>() == 6);
}

TEST_CASE("the most memory that a device held is told, and the CPU has none") {
  const std::int64_t before = most_device_bytes(pretend::kDevice);
  constexpr std::int64_t kFloats = 1 << 20;
  { const auto large = torch::zeros({4 * kFloats}, pretend::kDevice); }
  const std::int64_t after = most_device_bytes(pretend::kDevice);
  CHECK(after >= 4 * kFloats * 4);
  CHECK(after >= before);
  CHECK(most_device_bytes(torch::kCPU) == 0);
}
