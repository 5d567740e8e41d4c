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

// What A says of what runs: of its text, where that is what does.
template <class A, bool Tuned>
constexpr algorithm_info info_of_what_runs() {
  if constexpr (!Tuned && requires { typename A::text; }) {
    algorithm_info made = A::text::info;
    made.variant = A::info.variant;
    return made;
  } else {
    return A::info;
  }
}

// `Make::tuned<M, T>`: whether M of one sequence a lane runs by a form of its own, which is so for all dtypes or for none.
template <template <class> class Kernel, class A, class Make>
constexpr basic_kernel_table<Kernel> make_table(std::string_view backend, std::array<std::string_view, 2> trees) {
  std::array<algorithm_info, 2> infos{info_of_what_runs<A, Make::template tuned<affine<float>, float>>(),
                                      info_of_what_runs<A, Make::template tuned<semi_log<float>, float>>()};
  for (std::size_t o = 0; o < infos.size(); ++o) infos[o].tree = trees[o];
  return {A::info,
          infos,
          inner_of<A>(),
          backend,
          {make_kernels_of<Kernel, Make, float>(), make_kernels_of<Kernel, Make, double>(),
           make_kernels_of<Kernel, Make, std::complex<float>>(), make_kernels_of<Kernel, Make, std::complex<double>>(),
           make_kernels_of<Kernel, Make, std::uint32_t>()}};
}

}  // namespace ssmscan::detail
