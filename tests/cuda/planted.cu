// Faults on purpose, one for each tool of compute-sanitizer, to see that it would tell: planted race|overrun|barrier|unset.
#include <cstdio>
#include <string_view>

#include <cuda_runtime.h>

namespace {

constexpr int threads = 64;

__global__ void race(int* out) {  // another warp's value, and no barrier
  __shared__ int values[threads];
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  out[threadIdx.x] = values[threads - 1 - threadIdx.x];
}

__global__ void overrun(int* out) { out[threadIdx.x + 1] = 1; }  // the last thread's is one past the end

__global__ void barrier(int* out) {  // half of the block comes
  if (threadIdx.x < threads / 2) __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void unset(int* out) { out[0] = out[1] + 1; }  // nobody wrote out[1]

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
  } else {
    std::fprintf(stderr, "planted: got \"%.*s\"; need race, overrun, barrier or unset\n",
                 static_cast<int>(which.size()), which.data());
    return 2;
  }
  return cudaDeviceSynchronize() == cudaSuccess ? 0 : 1;
}
