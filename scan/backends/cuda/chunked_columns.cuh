#pragma once
// chunked in one pass, for lanes that lie beside one another in memory: the same tree (chunked.cuh), a and b read once. One block
// stays on each multiprocessor and passes slots through a ring in shared memory, a piece of 256 steps of each of 32 lanes (of
// float) at a time; its warps have one task each, as look_back's have (look_back_kernel.cuh):
//
//   load    two warps, for a and for b: takes the next ticket, and copies its rows; or one thread, which asks for them as boxes,
//           a few at a time
//   reduce  folds runs, and the runs of each piece; publishes what the piece makes of a state
//   fold    folds the pieces of the chunk before, as others publish them; who has a chunk's last piece publishes what the chunk
//           makes of a state
//   carry   waits for the state that enters the chunk; who has its last piece finds it, and publishes the state after it
//   scan    walks each run once more, into registers, which frees the slot; completes and stores every x when the state is known
//
// Nobody waits for a later ticket.
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/chunked_columns_boxes.cuh>
#include <ssmscan/scan/backends/cuda/chunked_columns_loading.cuh>
#include <ssmscan/scan/backends/cuda/chunked_columns_passing.cuh>
#include <ssmscan/scan/backends/cuda/chunked_columns_pieces.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>

namespace ssmscan::device::chunked_columns {

template <class T, rows How, sequences Of>
__global__ void __launch_bounds__(threads<T>, 1)
    columns_kernel(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p,
                   __grid_constant__ plan_of_columns const plan, __grid_constant__ ticket_counter const counter,
                   word* words, __grid_constant__ boxes_of<How> const boxes,
                   __grid_constant__ starts_for<Of> const starts) {
  extern __shared__ __align__(128) unsigned char memory[];
  using tile = columns_tile<T>;
  auto& m = *reinterpret_cast<storage_for<T, Of>*>(memory);
  static_assert(sizeof m <= 227 * 1024 && turns<T> <= tile::slots);
  // The next kernel's blocks may come as this one's leave: they wait as these do, before they touch global memory.
  cudaTriggerProgrammaticLaunchCompletion();
  if (threadIdx.x == 0) {
    for (int s = 0; s < tile::slots; ++s) {
      for (barrier& part : m.full[s]) part.initialise(are_boxes<How> ? 1 : loaders * warp_size);
      m.empty[s].initialise(tile::workers + tile::cells);
    }
    for (int s = 0; s < tile::places; ++s) {
      m.handed_out[s].initialise(1);
      m.reduced[s].initialise(pieces_of_columns<T, How, Of>::folding);
      m.folded[s].initialise(warp_size);
      m.carried[s].initialise(warp_size);
      if constexpr (Of == sequences::packed)
        m.states_came[s].initialise(warp_size), m.stated[s].initialise(tile::workers);
    }
    barriers_are_initialised();
  }
  int const warp = threadIdx.x / warp_size, worker = static_cast<int>(threadIdx.x) - warp_size * waiting<T>;
  block_of_columns<T, Of> const block{
      m, p, plan, counter, {words}, m.epoch, static_cast<int>(threadIdx.x % warp_size), starts};
  loading_of_columns<T, How, Of> const loading{block};
  pieces_of_columns<T, How, Of> const pieces{block};
  passing_of_columns<T, Of> const passing{block};
  if constexpr (are_boxes<How>) {
    if (warp == 1 && block.lane == 0) loading.prefetch_the_first(boxes);
  }
  cudaGridDependencySynchronize();
  ticket_counter::word_t const asked = threadIdx.x == 0 ? counter.ask() : 0;
  __syncthreads();
  if (warp < loaders) {
    if constexpr (are_boxes<How>) {
      if (warp == 0) loading.load_boxes(boxes, asked);
    } else if (warp == 0) {
      loading.load_a(asked);
    } else {
      loading.load_b();
    }
  } else if (warp < waiting<T>) {
    if (warp < loaders + turns<T>) {
      passing.fold(warp - loaders);
    } else {
      passing.carry(warp - loaders - turns<T>);
    }
  } else if (worker < tile::workers) {
    pieces.reduce(worker);
  } else {
    pieces.scan(worker - tile::workers);
  }
}

// Of how many lanes, from a multiple of it on, each is beside the one before in a, b and x; 0 where rows cannot be copied 16 bytes
// at a time.
template <class T>
index_t neighbours(ssmscan::detail::recurrence_problem<T> const& p) {
  constexpr index_t unit = columns_tile<T>::unit;
  if (p.size.lanes % unit != 0) return 0;
  auto const beside = [&](auto const& v) { return p.size.lanes == 1 || &v(1, 0) - &v(0, 0) == 1; };
  auto const together_in = [&](auto const& v) { return v.is_even() ? p.size.lanes : v.even_lanes(); };
  index_t const together = std::min({together_in(p.a), together_in(p.b), together_in(p.x)});
  auto const aligned = [&](auto const& v) {
    auto const is = [](auto const* at) { return reinterpret_cast<std::uintptr_t>(at) % 16 == 0; };
    return v.time_stride() % unit == 0 && is(&v(0, 0)) && (together == p.size.lanes || is(&v(together, 0)));
  };
  bool const all = together % unit == 0 && beside(p.a) && beside(p.b) && beside(p.x) && aligned(p.a) && aligned(p.b);
  return all ? together : 0;
}

// A ticket counter in a line of its own, and the words.
template <class T>
index_t words_needed(plan_of_columns const& plan) {
  index_t const words = plan.words<T>();
  return words > 0 ? words_of_line + words : 1;
}

template <rows How, sequences Of, class T>
void run(cuda& on, ssmscan::detail::recurrence_problem<T> const& problem, plan_of_columns const& plan, word* memory,
         boxes_of<How> const& boxes, starts_for<Of> const& starts) {
  constexpr auto* kernel = &columns_kernel<T, How, Of>;
  constexpr std::size_t shared_bytes = sizeof(storage_for<T, Of>);
  this_device const device;
  index_t const blocks = std::min(device.multiprocessors(), plan.tickets);
  launch_with_shared<kernel>(device, on.stream(), {blocks, threads<T>, shared_bytes, 1, start::beside_the_last},
                             problem, plan, counter_for(on, plan.tickets + blocks, memory, words_needed<T>(plan) - 1),
                             memory + words_of_line, boxes, starts);
}

// Of lanes that are beside one another, `together` of them.
template <sequences Of, class T>
void run(cuda& on, ssmscan::detail::recurrence_problem<T> const& problem, plan_of_columns const& plan, index_t together,
         word* memory, starts_for<Of> const& starts) {
  if constexpr (sizeof(T) == 4) {  // not measured of other types
    if (auto const boxes = boxes_of<rows::in_boxes>::made(problem, plan, together))
      return run(on, problem, plan, memory, *boxes, starts);
    if (auto const boxes = boxes_of<rows::in_boxes_down>::made(problem, plan, together))
      return run(on, problem, plan, memory, *boxes, starts);
  }
  run(on, problem, plan, memory, boxes_of<rows::copied>{}, starts);
}

}  // namespace ssmscan::device::chunked_columns
