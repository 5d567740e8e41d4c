#pragma once
// Fills a kernel_table: every dtype, operation and packing that the algorithm supports on the backend.
#include <ssmscan/scan/detail/kernel_table.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/monoids/semi_log.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::detail {

template <class B>
B make_backend(int threads) {
  if constexpr (std::constructible_from<B, int>) {
    return B(threads);
  } else {
    return B();
  }
}

template <class A, class B, class M, class T>
void run(recurrence_problem<T> const& problem, int threads) {
  B on = make_backend<B>(threads);
  using io = recurrence_io<M>;
  scan(on, A{}, M{}, problem.size, typename io::load{&problem}, typename io::store{&problem});
}

template <class A, class B, class M, class T>
constexpr kernel<T> kernel_or_null() {
  if constexpr (supports<A, B, M>) {
    return &run<A, B, M, T>;
  } else {
    return nullptr;
  }
}

template <class A, class B, class T>
constexpr kernels_of<T> make_kernels() {
  kernels_of<T> made;
  made.table[0] = {kernel_or_null<A, B, affine<T>, T>(), kernel_or_null<A, B, segmented<affine<T>>, T>()};
  if constexpr (std::floating_point<T>)
    made.table[1] = {kernel_or_null<A, B, semi_log<T>, T>(), kernel_or_null<A, B, segmented<semi_log<T>>, T>()};
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

template <class A, class B>
kernel_table const& kernels_for() {
  static constexpr kernel_table table{
      A::info,
      inner_of<A>(),
      B::name,
      {make_kernels<A, B, float>(), make_kernels<A, B, double>(), make_kernels<A, B, std::complex<float>>(),
       make_kernels<A, B, std::complex<double>>(), make_kernels<A, B, std::uint32_t>()}};
  return table;
}

}  // namespace ssmscan::detail
