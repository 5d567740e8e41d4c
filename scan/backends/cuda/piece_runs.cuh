#pragma once
// How a block of the forms that cut every lane into many runs holds a problem: pieces of 256 steps, each of 16 runs of 16, and a
// thread for each run, so that 32 loads are on their way at a time, and neighbouring threads on neighbouring lanes.
#include <algorithm>
#include <array>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/packed_pieces.cuh>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>

namespace ssmscan::device::piece_runs {

inline constexpr int fan = 16, piece = fan * fan;

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
    shape made{size.lanes, size.time, 1, 0, ssmscan::detail::ceil_div(size.time, index_t{piece})};
    while (made.across < columns<T> && made.across < size.lanes) made.across *= 2;
    made.lane_blocks = ssmscan::detail::ceil_div(size.lanes, index_t{made.across});
    return made;
  }
  template <class T>
  index_t blocks() const {
    return lane_blocks * ssmscan::detail::ceil_div(pieces, index_t{columns<T> / across});
  }
};

// The monoid of the text.
template <class T, sequences How>
using monoid_of = std::conditional_t<How == sequences::packed, segmented<affine<T>>, affine<T>>;
template <class T, sequences How>
using value_of = typename monoid_of<T, How>::value_type;

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
    auto made = steps_of_any();
    if (t == 0 && count > 0) made[0] = ssmscan::detail::first_step<affine<T>>(p, lane, 0, 0);
    return made;
  }
  __device__ std::array<map, fan> steps_of_any() const {
    std::array<map, fan> made;
    T const* const a = &p.a(count > 0 ? lane : 0, count > 0 ? t : 0);
    T const* const b = &p.b(count > 0 ? lane : 0, count > 0 ? t : 0);
    index_t const a_stride = p.a.time_stride(), b_stride = p.b.time_stride();
#pragma unroll
    for (int i = 0; i < fan; ++i) {
      made[i] = affine<T>{}.identity();
      if (i < count) made[i] = {a[i * a_stride], b[i * b_stride]};
    }
    return made;
  }

  // As the monoid's values.
  __device__ std::array<map, fan> steps(starts_for<sequences::one> const&) const { return steps(); }
  __device__ std::array<segmented_value<map>, fan> steps(starts_for<sequences::packed> const& starts) const {
    std::array<segmented_value<map>, fan> made;
    std::array<map, fan> const plain = steps_of_any();
#pragma unroll
    for (int i = 0; i < fan; ++i) made[i] = {plain[i], boundary::inside};
    if (count == 0) return made;
    auto const& in_piece_starts = starts.pieces[at_piece];
    auto const group = packed_group<fan>::of(in_piece_starts, in_piece);
    if (group.starts == 0) return made;
    if (p.initial) {
      each_of(group.first(count).starts, [&](int k) {
        T const state = p.initial(lane, sequence_of(p, in_piece_starts, at_piece, in_piece * fan + k));
#pragma unroll
        for (int i = 0; i < fan; ++i)
          if (i == k) made[i].value.b = multiply_add(made[i].value.a, state, made[i].value.b);
      });
    }
#pragma unroll
    for (int i = 0; i < fan; ++i)
      if (group.starts_at(i)) made[i] = {affine<T>::start(made[i].value.b), boundary::start};
    return made;
  }

  // The states after sequences that end in the run, of what was found at its steps.
  __device__ void leave_states(starts_for<sequences::packed> const& starts, std::array<T, fan> const& found) const {
    auto const& in_piece_starts = starts.pieces[at_piece];
    each_of(packed_group<fan>::of(in_piece_starts, in_piece).first(count).ends, [&](int k) {
      T value = found[0];
#pragma unroll
      for (int i = 1; i < fan; ++i) value = i == k ? found[i] : value;
      p.final(lane, sequence_of(p, in_piece_starts, at_piece, in_piece * fan + k)) = value;
    });
  }
};

template <class T, sequences How = sequences::one>
struct between_runs {
  value_of<T, How> of[fan][columns<T>];  // folded
};

// The b of `prefix`, completed by what is before: a combine with the identity would change the sign of a zero.
template <class T>
__device__ T completed(affine_map<T> const& prefix, state_before<T> const& before) {
  return before.any ? multiply_add(prefix.a, before.b, prefix.b) : prefix.b;
}
// Of a prefix in which a sequence starts, as it is.
template <class T>
__device__ T completed(segmented_value<affine_map<T>> const& prefix, state_before<T> const& before) {
  return prefix.at == boundary::start ? prefix.value.b : completed(prefix.value, before);
}

}  // namespace ssmscan::device::piece_runs
