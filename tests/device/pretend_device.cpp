#include "tests/device/pretend_device.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <vector>

#include <ATen/EmptyTensor.h>
#include <ATen/NativeFunctions.h>
#include <ATen/detail/MTIAHooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/native/Resize.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>
#include <torch/torch.h>

namespace attend::pretend {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::MTIA;

std::atomic<std::int64_t> count_in, count_out, total_bytes_in, total_bytes_out, used, most_used;
thread_local int operations = 0;  // that this thread is inside of: their copies are their own

/// Pages of one allocation, closed unless somebody holds them open.
class Block {
 public:
  explicit Block(std::size_t bytes) : bytes_(bytes) {
    const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    mapped_ = (std::max<std::size_t>(bytes, 1) + page - 1) / page * page;
    start_ = ::mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TORCH_CHECK(start_ != MAP_FAILED, "the pretend device has no memory left");
    const std::int64_t now = used += static_cast<std::int64_t>(bytes_);
    for (std::int64_t most = most_used; most < now && !most_used.compare_exchange_weak(most, now);) {
    }
  }
  ~Block() {
    used -= static_cast<std::int64_t>(bytes_);
    ::munmap(start_, mapped_);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void* start() const { return start_; }
  std::size_t bytes() const { return bytes_; }

  void open() {
    const std::lock_guard lock(mutex_);
    if (holders_++ == 0) ::mprotect(start_, mapped_, PROT_READ | PROT_WRITE);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    if (--holders_ == 0) ::mprotect(start_, mapped_, PROT_NONE);
  }

 private:
  void* start_ = nullptr;
  std::size_t bytes_, mapped_ = 0;
  std::mutex mutex_;
  int holders_ = 0;
};

Block& block_of(const c10::Storage& storage) { return *static_cast<Block*>(storage.data_ptr().get_context()); }

class Opened {
 public:
  explicit Opened(Block& block) : block_(block) { block_.open(); }
  ~Opened() { block_.close(); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  Block& block_;
};

class PretendAllocator final : public c10::DeviceAllocator {
 public:
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override {
    c10::CachingDeviceAllocator::DeviceStats stats;
    auto& all = stats.allocated_bytes.at(static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE));
    all.current = used;
    all.peak = most_used;
    return stats;
  }
  std::pair<std::size_t, std::size_t> getMemoryInfo(c10::DeviceIndex) override {
    constexpr std::size_t kAll = std::size_t{1} << 28;
    return {kAll - std::min(kAll, static_cast<std::size_t>(used.load())), kAll};
  }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex) override { most_used = used.load(); }
  c10::DataPtr allocate(std::size_t bytes) override {
    auto* block = new Block(bytes);
    return {block->start(), block, &free_block, kDevice};
  }
  void copy_data(void*, const void*, std::size_t) const override { TORCH_CHECK(false, "the host copies the pretend device's memory"); }

 private:
  static void free_block(void* block) { delete static_cast<Block*>(block); }
};

PretendAllocator allocator;
REGISTER_ALLOCATOR(kType, &allocator)

c10::Stream only_stream() { return c10::Stream(c10::Stream::DEFAULT, kDevice); }

struct PretendGuard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return only_stream(); }
  c10::Stream getDefaultStream(c10::Device) const override { return only_stream(); }
  c10::Stream exchangeStream(c10::Stream) const override { return only_stream(); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
};
C10_REGISTER_GUARD_IMPL(MTIA, PretendGuard);

/// Random numbers are the host's.
struct PretendHooks final : at::MTIAHooksInterface {
  bool hasMTIA() const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getDeviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex) const override {}
  void deviceSynchronize(c10::DeviceIndex) const override {}
  c10::Stream getCurrentStream(c10::DeviceIndex) const override { return only_stream(); }
  c10::Stream getDefaultStream(c10::DeviceIndex) const override { return only_stream(); }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override { return at::globalContext().defaultGenerator(at::kCPU); }
  at::Generator getNewGenerator(c10::DeviceIndex) const override { return at::globalContext().defaultGenerator(at::kCPU).clone(); }
};

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>, std::optional<at::Device>,
                 std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &allocator, c10::DispatchKeySet(c10::DispatchKey::MTIA), c10::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                         std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &allocator, c10::DispatchKeySet(c10::DispatchKey::MTIA),
                                           c10::dtype_or_default(dtype));
}

/// The tensor's own bytes, as a tensor of the host: to be used while its block is open.
at::Tensor as_host(const at::Tensor& tensor) {
  auto* const first = static_cast<char*>(tensor.storage().data_ptr().get()) + tensor.storage_offset() * tensor.element_size();
  return at::from_blob(
      first, tensor.sizes(), tensor.strides(), [](void*) {}, tensor.options().device(at::kCPU));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  if (operations == 0 && from.device() != to.device()) {
    const bool is_in = from.is_cpu();
    ++(is_in ? count_in : count_out);
    (is_in ? total_bytes_in : total_bytes_out) += static_cast<std::int64_t>(from.numel() * from.element_size());
  }
  const at::NoGradGuard no_gradient;
  std::vector<std::unique_ptr<Opened>> opened;
  const auto host = [&](const at::Tensor& tensor) {
    if (tensor.is_cpu()) return tensor;
    opened.push_back(std::make_unique<Opened>(block_of(tensor.storage())));
    return as_host(tensor);
  };
  host(to).copy_(host(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  if (to.sizes() != from.sizes()) to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar local_scalar(const at::Tensor& tensor) {
  const auto host = at::empty({}, tensor.options().device(at::kCPU));
  copy_from(tensor.reshape({}), host, false);
  return host.item();
}

const at::Tensor& resize(const at::Tensor& tensor, at::IntArrayRef size, std::optional<at::MemoryFormat>) {
  auto* const implementation = tensor.unsafeGetTensorImpl();
  implementation->set_sizes_contiguous(size);
  const auto bytes = static_cast<std::size_t>((tensor.storage_offset() + tensor.numel()) * tensor.element_size());
  const c10::Storage& storage = implementation->unsafe_storage();
  if (bytes > storage.nbytes()) {
    auto larger = allocator.allocate(bytes);
    if (storage.nbytes() > 0) {
      Block &before = block_of(storage), &after = *static_cast<Block*>(larger.get_context());
      const Opened open_before(before), open_after(after);
      std::memcpy(after.start(), before.start(), before.bytes());
    }
    storage.set_data_ptr_noswap(std::move(larger));
    storage.set_nbytes(bytes);
  }
  return tensor;
}

at::Tensor& set_storage(at::Tensor& tensor, at::Storage storage, std::int64_t offset, at::IntArrayRef size, at::IntArrayRef stride) {
  return at::native::set_storage_cpu_(tensor, std::move(storage), offset, size, stride);
}

void on_host(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  ++operations;
  try {
    at::native::cpu_fallback(operation, stack, /*error_on_views=*/true);
  } catch (...) {
    --operations;
    throw;
  }
  --operations;
}

TORCH_LIBRARY_IMPL(aten, MTIA, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("_local_scalar_dense", &local_scalar);
  library.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
  library.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  library.impl("view", TORCH_FN(at::native::view));
  library.impl("unfold", TORCH_FN(at::native::unfold));
  library.impl("resize_", &resize);
  library.impl("set_.source_Storage_storage_offset", &set_storage);
}

TORCH_LIBRARY_IMPL(_, MTIA, library) { library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_host>()); }

}  // namespace

Copies copies() { return {.in = count_in, .out = count_out, .bytes_in = total_bytes_in, .bytes_out = total_bytes_out}; }
std::int64_t bytes_used() { return used; }
std::int64_t most_bytes_used() { return most_used; }

}  // namespace attend::pretend

namespace at {

C10_REGISTER_CLASS(MTIAHooksRegistry, MTIAHooks, attend::pretend::PretendHooks)

}  // namespace at
