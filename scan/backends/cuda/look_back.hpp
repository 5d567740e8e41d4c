#pragma once
// look_back for the affine monoids on a CUDA device: one launch, every element read once and written once. What it says of
// itself; the kernel is in look_back_kernel.cuh, its tree in look_back_tile.cuh.
#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/semi_log.hpp>

namespace ssmscan::device {

struct look_back {
  static constexpr algorithm_info info{
      .name = "look_back",
      .variant = "",
      .tree = "rows_of_32_runs_of_80_bytes/1",
      .result = result_class::reassociates,
      // Work and span are counted by hand for float, whose runs are of 20, and no test holds them. Each element is folded into its run and
      // passed once more by the recurrence; a row of 32 runs takes 129 combines and 32 more for what is before it.
      .work = [](index_t time) { return 2 * time + detail::ceil_div(time, index_t{640}) * (129 + 32); },
      // A run, five doublings, the rows, the tiles before, and a run again.
      .span = [](index_t time) { return 20 + 5 + 8 + detail::ceil_div(time, index_t{5120}) + 20; },
      .bytes = [](index_t, double element) { return 3 * element; },
      // An element is a right operand once in its run, in each of five doublings of its row, once among the rows, once
      // among the tiles.
      .roundings = [](index_t time) -> index_t { return time > 1 ? 8 : 0; },
      .source = "Merrill & Garland 2016"};

  // Any strides; fastest where time is contiguous and every lane begins at a multiple of 16 bytes.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);

  // Packed; heads: a bit for each step and one more, set where a sequence starts or all ends.
  template <class B, class T>
  static void solve(B& on, segmented<affine<T>> const&, ssmscan::detail::recurrence_problem<T> const& problem,
                    std::uint32_t const* heads);

  // Logarithms, both sums and exponentials in the one pass.
  template <class B, std::floating_point T>
  static void solve(B& on, semi_log<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);

  // a, b, x of 16 bits: the tree of float.
  template <class B, storage_dtype S>
  static void solve(B& on, affine<float> const&, ssmscan::detail::recurrence_problem<S> const& problem);
  template <class B, storage_dtype S>
  static void solve(B& on, segmented<affine<float>> const&, ssmscan::detail::recurrence_problem<S> const& problem,
                    std::uint32_t const* heads);
};

}  // namespace ssmscan::device
