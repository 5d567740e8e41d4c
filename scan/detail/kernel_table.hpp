#pragma once
// The run-time side of the registry: for one algorithm on one backend, a function per dtype, operation and packing,
// null where `supports` says no. Each table is instantiated in a translation unit of its own, which CMake makes from
// the registry.
#include <array>
#include <tuple>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

enum class packing { one_sequence, packed };

template <class T>
using kernel = void (*)(recurrence_problem<T> const&, int threads);

template <class T>
struct kernels_of {
  // [operation][packing]
  std::array<std::array<kernel<T>, 2>, 2> table{};
  kernel<T> at(operation o, packing p) const { return table[static_cast<std::size_t>(o)][static_cast<std::size_t>(p)]; }
};

struct kernel_table {
  algorithm_info info;
  std::string_view inner;
  std::string_view backend;
  std::tuple<kernels_of<float>, kernels_of<double>, kernels_of<std::complex<float>>, kernels_of<std::complex<double>>,
             kernels_of<std::uint32_t>>
      kernels;

  template <class T>
  kernels_of<T> const& of() const {
    return std::get<kernels_of<T>>(kernels);
  }
};

// Defined in detail/kernels.hpp, instantiated in the generated translation units.
template <class A, class B>
kernel_table const& kernels_for();

}  // namespace ssmscan::detail
