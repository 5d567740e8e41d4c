#pragma once
// What a kernel needs to keep tiles in flight between global and shared memory: the barrier in shared memory on which the
// copy engine and the warps of a block report to one another (PTX: mbarrier), bulk copies both ways, and the copy of single
// elements for whatever is not 16-byte aligned or not contiguous. sm_90 and later.
#include <cstdint>

#include <cuda/ptx>

namespace ssmscan::device {

namespace ptx = ::cuda::ptx;

// Counts arrivals, and bytes still to come; a phase ends when both are in. Phases alternate in parity; waiting for the
// phase before the first returns at once.
class barrier {
 public:
  __device__ void initialise(std::uint32_t arrivals) { ptx::mbarrier_init(&state_, arrivals); }
  __device__ void arrive() { ptx::mbarrier_arrive(&state_); }
  __device__ void arrive_expecting(std::uint32_t bytes) {
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &state_, bytes);
  }
  // Of the phase that goes on, before its last arrival.
  __device__ void expect(std::uint32_t bytes) {
    asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(
                     static_cast<std::uint32_t>(__cvta_generic_to_shared(&state_))),
                 "r"(bytes)
                 : "memory");
  }
  // This thread's arrival comes when its copy_element calls so far have landed.
  __device__ void arrive_after_copies() { ptx::cp_async_mbarrier_arrive_noinc(&state_); }
  __device__ void wait(std::uint32_t parity) {
    while (!ptx::mbarrier_try_wait_parity(&state_, parity)) {}
  }
  __device__ std::uint64_t* handle() { return &state_; }

 private:
  std::uint64_t state_;
};

// Makes what one thread initialised visible to the copy engine; then the block synchronises.
__device__ inline void barriers_are_initialised() { ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster); }

inline constexpr std::uint32_t bulk_alignment = 16;  // of both addresses and of the size

// What is read or written once need not stay in the second-level cache.
__device__ inline std::uint64_t used_once() {
  std::uint64_t policy;
  asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
  return policy;
}

__device__ inline std::uint32_t shared_address(void const* p) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
}

__device__ inline std::uint64_t used_as_usual() {
  std::uint64_t policy;
  asm("createpolicy.fractional.L2::evict_normal.b64 %0, 1.0;" : "=l"(policy));
  return policy;
}

__device__ inline void bulk_load(void* shared, void const* global, std::uint32_t bytes, barrier& done,
                                 std::uint64_t policy) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], %4;" ::
          "r"(shared_address(shared)),
      "l"(global), "r"(bytes), "r"(shared_address(done.handle())), "l"(policy)
      : "memory");
}

// Into the second-level cache; nobody waits for it.
__device__ inline void bulk_prefetch(void const* global, std::uint32_t bytes) {
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(global), "r"(bytes) : "memory");
}

// The writing threads fence before they report; then one thread stores, and asks until when `shared` is still read.
__device__ inline void fence_before_bulk_store() { ptx::fence_proxy_async(ptx::space_shared); }
__device__ inline void bulk_store(void* global, void const* shared, std::uint32_t bytes) {
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [%0], [%1], %2, %3;" ::"l"(global),
               "r"(shared_address(shared)), "r"(bytes), "l"(used_once())
               : "memory");
}
__device__ inline void bulk_stores_have_been_read() {
  ptx::cp_async_bulk_commit_group();
  ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>{});
}

// The writes themselves, before the block ends.
__device__ inline void bulk_stores_are_done() { ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{}); }

// 8 bytes into the same place of another block of the cluster, and 8 of those that its barrier expects.
__device__ inline void store_in_cluster(std::uint64_t* at, std::uint64_t value, barrier& done, std::uint32_t block) {
  asm volatile(
      "{ .reg .u32 to, report;\n\t"
      "mapa.shared::cluster.u32 to, %0, %3;\n\t"
      "mapa.shared::cluster.u32 report, %2, %3;\n\t"
      "st.async.shared::cluster.mbarrier::complete_tx::bytes.u64 [to], %1, [report]; }" ::"r"(shared_address(at)),
      "l"(value), "r"(shared_address(done.handle())), "r"(block)
      : "memory");
}

// One element, asynchronously; pieces of the type's alignment, so that any valid pointer will do.
template <class T>
__device__ void copy_element(T* shared, T const* global) {
  constexpr int piece = alignof(T), pieces = sizeof(T) / piece;
  static_assert(piece == 4 || piece == 8, "the sizes that the hardware copies");
  std::uint32_t const to = shared_address(shared);
  auto const from = reinterpret_cast<std::uintptr_t>(global);
#pragma unroll
  for (int k = 0; k < pieces; ++k)
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(to + k * piece), "l"(from + k * piece), "n"(piece)
                 : "memory");
}

// This thread's copies so far have landed.
__device__ inline void copies_are_done() { asm volatile("cp.async.wait_all;" ::: "memory"); }

// 16 bytes, both addresses multiples of 16; past the first-level cache, as it is read once.
__device__ inline void copy_piece(void* shared, void const* global) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared)), "l"(global) : "memory");
}

}  // namespace ssmscan::device
