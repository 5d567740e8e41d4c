#pragma once
// Is there a GPU to test on? And memory of it, for as long as an object lives.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::gpu {

// Empty where there is one; else why not, in the words of CUDA and ours.
std::string why_none();
// Its name, its driver, its memory.
std::string description();
// Bytes that can still be had.
std::size_t free_bytes();

class memory {
 public:
  explicit memory(std::size_t bytes) : bytes_(bytes) {
    need_success(cudaMalloc(&data_, bytes > 0 ? bytes : 1), "allocating for a test");
  }
  memory(memory const&) = delete;
  memory& operator=(memory const&) = delete;
  ~memory() { (void)cudaFree(data_); }
  std::size_t size() const { return bytes_; }
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  std::span<std::byte> span() const { return {data(), bytes_}; }

 private:
  std::size_t bytes_;
  void* data_ = nullptr;
};

// n values of T on the device, copied to and fro with waiting: cudaMemcpy returns when what it was given has been read, and a stream
// that is none of the default one's does not wait for the rest.
template <class T>
class array {
 public:
  explicit array(index_t n) : n_(static_cast<std::size_t>(n)), memory_(n_ * sizeof(T)) {}
  explicit array(std::vector<T> const& values) : array(static_cast<index_t>(values.size())) { put(values); }
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  void put(std::vector<T> const& values) {
    need_success(cudaMemcpy(data(), values.data(), n_ * sizeof(T), cudaMemcpyHostToDevice), "copying to the device");
    need_success(cudaStreamSynchronize(nullptr), "copying to the device");
  }
  void fill_bytes(int byte) {
    need_success(cudaMemset(data(), byte, n_ * sizeof(T)), "filling device memory");
    need_success(cudaStreamSynchronize(nullptr), "filling device memory");
  }
  std::vector<T> values() const {
    std::vector<T> made(n_);
    need_success(cudaMemcpy(made.data(), data(), n_ * sizeof(T), cudaMemcpyDeviceToHost), "copying from the device");
    return made;
  }

 private:
  std::size_t n_;
  memory memory_;
};

// A stream of the test's own.
class stream {
 public:
  stream() { need_success(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream"); }
  stream(stream const&) = delete;
  ~stream() { (void)cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }
  void wait() const { need_success(cudaStreamSynchronize(stream_), "waiting for a stream"); }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace ssmscan::gpu
