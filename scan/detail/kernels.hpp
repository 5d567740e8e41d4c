#pragma once
// Fills the kernel_table of a backend that runs in the caller's memory: what the algorithm supports on it.
#include <vector>

#include <ssmscan/scan/detail/make_kernels.hpp>
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

// A form that takes the whole problem instead of functors (backends/simd/registry.hpp). Without Highway there is none, and
// the text gives the same bits.
template <class A, class B, class M, class T>
concept has_solve = requires(B& on, M const& combine, recurrence_problem<T> const& problem) {
  A::solve(on, combine, problem);
};
#if defined(SSMSCAN_WITHOUT_SIMD)
template <class A, class B, class M, class T>
concept tuned = false;
#else
template <class A, class B, class M, class T>
concept tuned = has_solve<A, B, M, T>;
#endif

template <class A, class B, class M, class T>
void run(recurrence_problem<T> const& problem, int threads) {
  B on = make_backend<B>(threads);
  if constexpr (tuned<A, B, M, T>) {
    if (problem.size.lanes > 0 && problem.size.time > 0) A::solve(on, M{}, problem);
  } else {
    using io = recurrence_io<M>;
    recurrence_problem<T> given = problem;
    std::vector<std::uint8_t> heads;
    if (!problem.offsets.empty()) {
      heads.assign(static_cast<std::size_t>(problem.size.time) + 1, 0);
      for (index_t const offset : problem.offsets) heads[static_cast<std::size_t>(offset)] = 1;
      given.heads = heads.data();
    }
    scan(on, A{}, M{}, problem.size, typename io::load{&given}, typename io::store{&given});
  }
}

// Whoever names a text is tuned for the affine monoid, on every backend that the text takes: else the text would run in its
// place, and nobody see it.
template <class A, class B, class T>
inline constexpr bool is_tuned_or_text = has_solve<A, B, affine<T>, T> || !supports<A, B, affine<T>> || !requires {
  typename A::text;
};

// The monoid that A runs in the place of M: of the same meaning, by functions of its own, where A names one.
template <class A, class M>
struct run_as : std::type_identity<M> {};
template <class A, class T>
requires requires { typename A::template of_semi_log<T>; }
struct run_as<A, semi_log<T>> : std::type_identity<typename A::template of_semi_log<T>> {};
template <class A, class T>
requires requires { typename A::template of_semi_log<T>; }
struct run_as<A, segmented<semi_log<T>>> : std::type_identity<segmented<typename A::template of_semi_log<T>>> {};

template <class A>
constexpr std::string_view tree_of_semi_log() {
  if constexpr (requires { A::tree_of_semi_log; }) {
    return A::tree_of_semi_log;
  } else {
    return A::info.tree;
  }
}

template <class A, class B>
struct host_kernels {
  template <class M, class T>
  static constexpr bool tuned = detail::tuned<A, B, typename run_as<A, M>::type, T>;
  template <class M, class T>
  static constexpr kernel<T> kernel_for() {
    static_assert(is_tuned_or_text<A, B, T>, "a tuned form needs solve() for the affine monoid of every dtype");
    using runs = typename run_as<A, M>::type;
    if constexpr (supports<A, B, runs>) {
      return &run<A, B, runs, T>;
    } else {
      return nullptr;
    }
  }
};

template <class A, class B, class T>
constexpr kernels_of<kernel<T>> make_kernels() {
  return make_kernels_of<kernel, host_kernels<A, B>, T>();
}

template <class A, class B>
kernel_table const& kernels_for() {
  static constexpr kernel_table table =
      make_table<kernel, A, host_kernels<A, B>>(B::name, {A::info.tree, tree_of_semi_log<A>()});
  return table;
}

}  // namespace ssmscan::detail
