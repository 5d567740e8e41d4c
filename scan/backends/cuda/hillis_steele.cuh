#pragma once
// The tree of hillis_steele, many doublings at a time. Doublings from a distance of d on combine elements whose indices differ by
// multiples of d: for them a lane is a matrix whose rows are d elements long, and each column a sequence of its own. A block holds
// rows of a few neighbouring columns, and as many rows before them as its doublings reach back; it doubles in registers and
// passes maps through shared memory. Between passes the maps of all elements are in the workspace.
#include <algorithm>
#include <array>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/hillis_steele.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::device {

namespace hillis_steele_detail {

inline constexpr int threads = 512;
template <class T>
inline constexpr int cells = 32 * 1024 / static_cast<int>(sizeof(affine_map<T>));  // of a tile: 32 KiB of maps
template <class T>
inline constexpr int cells_of_thread = cells<T> / threads;
inline constexpr int sector = 32;  // bytes: the least that memory moves

// A pass: `doublings` of them, from a distance of 2^log_distance on.
struct pass {
  int log_distance, doublings;
  int log_across;     // of the columns of a tile, beside one another: of neighbouring steps, or of neighbouring lanes
  bool lanes_across;  // maps are in [time][lane] then, else in [lane][time]
  int reach;          // rows that are read before those that are written
  index_t row_blocks, column_blocks, others;  // lanes, or steps

  template <class T>
  static pass of(extent size, int log_distance, int doublings, int log_across, bool lanes_across) {
    pass made{log_distance, doublings, log_across, lanes_across, 0, 0, 0, 0};
    index_t const distance = index_t{1} << log_distance, across = index_t{1} << log_across;
    index_t const rows = ssmscan::detail::ceil_div(size.time, distance), rows_of_tile = cells<T> / across;
    made.reach = rows <= rows_of_tile ? 0 : (1 << doublings) - 1;
    made.row_blocks = ssmscan::detail::ceil_div(rows, rows_of_tile - made.reach);
    made.column_blocks = ssmscan::detail::ceil_div(lanes_across ? size.lanes : distance, across);
    made.others = lanes_across ? distance : size.lanes;
    return made;
  }
  index_t blocks() const { return row_blocks * column_blocks * others; }
  SSMSCAN_HOST_DEVICE index_t at(extent size, index_t lane, index_t t) const {
    return lanes_across ? t * size.lanes + lane : lane * size.time + t;
  }
};

// Where `in` is null they are the problem's own, where `out` is, its x is what is left.
template <class T>
__global__ void __launch_bounds__(threads)
    double_distances(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p, __grid_constant__ pass const s,
                     affine_map<T> const* in, affine_map<T>* out) {
  using map = affine_map<T>;
  constexpr int count = cells_of_thread<T>;
  __shared__ __align__(16) unsigned char memory[sizeof(map) * cells<T>];
  auto* const shared = reinterpret_cast<map*>(memory);

  // Neighbouring blocks are neighbouring columns of the same rows.
  index_t const column_block = index_t{blockIdx.x} % s.column_blocks, rest = index_t{blockIdx.x} / s.column_blocks;
  index_t const first_column = column_block << s.log_across, row_block = rest % s.row_blocks,
                other = rest / s.row_blocks;
  int const rows_of_tile = cells<T> >> s.log_across;
  index_t const first_row = row_block * (rows_of_tile - s.reach) - s.reach;  // of the first block negative
  int const first_cell = first_row < 0 ? s.reach << s.log_across : 0;
  struct place {
    index_t row, lane, t;
    bool any;
  };
  auto const place_of = [&](int cell) {
    index_t const row = first_row + (cell >> s.log_across), column = first_column + (cell & ((1 << s.log_across) - 1));
    place made{row, s.lanes_across ? column : other, (row << s.log_distance) + (s.lanes_across ? other : column),
               false};
    made.any = row >= 0 && made.t < p.size.time && made.lane < p.size.lanes &&
               (s.lanes_across || column < index_t{1} << s.log_distance);
    return made;
  };

  std::array<map, count> own;
#pragma unroll
  for (int k = 0; k < count; ++k) {
    place const at = place_of(static_cast<int>(threadIdx.x) + k * threads);
    own[k] = affine<T>{}.identity();
    if (!at.any) continue;
    if (in != nullptr) {
      own[k] = in[s.at(p.size, at.lane, at.t)];
    } else {
      own[k] = at.t == 0 ? ssmscan::detail::first_step<affine<T>>(p, at.lane, 0, 0)
                         : affine<T>::step(p.a(at.lane, at.t), p.b(at.lane, at.t));
    }
  }
  for (int j = 0; j < s.doublings; ++j) {
    int const distance = 1 << (s.log_across + j);  // in cells
#pragma unroll
    for (int k = 0; k < count; ++k) shared[threadIdx.x + k * threads] = own[k];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < count; ++k) {
      int const cell = static_cast<int>(threadIdx.x) + k * threads;
      if (cell - distance >= first_cell) own[k] = affine<T>{}(shared[cell - distance], own[k]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int k = 0; k < count; ++k) {
    int const cell = static_cast<int>(threadIdx.x) + k * threads;
    place const at = place_of(cell);
    if (!at.any || cell >> s.log_across < s.reach) continue;
    if (out != nullptr) {
      out[s.at(p.size, at.lane, at.t)] = own[k];
    } else {
      p.x(at.lane, at.t) = own[k].b;
      if (p.final && at.t == p.size.time - 1) p.final(at.lane, 0) = own[k].b;
    }
  }
}

inline constexpr int most_passes = 16;
struct passes {
  std::array<pass, most_passes> each{};
  int count = 0;

  template <class T>
  static passes of(extent size, bool time_is_contiguous) {
    auto const log2_of = [](index_t n) { return static_cast<int>(ssmscan::detail::floor_log2(n)); };
    int const doublings = static_cast<int>(ssmscan::detail::ceil_log2(size.time));
    // Neighbouring lanes where channels are contiguous, as many as a sector holds; else neighbouring steps: none at a distance of 1,
    // then as many as there are maps in a sector.
    int const of_lanes = log2_of(sector / sizeof(T)), of_steps = log2_of(sector / sizeof(affine_map<T>));
    constexpr int quarter = 2;  // of a tile's rows are from before: a third more is read than written
    passes made;
    int done = 0;
    do {
      bool const first = made.count == 0;
      int const across = !time_is_contiguous ? of_lanes : first ? 0 : of_steps;
      int const rows = log2_of(cells<T>) - across, most = rows - quarter, left = doublings - done;
      auto const evenly = [&] {
        index_t const more = ssmscan::detail::ceil_div(left, index_t{most});
        return static_cast<int>(ssmscan::detail::ceil_div(left, more));
      };
      int const now = left <= rows ? left : first ? most : evenly();
      made.each[made.count++] = pass::of<T>(size, done, now, across, !time_is_contiguous);
      done += now;
    } while (done < doublings);
    return made;
  }
};

}  // namespace hillis_steele_detail

template <class B, class T>
void hillis_steele::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  using namespace hillis_steele_detail;
  if (problem.size.lanes == 0 || problem.size.time == 0) return;
  index_t const stride = problem.x.time_stride(), all = problem.size.lanes * problem.size.time;
  auto const todo = passes::of<T>(problem.size, stride == 1 || stride == -1);
  auto const first = on.template scratch<affine_map<T>>(todo.count > 1 ? all : 0);
  auto const second = on.template scratch<affine_map<T>>(todo.count > 2 ? all : 0);
  if constexpr (std::same_as<B, cuda>) {
    affine_map<T>*in = nullptr, *out = first.data(), *other = second.data();
    for (int k = 0; k < todo.count; ++k) {
      pass const& s = todo.each[static_cast<std::size_t>(k)];
      launch(on.stream(), {s.blocks(), threads}, &double_distances<T>, problem, s, in,
             k + 1 < todo.count ? out : nullptr);
      in = std::exchange(out, other), other = in;
    }
  }
}

}  // namespace ssmscan::device
