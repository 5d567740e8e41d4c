#pragma once
// The GPU as the benchmarks see it: memory, one stream, and passes timed by the device's own clock. No CUDA header here,
// so that contenders are compiled as everything else is.
//
// A pass over few elements is shorter than its launch, and a host that launches one after another times itself. So a batch
// of passes is captured in a graph and replayed between two events: what is timed is the device.
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan::bench::gpu {

using device::stream;

// Empty where there is a GPU that can be used; else why not, in the words of CUDA and ours. Asked once.
std::string const& why_none();

std::size_t l2_bytes();
stream the_stream();
void wait();  // for the stream; throws what went wrong on it

// Device memory for as long as it lives. Where there is not enough, a benchmark is left out: the message says so.
class memory {
 public:
  explicit memory(std::size_t bytes);
  memory(memory const&) = delete;
  memory& operator=(memory const&) = delete;
  ~memory();
  std::byte* data() const { return data_; }
  std::size_t size() const { return bytes_; }
  std::span<std::byte> span() const { return {data_, bytes_}; }
  void put(void const* from, std::size_t bytes);       // from the host, waiting
  void take(void* to, std::size_t bytes) const;        // to the host, waiting
  void fill(int byte);                                 // on the stream
  void copy_from(memory const& other);                 // on the stream

 private:
  std::size_t bytes_;
  std::byte* data_ = nullptr;
};

// n values of T.
template <class T>
class array {
 public:
  explicit array(std::size_t n) : n_(n), held_(n * sizeof(T)) {}
  T* data() const { return reinterpret_cast<T*>(held_.data()); }
  std::size_t size() const { return n_; }
  void put(T const* from) { held_.put(from, n_ * sizeof(T)); }
  void take(T* to) const { held_.take(to, n_ * sizeof(T)); }
  memory& bytes() { return held_; }
  memory const& bytes() const { return held_; }

 private:
  std::size_t n_;
  memory held_;
};

// Can what a pass does be captured? A library that waits within its call cannot, and is launched pass by pass.
enum class launching { by_graph, by_call };

// A batch of passes, long enough for the clock. `enqueue(k)` puts the k-th pass on the stream; k counts from 0, so that
// passes can rotate among buffers.
class batch {
 public:
  // least: passes in a batch at least; a multiple of it is taken.
  batch(std::function<void(std::size_t)> enqueue, launching how, std::size_t least);
  std::size_t passes() const;
  double seconds() const;  // of one run of the batch

 private:
  struct graph;
  std::function<void(std::size_t)> enqueue_;
  std::shared_ptr<graph> graph_;
  std::size_t passes_;
};

// Median seconds of a pass over several batches.
double median_seconds(batch const& of);

}  // namespace ssmscan::bench::gpu
