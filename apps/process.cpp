#include "apps/process.h"

#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

#include "core/error.h"

// Read by jemalloc before main(). Large activations are freed and asked for again at every step: pages that go back to the system
// are zeroed anew, which costs a training step up to a third of its time, so they are kept.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1,oversize_threshold:0";
}

namespace attend {

namespace {

/// A standard descriptor that the shell closed (`>&-`) becomes /dev/null, not writable: the next file opened would get its
/// number, and results would be written into that file.
void occupy_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) == -1 && ::open("/dev/null", O_RDONLY) == -1) std::abort();
}

}  // namespace

// cuBLAS's products are the same from run to run only with workspaces of a fixed size, and LibTorch refuses deterministic training on a GPU
// without this word for it. What the user has set stays.
void settle_environment() { ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0); }

void prepare_process() {
  settle_environment();
  occupy_standard_descriptors();
  std::cin.tie(nullptr);                   // else reading writes, and what cannot be written looks like what cannot be read
  std::cout.exceptions(std::ios::badbit);  // a result that cannot be written is told where it happens, with its reason
  std::signal(SIGXFSZ, SIG_IGN);           // a file over the shell's limit is an error of write(), told as one, not a crash
}

std::string unwritten_results() { return std::string("cannot write the results to standard output: ") + std::strerror(errno); }

}  // namespace attend
