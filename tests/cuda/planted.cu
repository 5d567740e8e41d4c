// Faults on purpose, one for each tool of compute-sanitizer, to see that it would tell: planted race|overrun|barrier|unset. And one
// that is none, which racecheck reports: one_report.
#include <cstdint>
#include <cstdio>
#include <string_view>

#include <cuda/ptx>
#include <cuda_runtime.h>

namespace {

namespace ptx = cuda::ptx;

constexpr int threads = 64;

__global__ void race(int* out) {  // another warp's value, and no barrier
  __shared__ int values[threads];
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  out[threadIdx.x] = values[threads - 1 - threadIdx.x];
}

__global__ void overrun(int* out) { out[threadIdx.x + 1] = 1; }  // the last thread's is one past the end

__global__ void barrier(int* out) {  // half of each warp comes; a warp that has ended counts as come
  if (threadIdx.x % 2 == 0) __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void unset(int* out) { out[0] = out[1] + 1; }  // nobody wrote out[1]

// A warp reads, __syncwarp orders what its lanes did before what lane 0 does next, and lane 0 reports on an mbarrier; another
// warp waits for it and writes. By CUDA's memory model no race. racecheck of CUDA 13.0 counts a report for the lane
// that makes it alone, and calls it one; with a report of every lane it is content.
__global__ void one_report(int* out) {
  __shared__ int value;
  __shared__ std::uint64_t written, read;
  if (threadIdx.x == 0) ptx::mbarrier_init(&written, 1), ptx::mbarrier_init(&read, 1);
  __syncthreads();
  int const lane = threadIdx.x % 32;
  if (threadIdx.x < 32) {
    while (!ptx::mbarrier_try_wait_parity(&written, 0)) {}
    out[lane] = value;
    __syncwarp();
    if (lane == 0) ptx::mbarrier_arrive(&read);
  } else if (lane == 0) {
    value = 1;
    ptx::mbarrier_arrive(&written);
    while (!ptx::mbarrier_try_wait_parity(&read, 0)) {}
    value = 2;
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::string_view const which = count == 2 ? arguments[1] : "";
  int* out = nullptr;
  if (cudaMalloc(&out, threads * sizeof(int)) != cudaSuccess) return 77;  // no GPU here
  if (which == "race") {
    race<<<1, threads>>>(out);
  } else if (which == "overrun") {
    overrun<<<1, threads>>>(out);
  } else if (which == "barrier") {
    barrier<<<1, threads>>>(out);
  } else if (which == "unset") {
    unset<<<1, threads>>>(out);
  } else if (which == "one_report") {
    one_report<<<1, threads>>>(out);
  } else {
    std::fprintf(stderr, "planted: got \"%.*s\"; need race, overrun, barrier, unset or one_report\n",
                 static_cast<int>(which.size()), which.data());
    return 2;
  }
  return cudaDeviceSynchronize() == cudaSuccess ? 0 : 1;
}
