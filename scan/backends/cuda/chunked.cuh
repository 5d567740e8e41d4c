#pragma once
// The tree of chunked (detail/fan.hpp: runs of 16, 16 runs to a piece of 256, 16 pieces to a chunk of 4096) with a thread for
// each run (piece_runs.cuh):
//
//   up      a block folds its columns' runs, and the runs to pieces; a and b are read
//   pieces  scans the pieces of each chunk
//   spine   carries the state from chunk to chunk
//   down    reads a and b once more, scans each run, and completes every x with the state before its run
//
// A completed prefix enters others by its b alone. Where nothing is before (the first chunk) a prefix is complete as it is:
// a combine with the identity would change the sign of a zero.
#include <algorithm>
#include <array>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/chunked.hpp>
#include <ssmscan/scan/backends/cuda/chunked_columns.cuh>
#include <ssmscan/scan/backends/cuda/piece_runs.cuh>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::device {

namespace chunked_detail {

using namespace piece_runs;
static_assert(chunked::fan == fan && chunked::length == index_t{fan} * piece);

SSMSCAN_HOST_DEVICE inline index_t chunks_of(shape const& s) {
  return ssmscan::detail::ceil_div(s.pieces, index_t{fan});
}

template <class T, sequences How>
__global__ void __launch_bounds__(threads<T>)
    up(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p, __grid_constant__ shape const s,
       value_of<T, How>* pieces, __grid_constant__ starts_for<How> const starts) {
  __shared__ __align__(16) unsigned char memory[sizeof(between_runs<T, How>)];
  auto& m = *reinterpret_cast<between_runs<T, How>*>(memory);
  constexpr monoid_of<T, How> combine{};
  auto const mine = run<T>::of(p, s);
  auto const steps = mine.steps(starts);
  auto own = steps[0];
#pragma unroll
  for (int i = 1; i < fan; ++i) own = combine(own, steps[i]);
  m.of[mine.in_piece][mine.column] = own;
  __syncthreads();
  // A piece that is not whole has no place in the tree, and its value is read by nobody.
  if (mine.in_piece > 0 || mine.count == 0) return;
#pragma unroll
  for (int r = 1; r < fan; ++r) own = combine(own, m.of[r][mine.column]);
  pieces[mine.at_piece * s.lanes + mine.lane] = own;
}

// Each chunk's pieces become its prefixes.
template <class T, sequences How>
__global__ void scan_pieces(__grid_constant__ shape const s, value_of<T, How>* pieces) {
  constexpr monoid_of<T, How> combine{};
  index_t const i = index_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= chunks_of(s) * s.lanes) return;
  index_t const first = i / s.lanes * fan, lane = i % s.lanes;
  std::array<value_of<T, How>, fan> found;
#pragma unroll
  for (int h = 0; h < fan; ++h)
    found[h] = first + h < s.pieces ? pieces[(first + h) * s.lanes + lane] : combine.identity();
#pragma unroll
  for (int h = 1; h < fan; ++h) {
    found[h] = combine(found[h - 1], found[h]);
    if (first + h < s.pieces) pieces[(first + h) * s.lanes + lane] = found[h];
  }
}

// carries[k]: the state that enters chunk k, for k > 0.
template <class T, sequences How>
__global__ void spine(__grid_constant__ shape const s, value_of<T, How> const* pieces, T* carries) {
  index_t const lane = index_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (lane >= s.lanes) return;
  constexpr int ahead = 16;  // read before the multiply-adds, which wait for one another
  T state(0);
  for (index_t k = 0; k + 1 < chunks_of(s); k += ahead) {
    std::array<value_of<T, How>, ahead> summary;
#pragma unroll
    for (int i = 0; i < ahead; ++i)
      if (k + i + 1 < chunks_of(s)) summary[i] = pieces[((k + i) * fan + fan - 1) * s.lanes + lane];
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      if (k + i + 1 >= chunks_of(s)) break;
      state = completed(summary[i], state_before<T>{k + i > 0, state});
      carries[(k + i + 1) * s.lanes + lane] = state;
    }
  }
}

template <class T, sequences How>
__global__ void __launch_bounds__(threads<T>, sizeof(T) > 4 ? 1 : 2)
    down(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p, __grid_constant__ shape const s,
         value_of<T, How> const* pieces, T const* carries, __grid_constant__ starts_for<How> const starts) {
  __shared__ __align__(16) unsigned char memory[sizeof(between_runs<T, How>)];
  auto& m = *reinterpret_cast<between_runs<T, How>*>(memory);
  constexpr monoid_of<T, How> combine{};
  auto const mine = run<T>::of(p, s);
  auto prefixes = mine.steps(starts);
#pragma unroll
  for (int i = 1; i < fan; ++i) prefixes[i] = combine(prefixes[i - 1], prefixes[i]);
  m.of[mine.in_piece][mine.column] = prefixes[fan - 1];
  __syncthreads();
  if (mine.count == 0) return;

  // What is before the chunk, before the piece, before the run.
  using map = value_of<T, How>;
  index_t const chunk = mine.at_piece / fan, piece_in_chunk = mine.at_piece % fan;
  auto const at = [&](index_t of_piece) { return pieces[of_piece * s.lanes + mine.lane]; };
  state_before<T> before_chunk{chunk > 0, T(0)};
  if (chunk > 0) before_chunk.b = carries[chunk * s.lanes + mine.lane];
  auto before_piece = before_chunk;
  if (piece_in_chunk > 0) before_piece = {true, completed(at(mine.at_piece - 1), before_chunk)};
  auto before_run = before_piece;
  map runs = m.of[0][mine.column];  // of the piece, those before this one
  for (int r = 1; r < mine.in_piece; ++r) runs = combine(runs, m.of[r][mine.column]);
  if (mine.in_piece > 0) before_run = {true, completed(runs, before_piece)};

  T* const x = &p.x(mine.lane, mine.t);
  index_t const stride = p.x.time_stride();
  [[maybe_unused]] std::array<T, fan> found;  // packed
  T last(0);
#pragma unroll
  for (int i = 0; i < fan; ++i) {
    if (i >= mine.count) break;
    if (i < fan - 1) {
      last = completed(prefixes[i], before_run);
    } else {  // a run's last is completed by the level above, a piece's by the one above that
      map const whole = mine.in_piece > 0 ? combine(runs, prefixes[i]) : prefixes[i];
      if (mine.in_piece < fan - 1) {
        last = completed(whole, before_piece);
      } else {
        last = completed(piece_in_chunk > 0 ? combine(at(mine.at_piece - 1), whole) : whole, before_chunk);
      }
    }
    x[i * stride] = last;
    if constexpr (How == sequences::packed) found[i] = last;
  }
  if constexpr (How == sequences::packed) {
    if (p.final) mine.leave_states(starts, found);
  } else {
    if (p.final && mine.t + mine.count == s.time) p.final(mine.lane, 0) = last;
  }
}

template <sequences How, class T>
void run_in_phases(cuda& on, ssmscan::detail::recurrence_problem<T> const& problem, word* memory,
                   starts_for<How> const& starts) {
  shape const s = shape::of<T>(problem.size);
  auto* const pieces = reinterpret_cast<value_of<T, How>*>(memory);
  T* const carries = reinterpret_cast<T*>(pieces + s.lanes * s.pieces);
  constexpr int wide = 128, narrow = 32;
  bool const one_piece = s.pieces == 1;  // nothing comes before anything
  if (!one_piece) {
    launch(on.stream(), {s.blocks<T>(), threads<T>}, &up<T, How>, problem, s, pieces, starts);
    launch(on.stream(), {ssmscan::detail::ceil_div(chunks_of(s) * s.lanes, index_t{wide}), wide}, &scan_pieces<T, How>,
           s, pieces);
  }
  if (chunks_of(s) > 1)
    launch(on.stream(), {ssmscan::detail::ceil_div(s.lanes, index_t{narrow}), narrow}, &spine<T, How>, s, pieces,
           carries);
  launch(on.stream(), {s.blocks<T>(), threads<T>}, &down<T, How>, problem, s, pieces, carries, starts);
}

template <sequences How, class B, class T>
void solve(B& on, ssmscan::detail::recurrence_problem<T> const& problem, starts_for<How> const& starts) {
  if (problem.size.lanes == 0 || problem.size.time == 0) return;
  // What one pass takes, be there one or not, is more than the phases do: what a workspace is asked for does not depend on where
  // arrays stand.
  index_t const together = chunked_columns::neighbours(problem);
  auto const plan = chunked_columns::plan_of_columns::of<T>(problem.size, together > 0 ? together : problem.size.lanes);
  auto const memory = on.template scratch<word>(chunked_columns::words_needed<T>(plan));
  if constexpr (std::same_as<B, cuda>) {
    if (together > 0) {
      chunked_columns::run(on, problem, plan, together, memory.data(), starts);
    } else {
      run_in_phases(on, problem, memory.data(), starts);
    }
  }
}

}  // namespace chunked_detail

template <class B, class T>
void chunked::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  chunked_detail::solve(on, problem, starts_for<sequences::one>{});
}

template <class B, class T>
void chunked::solve(B& on, segmented<affine<T>> const&, ssmscan::detail::recurrence_problem<T> const& problem,
                    ssmscan::detail::starts_by_piece const& starts) {
  chunked_detail::solve(on, problem, starts_for<sequences::packed>{starts});
}

}  // namespace ssmscan::device
