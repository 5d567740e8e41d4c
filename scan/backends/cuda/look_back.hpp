#pragma once
// look_back for the affine monoids on a CUDA device: one launch, every element read once and written once. What it says of
// itself; the kernel is in look_back_kernel.cuh, its tree in look_back_tile.cuh.
#include <algorithm>

#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/semi_log.hpp>

namespace ssmscan::device {

// What the tree with runs of 20 elements takes: 32 runs are a row, 8 rows a tile.
struct look_back_counts {
  static constexpr index_t run = 20, row = 32, rows = 8, tile = run * row * rows;

  // Each element is folded into its run and passed once more by the recurrence.
  static constexpr index_t work_of_tile(index_t elements, bool is_first) {
    index_t const runs = ssmscan::detail::ceil_div(elements, run);
    index_t combines = (elements - runs) + (elements - is_first);
    for (index_t begin = 0; begin < runs; begin += row) {
      index_t const here = std::min(row, runs - begin);
      for (index_t distance = 1; distance < row; distance *= 2) combines += std::max<index_t>(here - distance, 0);
      if (begin > 0)
        combines += here - 1 + (here == row);  // the rows before, joined with what is before a run, and with the row
    }
    return combines + (is_first ? 0 : runs - 1);  // what enters the tile passes over what is before a run
  }
  static constexpr index_t work(index_t time) {
    index_t const whole = time / tile, rest = time % tile, tiles = ssmscan::detail::ceil_div(time, tile);
    index_t combines = std::max<index_t>(tiles - 2, 0);  // tiles are passed
    if (whole > 0) combines += work_of_tile(tile, true) + (whole - 1) * work_of_tile(tile, false);
    return combines + (rest > 0 ? work_of_tile(rest, whole == 0) : 0);
  }

  // Below what is before a run of the first tile, not the first: 19 in a run, 5 doublings, the rows.
  static constexpr index_t chain_before(index_t of_run) {
    index_t const in_row = of_run % row, rows_before = of_run / row,
                  whole_row = run - 1 + ssmscan::detail::ceil_log2(row);
    if (rows_before > 0) return whole_row + rows_before - (in_row == 0);
    return run - 1 + (in_row > 1 ? ssmscan::detail::floor_log2(in_row - 1) + 1 : 0);
  }
  // In the last two runs of a tile's elements, of `before` tiles.
  static constexpr index_t chain_of_tile(index_t elements, index_t before) {
    index_t const runs = ssmscan::detail::ceil_div(elements, run), last = elements - (runs - 1) * run;
    index_t const entering = chain_before(rows * row) + before - 1;
    auto const of_run = [&](index_t r, index_t count) {
      if (before == 0) return r == 0 ? count - 1 : chain_before(r) + count;
      return entering + (r > 0) + count;
    };
    return runs > 1 ? std::max(of_run(runs - 1, last), of_run(runs - 2, run)) : of_run(0, last);
  }
  static constexpr index_t span(index_t time) {
    if (time == 0) return 0;
    index_t const before = (time - 1) / tile, here = chain_of_tile(time - before * tile, before);
    return before > 0 ? std::max(here, chain_of_tile(tile, before - 1)) : here;
  }
};

struct look_back {
  static constexpr algorithm_info info{
      .name = "look_back",
      .variant = "",
      .tree = "rows_of_32_runs_of_80_bytes/1",
      .result = result_class::reassociates,
      // Of float, whose runs are of 20; counted at the tree's text (look_back_tree.hpp).
      .work = look_back_counts::work,
      .span = look_back_counts::span,
      .bytes = [](index_t, double element) { return 3 * element; },
      // An element is a right operand once in its run, in each of five doublings of its row, once among the rows, once
      // among the tiles.
      .roundings = [](index_t time) -> index_t { return time > 1 ? 8 : 0; },
      .source = "Merrill & Garland 2016"};

  // Any strides; fastest where time is contiguous and every lane begins at a multiple of 16 bytes.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);

  // Packed.
  template <class B, class T>
  static void solve(B& on, segmented<affine<T>> const&, ssmscan::detail::recurrence_problem<T> const& problem,
                    ssmscan::detail::sequence_starts const& starts);

  // Logarithms, both sums and exponentials in the one pass.
  template <class B, std::floating_point T>
  static void solve(B& on, semi_log<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);

  // a, b, x of 16 bits: the tree of float.
  template <class B, storage_dtype S>
  static void solve(B& on, affine<float> const&, ssmscan::detail::recurrence_problem<S> const& problem);
  template <class B, storage_dtype S>
  static void solve(B& on, segmented<affine<float>> const&, ssmscan::detail::recurrence_problem<S> const& problem,
                    ssmscan::detail::sequence_starts const& starts);
};

}  // namespace ssmscan::device
