#pragma once
// One CUDA device, for whoever compiles with nvcc (-std=c++20 --extended-lambda --expt-relaxed-constexpr): any algorithm
// over any monoid of trivially copyable values, with functors that are callable on the device.
//
//   ssmscan::workspace_query query;
//   ssmscan::scan(query, ssmscan::blelloch{}, monoid, extent, load, store);  // runs nothing
//   ssmscan::cuda on(stream, {workspace, query.bytes()});                    // as many bytes of device memory
//   ssmscan::scan(on, ssmscan::blelloch{}, monoid, extent, load, store);     // asynchronous, on the stream
//
// Nothing is allocated and nothing waited for, so that a scan can be captured in a CUDA graph. The workspace is in use
// until the stream has passed the scan. Errors of a launch arrive as std::system_error, those of a kernel that runs (as
// always in CUDA) at whatever is called next. (`ssmscan::cuda` hides nothing but stands beside the toolkit's namespace
// `cuda`: who says `using namespace ssmscan` writes `ssmscan::cuda` and `::cuda::` in full.)
#include <algorithm>

#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/mailbox.cuh>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan {

namespace detail {

using ticket_t = unsigned long long;  // what atomicAdd takes

// Threads of a thread block. Short bodies: eight warps, the most of which each thread can have all 255 registers. Long
// ones: a warp, so that a thousand of them are spread over many multiprocessors; four only when there are enough for all.
inline constexpr int element_threads = 256, few_long_bodies = 32, many_long_bodies = 128;
inline constexpr index_t many = 1 << 17;
inline constexpr index_t most_blocks = 1 << 16;  // fills any device many times over; then threads go round

// A thread for each (lane, i), i fastest; a grid too small for all goes over them again.
template <class Body>
__global__ void __launch_bounds__(element_threads) each_element(extent e, Body body) {
  index_t const total = e.lanes * e.time, step = index_t{gridDim.x} * blockDim.x;
  bool const narrow = total <= index_t{0xffffffff};  // a division of 32 bits is several times cheaper
  for (index_t k = index_t{blockIdx.x} * blockDim.x + threadIdx.x; k < total; k += step) {
    index_t const lane = narrow ? static_cast<std::uint32_t>(k) / static_cast<std::uint32_t>(e.time) : k / e.time;
    body(lane, k - lane * e.time);
  }
}

// A thread for each block's body.
template <class Body>
__global__ void __launch_bounds__(many_long_bodies) each_block(index_t count, Body body) {
  index_t const step = index_t{gridDim.x} * blockDim.x;
  for (index_t block = index_t{blockIdx.x} * blockDim.x + threadIdx.x; block < count; block += step) body(block);
}

// Tickets are drawn in order, each by a thread that runs, and a drawn block runs to its end: a block waits only for
// blocks that are running, whatever the order in which the hardware starts its own. A thread block is one thread, so that
// none of a warp can be what its neighbour waits for.
template <class Body>
__global__ void __launch_bounds__(1) each_ticket(ticket_t* next, index_t count, Body body) {
  for (auto ticket = static_cast<index_t>(atomicAdd(next, 1)); ticket < count;
       ticket = static_cast<index_t>(atomicAdd(next, 1)))
    body(ticket);
}

}  // namespace detail

class cuda {
 public:
  static constexpr std::string_view name = "cuda";

  // `workspace`: device memory of the stream's device, aligned to workspace_alignment.
  cuda(cudaStream_t stream, std::span<std::byte> workspace) : stream_(stream), memory_(workspace) {}
  cudaStream_t stream() const { return stream_; }

  template <class Body>
  void parallel_for(extent e, Body body) {
    constexpr int threads = detail::element_threads;
    launch(stream_, {blocks_for(e.lanes * e.time, threads), threads}, &detail::each_element<Body>, e, body);
  }

  template <class Body>
  void blocks(index_t count, Body body) {
    int const threads = count < detail::many ? detail::few_long_bodies : detail::many_long_bodies;
    launch(stream_, {blocks_for(count, threads), threads}, &detail::each_block<Body>, count, body);
  }

  template <class Body>
  void ordered_blocks(index_t count, Body body) {
    auto const next = scratch<detail::ticket_t>(1);
    clear(next.data(), sizeof(detail::ticket_t));
    launch(stream_, {blocks_for(count, 1), 1}, &detail::each_ticket<Body>, next.data(), count, body);
  }

  // In the workspace; what comes later on the stream may use the place again once the object is gone.
  template <class T>
  arena_array<T> scratch(index_t n) {
    return {memory_, n};
  }

  // Zeroes, before what comes later on the stream.
  void clear(void* data, std::size_t bytes) {
    if (bytes > 0) need_success(cudaMemsetAsync(data, 0, bytes, stream_), "clearing flags in the workspace");
  }

  template <class T>
  mailbox_array<T> mailboxes(index_t n) {
    return {memory_, n, [this](void* flags, std::size_t bytes) { clear(flags, bytes); }};
  }

 private:
  static index_t blocks_for(index_t bodies, int threads) {
    return std::min(detail::ceil_div(bodies, threads), detail::most_blocks);
  }

  cudaStream_t stream_;
  arena memory_;
};

// The backend that runs nothing: it adds up what an algorithm asks of its workspace, so that the size query is the
// algorithm's own text.
class workspace_query {
 public:
  static constexpr std::string_view name = "workspace_query";
  std::size_t bytes() const { return memory_.needed(); }

  template <class Body>
  void parallel_for(extent, Body) {}
  template <class Body>
  void blocks(index_t, Body) {}
  template <class Body>
  void ordered_blocks(index_t, Body) {
    (void)scratch<detail::ticket_t>(1);
  }
  template <class T>
  arena_array<T> scratch(index_t n) {
    return {memory_, n};
  }
  template <class T>
  mailbox_array<T> mailboxes(index_t n) {
    return {memory_, n, [](void*, std::size_t) {}};
  }

 private:
  arena memory_;
};

}  // namespace ssmscan
