#pragma once
// The run-time side of a registry: for one algorithm on one backend, a kernel per dtype, operation and packing, null
// where `supports` says no. Each table is instantiated in a translation unit of its own, which CMake makes from the
// registry.
#include <array>
#include <tuple>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

enum class packing { one_sequence, packed };

template <class Kernel>
struct kernels_of {
  // [operation][packing]
  std::array<std::array<Kernel, 2>, 2> table{};
  Kernel at(operation o, packing p) const { return table[static_cast<std::size_t>(o)][static_cast<std::size_t>(p)]; }
};

// Kernel<T>: what runs a problem of dtype T; a pointer.
template <template <class> class Kernel>
struct basic_kernel_table {
  algorithm_info info;                  // of the entry: its name
  std::array<algorithm_info, 2> infos;  // [operation], of what runs one sequence a lane
  std::string_view inner;
  std::string_view backend;
  std::tuple<kernels_of<Kernel<float>>, kernels_of<Kernel<double>>, kernels_of<Kernel<std::complex<float>>>,
             kernels_of<Kernel<std::complex<double>>>, kernels_of<Kernel<std::uint32_t>>>
      kernels;

  algorithm_info const& info_of(operation o) const { return infos[static_cast<std::size_t>(o)]; }
  std::string_view tree(operation o) const { return info_of(o).tree; }
  template <class T>
  kernels_of<Kernel<T>> const& of() const {
    return std::get<kernels_of<Kernel<T>>>(kernels);
  }
};

// The backends that run in the caller's memory.
template <class T>
using kernel = void (*)(recurrence_problem<T> const&, int threads);
using kernel_table = basic_kernel_table<kernel>;

// Defined in detail/kernels.hpp, instantiated in the generated translation units.
template <class A, class B>
kernel_table const& kernels_for();

}  // namespace ssmscan::detail
