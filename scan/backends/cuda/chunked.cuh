#pragma once
// The tree of chunked (detail/fan.hpp: runs of 16, 16 runs to a piece of 256, 16 pieces to a chunk of 4096) with a thread for
// each run, so that 32 loads are on their way at a time, and neighbouring threads on neighbouring lanes:
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
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::device {

namespace chunked_detail {

inline constexpr int fan = static_cast<int>(chunked::fan), piece = fan * fan;
static_assert(chunked::length == index_t{fan} * piece);

// How a block holds the problem: `columns` columns, each a piece of a lane, `fan` runs high. Neighbouring columns are
// neighbouring lanes as long as there are lanes, then the next piece.
template <class T>
inline constexpr int columns = sizeof(T) > 8 ? 16 : 32;
template <class T>
inline constexpr int threads = columns<T>* fan;

struct shape {
  index_t lanes, time;
  int across;  // lanes of a block: a power of 2
  index_t lane_blocks, pieces;

  template <class T>
  static shape of(extent size) {
    shape made{size.lanes, size.time, 1, 0, detail::ceil_div(size.time, index_t{piece})};
    while (made.across < columns<T> && made.across < size.lanes) made.across *= 2;
    made.lane_blocks = detail::ceil_div(size.lanes, index_t{made.across});
    return made;
  }
  template <class T>
  index_t blocks() const {
    return lane_blocks * detail::ceil_div(pieces, index_t{columns<T> / across});
  }
  SSMSCAN_HOST_DEVICE index_t chunks() const { return detail::ceil_div(pieces, index_t{fan}); }
};

// The b of a completed prefix; `any` false: there is nothing before.
template <class T>
struct state_before {
  bool any;
  T b;
};

// A thread's run: `count` steps of a lane from t on; 0 for threads without one.
template <class T>
struct run {
  using map = affine_map<T>;
  ssmscan::detail::recurrence_problem<T> const& p;
  index_t lane, at_piece, t;
  int column, in_piece, count;

  __device__ static map combine(map const& earlier, map const& later) { return affine<T>{}(earlier, later); }
  __device__ static run of(ssmscan::detail::recurrence_problem<T> const& p, shape const& s) {
    int const column = static_cast<int>(threadIdx.x) % columns<T>,
              in_piece = static_cast<int>(threadIdx.x) / columns<T>;
    index_t const lane_block = index_t{blockIdx.x} % s.lane_blocks, piece_block = index_t{blockIdx.x} / s.lane_blocks;
    index_t const lane = lane_block * s.across + column % s.across,
                  at_piece = piece_block * (columns<T> / s.across) + column / s.across;
    index_t const t = at_piece * piece + in_piece * fan;
    bool const any = lane < s.lanes && t < s.time;
    return {p, lane, at_piece, t, column, in_piece, any ? static_cast<int>(min(index_t{fan}, s.time - t)) : 0};
  }

  // Steps past the end are the identity's.
  __device__ std::array<map, fan> steps() const {
    std::array<map, fan> made;
    T const* const a = &p.a(count > 0 ? lane : 0, count > 0 ? t : 0);
    T const* const b = &p.b(count > 0 ? lane : 0, count > 0 ? t : 0);
    index_t const a_stride = p.a.time_stride(), b_stride = p.b.time_stride();
#pragma unroll
    for (int i = 0; i < fan; ++i) {
      made[i] = affine<T>{}.identity();
      if (i < count) made[i] = {a[i * a_stride], b[i * b_stride]};
    }
    if (t == 0 && count > 0) made[0] = ssmscan::detail::first_step<affine<T>>(p, lane, 0, 0);
    return made;
  }
};

template <class T>
struct between_runs {
  affine_map<T> of[fan][columns<T>];  // folded
};

template <class T>
__global__ void __launch_bounds__(threads<T>) up(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p,
                                                 __grid_constant__ shape const s, affine_map<T>* pieces) {
  __shared__ __align__(16) unsigned char memory[sizeof(between_runs<T>)];
  auto& m = *reinterpret_cast<between_runs<T>*>(memory);
  auto const mine = run<T>::of(p, s);
  auto const steps = mine.steps();
  affine_map<T> own = steps[0];
#pragma unroll
  for (int i = 1; i < fan; ++i) own = mine.combine(own, steps[i]);
  m.of[mine.in_piece][mine.column] = own;
  __syncthreads();
  // A piece that is not whole has no place in the tree, and its value is read by nobody.
  if (mine.in_piece > 0 || mine.count == 0) return;
#pragma unroll
  for (int r = 1; r < fan; ++r) own = mine.combine(own, m.of[r][mine.column]);
  pieces[mine.at_piece * s.lanes + mine.lane] = own;
}

// Each chunk's pieces become its prefixes.
template <class T>
__global__ void scan_pieces(__grid_constant__ shape const s, affine_map<T>* pieces) {
  index_t const i = index_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= s.chunks() * s.lanes) return;
  index_t const first = i / s.lanes * fan, lane = i % s.lanes;
  std::array<affine_map<T>, fan> found;
#pragma unroll
  for (int h = 0; h < fan; ++h)
    found[h] = first + h < s.pieces ? pieces[(first + h) * s.lanes + lane] : affine<T>{}.identity();
#pragma unroll
  for (int h = 1; h < fan; ++h) {
    found[h] = affine<T>{}(found[h - 1], found[h]);
    if (first + h < s.pieces) pieces[(first + h) * s.lanes + lane] = found[h];
  }
}

// carries[k]: the state that enters chunk k, for k > 0.
template <class T>
__global__ void spine(__grid_constant__ shape const s, affine_map<T> const* pieces, T* carries) {
  index_t const lane = index_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (lane >= s.lanes) return;
  constexpr int ahead = 16;  // read before the multiply-adds, which wait for one another
  T state(0);
  for (index_t k = 0; k + 1 < s.chunks(); k += ahead) {
    std::array<affine_map<T>, ahead> summary;
#pragma unroll
    for (int i = 0; i < ahead; ++i)
      if (k + i + 1 < s.chunks()) summary[i] = pieces[((k + i) * fan + fan - 1) * s.lanes + lane];
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      if (k + i + 1 >= s.chunks()) break;
      state = k + i == 0 ? summary[0].b : multiply_add(summary[i].a, state, summary[i].b);
      carries[(k + i + 1) * s.lanes + lane] = state;
    }
  }
}

template <class T>
__global__ void __launch_bounds__(threads<T>, sizeof(T) > 4 ? 1 : 2)
    down(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p, __grid_constant__ shape const s,
         affine_map<T> const* pieces, T const* carries) {
  __shared__ __align__(16) unsigned char memory[sizeof(between_runs<T>)];
  auto& m = *reinterpret_cast<between_runs<T>*>(memory);
  auto const mine = run<T>::of(p, s);
  auto prefixes = mine.steps();
#pragma unroll
  for (int i = 1; i < fan; ++i) prefixes[i] = mine.combine(prefixes[i - 1], prefixes[i]);
  m.of[mine.in_piece][mine.column] = prefixes[fan - 1];
  __syncthreads();
  if (mine.count == 0) return;

  // What is before the chunk, before the piece, before the run.
  using map = affine_map<T>;
  index_t const chunk = mine.at_piece / fan, piece_in_chunk = mine.at_piece % fan;
  auto const completed = [](affine_map<T> const& prefix, state_before<T> const& before) {
    return before.any ? multiply_add(prefix.a, before.b, prefix.b) : prefix.b;
  };
  auto const at = [&](index_t of_piece) { return pieces[of_piece * s.lanes + mine.lane]; };
  state_before<T> before_chunk{chunk > 0, T(0)};
  if (chunk > 0) before_chunk.b = carries[chunk * s.lanes + mine.lane];
  auto before_piece = before_chunk;
  if (piece_in_chunk > 0) before_piece = {true, completed(at(mine.at_piece - 1), before_chunk)};
  auto before_run = before_piece;
  map runs = m.of[0][mine.column];  // of the piece, those before this one
  for (int r = 1; r < mine.in_piece; ++r) runs = mine.combine(runs, m.of[r][mine.column]);
  if (mine.in_piece > 0) before_run = {true, completed(runs, before_piece)};

  T* const x = &p.x(mine.lane, mine.t);
  index_t const stride = p.x.time_stride();
  T last(0);
#pragma unroll
  for (int i = 0; i < fan; ++i) {
    if (i >= mine.count) break;
    if (i < fan - 1) {
      last = completed(prefixes[i], before_run);
    } else {  // a run's last is completed by the level above, a piece's by the one above that
      map const whole = mine.in_piece > 0 ? mine.combine(runs, prefixes[i]) : prefixes[i];
      if (mine.in_piece < fan - 1) {
        last = completed(whole, before_piece);
      } else {
        last = completed(piece_in_chunk > 0 ? mine.combine(at(mine.at_piece - 1), whole) : whole, before_chunk);
      }
    }
    x[i * stride] = last;
  }
  if (p.final && mine.t + mine.count == s.time) p.final(mine.lane, 0) = last;
}

}  // namespace chunked_detail

template <class B, class T>
void chunked::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  using namespace chunked_detail;
  if (problem.size.lanes == 0 || problem.size.time == 0) return;
  shape const s = shape::of<T>(problem.size);
  auto const pieces = on.template scratch<affine_map<T>>(s.lanes * s.pieces);
  auto const carries = on.template scratch<T>(s.lanes * s.chunks());
  if constexpr (std::same_as<B, cuda>) {
    constexpr int wide = 128, narrow = 32;
    bool const one_piece = s.pieces == 1;  // nothing comes before anything
    if (!one_piece) {
      launch(on.stream(), {s.blocks<T>(), threads<T>}, &up<T>, problem, s, pieces.data());
      launch(on.stream(), {ssmscan::detail::ceil_div(s.chunks() * s.lanes, index_t{wide}), wide}, &scan_pieces<T>, s,
             pieces.data());
    }
    if (s.chunks() > 1)
      launch(on.stream(), {ssmscan::detail::ceil_div(s.lanes, index_t{narrow}), narrow}, &spine<T>, s, pieces.data(),
             carries.data());
    launch(on.stream(), {s.blocks<T>(), threads<T>}, &down<T>, problem, s, pieces.data(), carries.data());
  }
}

}  // namespace ssmscan::device
