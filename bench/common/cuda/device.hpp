#pragma once
// The GPU as the benchmarks see it: memory, one stream, and passes timed by the device's own clock. No CUDA header here,
// so that contenders are compiled as everything else is.
//
// A pass over few elements is shorter than its launch, and a host that launches one after another times itself. So passes
// are timed in batches between two events, launched one by one and replayed from a graph, and the faster way counts, for
// everybody: a call may do less outside a graph, a graph hides the host.
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
  void put(void const* from, std::size_t bytes);  // from the host, waiting
  void take(void* to, std::size_t bytes) const;   // to the host, waiting
  void fill(int byte);                            // on the stream
  void copy_from(memory const& other);            // on the stream

 private:
  std::size_t bytes_;
  std::byte* data_ = nullptr;
};

// Memory of someone else, waiting.
void copy_to_device(void* to, void const* from, std::size_t bytes);
void copy_to_host(void* to, void const* from, std::size_t bytes);

// n values of T.
template <class T>
class array {
 public:
  explicit array(std::size_t n) : n_(n), held_(n * sizeof(T)) {}
  T* data() const { return reinterpret_cast<T*>(held_.data()); }
  std::size_t size() const { return n_; }
  void put(T const* from) { put_first(from, n_); }
  void put_first(T const* from, std::size_t count) { held_.put(from, count * sizeof(T)); }
  void take(T* to) const { take_first(to, n_); }
  void take_first(T* to, std::size_t count) const { held_.take(to, count * sizeof(T)); }
  memory& bytes() { return held_; }
  memory const& bytes() const { return held_; }

 private:
  std::size_t n_;
  memory held_;
};

// Can what a pass does be captured? A library that allocates within its call cannot, and is launched pass by pass.
enum class launching { by_graph, by_call };
inline char const* words_of(launching how) {
  return how == launching::by_graph ? "replayed from a graph" : "launched one by one";
}

// A batch of passes, long enough for the clock. `enqueue(k)` puts the k-th pass on the stream; k counts from 0, so that
// passes can rotate among buffers.
class batch {
 public:
  // allowed: by_call allows no graph. least: passes in a batch at least; a multiple of it is taken.
  batch(std::function<void(std::size_t)> enqueue, launching allowed, std::size_t least);
  std::size_t passes() const { return passes_; }
  launching how() const { return graph_ ? launching::by_graph : launching::by_call; }
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
