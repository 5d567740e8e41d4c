#pragma once
// look_back for the affine monoids on lanes whose time is contiguous: one pass, every element read once and written once
// (Merrill & Garland 2016), with the same bits whatever the timing.
//
// One block stays on each multiprocessor and passes tiles through a ring of slots in shared memory; its warps have one
// task each and report to one another on barriers, so that loading, reducing, carrying, scanning and storing of different
// tiles overlap, and the copy engine always has work:
//
//   load    takes the next tile (by a ticket, so that tiles start in order of time), tells the others, and has a and b
//           copied into a free slot
//   reduce  folds each thread's run, scans the row, folds the rows; publishes the tile's aggregate to all blocks
//   gather  reads what other blocks published of the tiles before, when its own is published
//   pass    passes the state over them: what enters the tile
//   mark    packed: finds where sequences start in the tile, and tells reduce and scan by bits
//   scan    runs the recurrence through each thread's run from that state, x taking b's place
//   store   has x copied out and frees the slot
//
// A warp reports by an arrival of each lane for what that lane read and wrote: it takes no longer than one for all of them after
// a __syncwarp, and racecheck follows it.
//
// No block waits for another's prefix: that would be a chain through the whole machine. An aggregate (a, b) takes one
// multiply-add to pass, so that each block passes all of them itself, from the state that entered its own last tile of the
// lane (or from the lane's beginning) over what was published since. The state is folded over the tiles from left to right
// whoever does it, and the bits are the same.
//
// Where there are many lanes for each block nobody waits for another at all: a block takes the tiles of a lane one after the other,
// and what leaves one enters the next.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/look_back_copying.cuh>
#include <ssmscan/scan/backends/cuda/look_back_marking.cuh>
#include <ssmscan/scan/backends/cuda/look_back_passing.cuh>
#include <ssmscan/scan/backends/cuda/look_back_scanning.cuh>

namespace ssmscan::device {

template <class Steps, copies How, int Slots>
__global__ void __launch_bounds__(look_back_threads<Steps, Slots>, 1)
    look_back_kernel(__grid_constant__ detail::recurrence_problem<typename Steps::stored> const p,
                     __grid_constant__ look_back_plan const plan, __grid_constant__ ticket_counter const counter,
                     word* words, __grid_constant__ detail::sequence_starts const starts) {
  extern __shared__ __align__(128) unsigned char memory[];
  using storage = look_back_storage<Steps, Slots>;
  static_assert(fits<Steps>);
  auto& m = *reinterpret_cast<storage*>(memory);
  constexpr int rows = look_back_tile<typename Steps::scalar>::rows;
  int const warp = threadIdx.x / warp_size;
  look_back_block<Steps, How, Slots> const block{
      m, p, plan, counter, words, starts, static_cast<int>(threadIdx.x % warp_size)};
  look_back_copying<Steps, How, Slots> const copying{block};
  // The next kernel's blocks may come as this one's leave: they wait as these do, before they read or write global memory. What they
  // ask for of it until then goes to the second-level cache, where whoever writes it writes it too.
  cudaTriggerProgrammaticLaunchCompletion();
  if (warp == 1 && threadIdx.x % warp_size == 0) copying.ask_ahead();
  m.tables.fill(static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x));
  if (threadIdx.x == 0) {
    for (int s = 0; s < storage::slots; ++s) {
      m.handed_out[s].initialise(1);
      m.full[s].initialise(How == copies::by_element || p.a.time_stride() == 0 ? warp_size : 1);
      m.marked[s].initialise(warp_size);
      m.reduced[s].initialise(rows * warp_size);
      m.carried[s].initialise(warp_size);
      m.scanned[s].initialise(rows * warp_size);
      m.empty[s].initialise(How == copies::by_element ? warp_size : 1);
    }
    for (int k = 0; k < storage::batches; ++k)
      m.batch_full[k].initialise(warp_size), m.batch_empty[k].initialise(warp_size);
    m.told.initialise(1);
    barriers_are_initialised();
    if constexpr (How == copies::bulk_in_cluster) {
      auto const before = static_cast<std::uint32_t>(blockIdx.x % plan.tiles);  // tiles of the lane
      constexpr int words = words_of<typename Steps::aggregate> + (is_packed<Steps> ? 1 : 0);
      m.told.arrive_expecting(before * words * sizeof(std::uint64_t));
    }
  }
  ticket_counter::word_t asked = 0;
  if (warp == 0) {
    cudaGridDependencySynchronize();
    asked = copying.ask_first();
  }
  __syncthreads();
  if (warp != 0) cudaGridDependencySynchronize();
  if constexpr (How == copies::bulk_in_cluster) ptx::barrier_cluster_arrive(ptx::sem_release);
  if (warp != 0) copying.wait_for_cluster();  // which loading does later
  look_back_passing<Steps, How, Slots> const passing{block};
  look_back_scanning<Steps, How, Slots> const scanning{block};
  if (warp == 0) {
    copying.load(asked);
  } else if (warp == 1) {
    passing.gather();
  } else if (warp == 2) {
    passing.pass();
  } else if (warp == 3) {
    copying.store();
  } else {
    int const of_rows = warp - look_back_warps_of_tasks, row = of_rows % rows, turn = of_rows / rows;
    if (turn < storage::reducers) {
      scanning.reduce(row, turn);
    } else if (!is_packed<Steps> || turn == storage::reducers) {
      scanning.scan(row);
    } else {
      look_back_marking<Steps, How, Slots>{block}.mark();
    }
  }
}

}  // namespace ssmscan::device
