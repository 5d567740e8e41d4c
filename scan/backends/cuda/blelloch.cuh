#pragma once
// The tree of blelloch with a thread for each run of 16 steps and a block for pieces of 256 (piece_runs.cuh): the nodes of the
// up-sweep whose leaves are all in one run are in its thread's registers, those of a piece in shared memory.
//
//   up     sweeps the pieces up; a and b are read
//   (the pieces are a recurrence of their own, shorter by 256: the states after them are found by the same two kernels)
//   down   reads a and b once more, sweeps up again, and down from the state that enters the piece
//
// After m steps of a piece stands the fold of one balanced tree for each one-bit of m, largest first, from the state that
// enters on. So the way down needs states only: a product of a's is formed on the way up alone.
#include <ssmscan/scan/backends/cuda/blelloch.hpp>
#include <ssmscan/scan/backends/cuda/piece_runs.cuh>

namespace ssmscan::device {

namespace blelloch_detail {

using namespace piece_runs;

// v[k] becomes the greatest balanced tree that ends at k.
template <class T>
__device__ void sweep_up(std::array<affine_map<T>, fan>& v) {
#pragma unroll
  for (int d = 1; d < fan; d *= 2)
#pragma unroll
    for (int k = 2 * d - 1; k < fan; k += 2 * d) v[k] = affine<T>{}(v[k - d], v[k]);
}

// The same over the runs of each column, by all threads of the block.
template <class T>
__device__ void sweep_up(between_runs<T>& m, run<T> const& mine, affine_map<T> const& own) {
  m.of[mine.in_piece][mine.column] = own;
  for (int d = 1; d < fan; d *= 2) {
    __syncthreads();
    auto& here = m.of[mine.in_piece][mine.column];
    if ((mine.in_piece + 1) % (2 * d) == 0) here = affine<T>{}(m.of[mine.in_piece - d][mine.column], here);
  }
  __syncthreads();
}

// totals[piece * lanes + lane]: the trees of whole pieces.
template <class T>
__global__ void __launch_bounds__(threads<T>) up(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p,
                                                 __grid_constant__ shape const s, affine_map<T>* totals) {
  __shared__ __align__(16) unsigned char memory[sizeof(between_runs<T>)];
  auto& m = *reinterpret_cast<between_runs<T>*>(memory);
  auto const mine = run<T>::of(p, s);
  auto nodes = mine.steps();
  sweep_up(nodes);
  sweep_up(m, mine, nodes[fan - 1]);
  if (mine.in_piece == fan - 1 && mine.count == fan)
    totals[mine.at_piece * s.lanes + mine.lane] = m.of[fan - 1][mine.column];
}

// After `runs` runs of this column's piece, fewer than all of them.
template <class T>
__device__ state_before<T> after_runs(between_runs<T> const& m, int column, int runs, state_before<T> state) {
  int done = 0;
#pragma unroll
  for (int bit = fan / 2; bit > 0; bit /= 2)
    if ((runs & bit) != 0) {
      done += bit;
      state = {true, completed(m.of[done - 1][column], state)};
    }
  return state;
}

// after[piece * lanes + lane]: the states after whole pieces, where there is more than one piece.
template <class T>
__global__ void __launch_bounds__(threads<T>, sizeof(T) > 4 ? 1 : 2)
    down(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p, __grid_constant__ shape const s,
         T const* after) {
  __shared__ __align__(16) unsigned char memory[sizeof(between_runs<T>)];
  auto& m = *reinterpret_cast<between_runs<T>*>(memory);
  auto const mine = run<T>::of(p, s);
  auto nodes = mine.steps();
  sweep_up(nodes);
  sweep_up(m, mine, nodes[fan - 1]);
  if (mine.count == 0) return;

  state_before<T> before_piece{mine.at_piece > 0, T(0)};
  if (before_piece.any) before_piece.b = after[(mine.at_piece - 1) * s.lanes + mine.lane];
  std::array<state_before<T>, fan> after_steps;
  after_steps[0] = after_runs(m, mine.column, mine.in_piece, before_piece);
#pragma unroll
  for (int k = 1; k < fan; ++k) {
    int const last_tree = k & -k;
    after_steps[k] = {true, completed(nodes[k - 1], after_steps[k - last_tree])};
  }
  // A run's last step ends a tree of runs, a piece's one of pieces.
  T last_of_run(0);
  if (mine.in_piece < fan - 1) {
    last_of_run = after_runs(m, mine.column, mine.in_piece + 1, before_piece).b;
  } else if (mine.count == fan) {
    last_of_run = s.pieces == 1 ? m.of[fan - 1][mine.column].b : after[mine.at_piece * s.lanes + mine.lane];
  }

  T* const x = &p.x(mine.lane, mine.t);
  index_t const stride = p.x.time_stride();
  T last(0);
#pragma unroll
  for (int k = 0; k < fan; ++k) {
    if (k >= mine.count) break;
    x[k * stride] = last = k < fan - 1 ? after_steps[k + 1].b : last_of_run;
  }
  if (p.final && mine.t + mine.count == s.time) p.final(mine.lane, 0) = last;
}

// Maps of lanes, one after another in time, as a recurrence that writes its states to x.
template <class T>
ssmscan::detail::recurrence_problem<T> recurrence_of(affine_map<T> const* maps, T* x, extent size) {
  tensor_shape const shape{1, size.lanes, size.time}, of_maps{0, 2, 2 * size.lanes}, of_x{0, 1, size.lanes};
  ssmscan::detail::recurrence_problem<T> made;
  made.size = size;
  if (maps == nullptr) return made;  // a workspace is being measured
  using in = ssmscan::detail::lane_view<T const>;
  made.a = in(tensor_view<T const>(&maps->a, shape, of_maps)),
  made.b = in(tensor_view<T const>(&maps->b, shape, of_maps));
  made.x = ssmscan::detail::lane_view<T>(tensor_view<T>(x, shape, of_x));
  return made;
}

template <class B, class T>
void solve(B& on, ssmscan::detail::recurrence_problem<T> const& problem) {
  shape const s = shape::of<T>(problem.size);
  extent const whole{s.lanes, s.pieces > 1 ? s.time / piece : 0};
  auto const totals = on.template scratch<affine_map<T>>(whole.lanes * whole.time);
  auto const after = on.template scratch<T>(whole.lanes * whole.time);
  if (whole.time > 0) {
    if constexpr (std::same_as<B, cuda>)
      launch(on.stream(), {s.blocks<T>(), threads<T>}, &up<T>, problem, s, totals.data());
    solve(on, recurrence_of(totals.data(), after.data(), whole));
  }
  if constexpr (std::same_as<B, cuda>)
    launch(on.stream(), {s.blocks<T>(), threads<T>}, &down<T>, problem, s, after.data());
}

}  // namespace blelloch_detail

template <class B, class T>
void blelloch::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  if (problem.size.lanes > 0 && problem.size.time > 0) blelloch_detail::solve(on, problem);
}

}  // namespace ssmscan::device
