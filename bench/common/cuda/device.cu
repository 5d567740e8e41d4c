#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "bench/common/cuda/device.hpp"
#include "bench/common/outcome.hpp"
#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/scan/backends/cuda/gpus.hpp>

namespace ssmscan::bench::gpu {

std::string const& why_none() {
  static std::string const why = device::why_no_gpu();
  return why;
}

std::size_t l2_bytes() {
  int device = 0, bytes = 0;
  need_success(cudaGetDevice(&device), "asking for the device");
  need_success(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device), "asking for the size of the L2 cache");
  return static_cast<std::size_t>(bytes);
}

stream the_stream() {
  static stream const one = [] {
    cudaStream_t made = nullptr;
    need_success(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "making a stream");
    return made;
  }();
  return one;
}

void wait() { need_success(cudaStreamSynchronize(the_stream()), "running a benchmark"); }

memory::memory(std::size_t bytes) : bytes_(bytes) {
  void* made = nullptr;
  cudaError_t const status = cudaMalloc(&made, std::max<std::size_t>(bytes, 1));
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    std::size_t free = 0, total = 0;
    need_success(cudaMemGetInfo(&free, &total), "asking for free memory");
    char text[96];
    constexpr double gib = 1024.0 * 1024 * 1024;
    std::snprintf(text, sizeof text, "device memory: need %.2f GiB more; %.2f of %.2f GiB are free",
                  static_cast<double>(bytes) / gib, static_cast<double>(free) / gib, static_cast<double>(total) / gib);
    throw std::runtime_error(std::string(not_run) + text);
  }
  need_success(status, "allocating device memory");
  data_ = static_cast<std::byte*>(made);
}

memory::~memory() { (void)cudaFree(data_); }

void copy_to_device(void* to, void const* from, std::size_t bytes) {
  need_success(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, the_stream()), "copying to the device");
  wait();
}
void copy_to_host(void* to, void const* from, std::size_t bytes) {
  need_success(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, the_stream()), "copying from the device");
  wait();
}

void memory::put(void const* from, std::size_t bytes) { copy_to_device(data_, from, bytes); }
void memory::take(void* to, std::size_t bytes) const { copy_to_host(to, data_, bytes); }

void memory::fill(int byte) {
  need_success(cudaMemsetAsync(data_, byte, bytes_, the_stream()), "filling device memory");
}

void memory::copy_from(memory const& other) {
  need_success(cudaMemcpyAsync(data_, other.data_, bytes_, cudaMemcpyDeviceToDevice, the_stream()),
               "copying on the device");
}

namespace {

struct events {
  cudaEvent_t begin = nullptr, end = nullptr;
  events() {
    need_success(cudaEventCreate(&begin), "making an event");
    need_success(cudaEventCreate(&end), "making an event");
  }
  template <class Work>
  double seconds(Work const& work) const {
    need_success(cudaEventRecord(begin, the_stream()), "recording an event");
    work();
    need_success(cudaEventRecord(end, the_stream()), "recording an event");
    need_success(cudaEventSynchronize(end), "running a benchmark");
    float milliseconds = 0;
    need_success(cudaEventElapsedTime(&milliseconds, begin, end), "reading the time");
    return static_cast<double>(milliseconds) * 1e-3;
  }
};

events const& clock() {
  static events const one;
  return one;
}

}  // namespace

struct batch::graph {
  cudaGraphExec_t made = nullptr;
  template <class Work>
  explicit graph(Work const& work) {
    cudaGraph_t captured = nullptr;
    need_success(cudaStreamBeginCapture(the_stream(), cudaStreamCaptureModeThreadLocal), "beginning a capture");
    try {
      work();
    } catch (...) {
      (void)cudaStreamEndCapture(the_stream(), &captured);
      (void)cudaGetLastError();
      if (captured != nullptr) (void)cudaGraphDestroy(captured);
      throw;
    }
    need_success(cudaStreamEndCapture(the_stream(), &captured), "ending a capture");
    cudaError_t const status = cudaGraphInstantiate(&made, captured, 0);
    (void)cudaGraphDestroy(captured);
    need_success(status, "instantiating a graph");
  }
  graph(graph const&) = delete;
  ~graph() { (void)cudaGraphExecDestroy(made); }
  void launch() const { need_success(cudaGraphLaunch(made, the_stream()), "replaying a graph"); }
};

batch::batch(std::function<void(std::size_t)> enqueue, launching allowed, std::size_t least)
    : enqueue_(std::move(enqueue)) {
  // The clock's step is half a microsecond, and a replay costs some itself: a batch takes a millisecond or more. What takes
  // longer than `long_pass` needs no warming up, and no launch weighs there.
  constexpr double least_seconds = 1e-3, long_pass = 1e-2;
  constexpr std::size_t most_passes = 256;
  least = std::max<std::size_t>(least, 1);
  auto const run = [&] {
    for (std::size_t k = 0; k < least; ++k) enqueue_(k);
  };
  double one = clock().seconds(run) / static_cast<double>(least);  // loads the code
  if (one < long_pass) one = clock().seconds(run) / static_cast<double>(least);
  auto const wanted = static_cast<std::size_t>(std::ceil(least_seconds / std::max(one, 1e-7)));
  passes_ = std::max(least, (std::min(wanted, most_passes) + least - 1) / least * least);
  if (allowed == launching::by_call || one >= long_pass) return;

  double const by_call = std::min(seconds(), seconds());
  graph_ = std::make_shared<graph>([&] {
    for (std::size_t k = 0; k < passes_; ++k) enqueue_(k);
  });
  (void)seconds();  // uploads it
  if (std::min(seconds(), seconds()) > by_call) graph_ = nullptr;
}

double batch::seconds() const {
  return clock().seconds([&] {
    if (graph_)
      graph_->launch();
    else
      for (std::size_t k = 0; k < passes_; ++k) enqueue_(k);
  });
}

double median_seconds(batch const& of) {
  constexpr std::size_t samples = 15;
  constexpr double enough_seconds = 0.05;
  std::vector<double> seen;
  for (double total = 0; seen.size() < 5 || (seen.size() < samples && total < enough_seconds);) {
    seen.push_back(of.seconds());
    total += seen.back();
  }
  std::ranges::nth_element(seen, seen.begin() + static_cast<std::ptrdiff_t>(seen.size() / 2));
  return seen[seen.size() / 2] / static_cast<double>(of.passes());
}

}  // namespace ssmscan::bench::gpu
