#pragma once
// chunked for the affine monoids on a CUDA device: the text's tree, bit for bit, from registers; in one pass where lanes lie beside
// one another in memory (chunked_columns.cuh), else in the text's three phases (chunked.cuh); packed sequences too. What it says of
// itself. semi_log is left to the text.
#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>

namespace ssmscan::device {

struct chunked : ssmscan::chunked {
  using text = ssmscan::chunked;  // of what is left to it
  static constexpr algorithm_info info = [] {
    algorithm_info made = ssmscan::chunked::info;
    made.bytes = [](index_t, double element) { return 5 * element; };  // in phases: a and b twice, x; in one pass 3
    return made;
  }();

  // Any strides, of any number of lanes. Fast where neighbouring lanes are contiguous: in one pass, if their rows
  // begin at multiples of 16 bytes.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);

  // Packed, likewise.
  template <class B, class T>
  static void solve(B& on, segmented<affine<T>> const&, ssmscan::detail::recurrence_problem<T> const& problem,
                    ssmscan::detail::starts_by_piece const& starts);
};

}  // namespace ssmscan::device
