#pragma once
// Fills a kernel table: every dtype, and of each every recurrence monoid. `Make::kernel_for<M, T>()` is the kernel of
// monoid M, null where there is none.
#include <ssmscan/scan/detail/kernel_table.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/monoids/semi_log.hpp>

namespace ssmscan::detail {

template <template <class> class Kernel, class Make, class T>
constexpr kernels_of<Kernel<T>> make_kernels_of() {
  kernels_of<Kernel<T>> made;
  made.table[0] = {Make::template kernel_for<affine<T>, T>(), Make::template kernel_for<segmented<affine<T>>, T>()};
  if constexpr (std::floating_point<T>)
    made.table[1] = {Make::template kernel_for<semi_log<T>, T>(),
                     Make::template kernel_for<segmented<semi_log<T>>, T>()};
  return made;
}

template <class A>
constexpr std::string_view inner_of() {
  if constexpr (requires { typename A::inner; }) {
    return A::inner::info.name;
  } else {
    return "";
  }
}

template <template <class> class Kernel, class A, class Make>
constexpr basic_kernel_table<Kernel> make_table(std::string_view backend, std::array<std::string_view, 2> trees) {
  return {A::info,
          inner_of<A>(),
          backend,
          trees,
          {make_kernels_of<Kernel, Make, float>(), make_kernels_of<Kernel, Make, double>(),
           make_kernels_of<Kernel, Make, std::complex<float>>(), make_kernels_of<Kernel, Make, std::complex<double>>(),
           make_kernels_of<Kernel, Make, std::uint32_t>()}};
}

}  // namespace ssmscan::detail
