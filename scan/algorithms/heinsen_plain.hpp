#pragma once
// The paper's formula as it stands, in the precision of the dtype (Heinsen 2023, arXiv 2311.06281), kept to show what
// heinsen.hpp is for: a* = cumsum log a, x = exp(a* + logcumsumexp(log b - a*)). Real logarithms where nothing is
// negative, complex ones otherwise, and no clamp of small values: a[t] = 0 makes a* = -infinity and every x from there
// on NaN; b[t] = 0 is a term that is not there. The error grows as |a*| u of x: no digit is left where |a*| u nears 1.
// One sequence per lane (packed is not supported); the inner sums are sequential; the first leaf's a is no part of it.
#include <algorithm>
#include <complex>
#include <limits>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan {

struct heinsen_plain {
  static constexpr algorithm_info info{
      .name = "heinsen",
      .variant = "plain",
      .tree = "heinsen_plain/1",
      .result = result_class::reformulates,
      .work = [](index_t time) { return 2 * std::max<index_t>(time - 1, 0); },  // of the two inner sums
      .span = [](index_t time) { return time > 1 ? time : 0; },                 // they go along together
      // Read a, b; write and read the pair, as a lane does not stay in cache; write x.
      .bytes = [](index_t, double element) { return 7.0 * element; },
      .roundings = [](index_t) { return index_t{1}; },
      .source = "Heinsen 2023, arXiv 2311.06281",
      .formula = log_formula::as_printed};

  // store(lane, t, load(lane,0) o ... o load(lane,t)) as far as the formula gives it. One worker per lane, n pairs of
  // scratch per lane.
  template <backend B, class T, class Load, class Store>
  requires std::floating_point<T> || is_complex<T>
  static void inclusive(B& on, affine<T> const&, extent e, Load load, Store store) {
    auto const scratch = on.template scratch<affine_map<T>>(e.lanes * e.time);
    auto* const maps = scratch.data();
    on.blocks(e.lanes, [=] SSMSCAN_HOST_DEVICE(index_t lane) {
      auto* const leaves = maps + lane * e.time;
      bool negative = false;
      for (index_t t = 0; t < e.time; ++t) {
        leaves[t] = load(lane, t);
        if constexpr (!is_complex<T>) negative |= leaves[t].b < T(0) || (t > 0 && leaves[t].a < T(0));
      }
      auto const store_lane = [&](index_t t, affine_map<T> const& prefix) { store(lane, t, prefix); };
      if constexpr (is_complex<T>) {
        formula<logarithms<T, T>>(leaves, e.time, store_lane);
      } else if (negative) {
        formula<logarithms<std::complex<T>, T>>(leaves, e.time, store_lane);
      } else {
        formula<logarithms<T, T>>(leaves, e.time, store_lane);
      }
    });
  }

  // One lane. Logs: what `logarithms` does; tests count in it.
  template <class Logs, class T, class Store>
  SSMSCAN_HOST_DEVICE static void formula(affine_map<T> const* leaves, index_t time, Store const& store) {
    typename Logs::value_type a_star(0), sum = Logs::of(leaves[0].b);
    store(0, leaves[0]);
    for (index_t t = 1; t < time; ++t) {
      a_star = Logs::sum(a_star, Logs::of(leaves[t].a));
      sum = Logs::log_sum_exp(sum, Logs::less(Logs::of(leaves[t].b), a_star));
      store(t, {multiply(leaves[0].a, Logs::number(a_star)), Logs::product(a_star, sum)});
    }
  }

 private:
  // Logarithms of type Log, of numbers of type T.
  template <class Log, class T>
  struct logarithms {
    using value_type = Log;
    SSMSCAN_HOST_DEVICE static Log of(T const& v) { return logarithm(Log(v)); }
    SSMSCAN_HOST_DEVICE static Log sum(Log const& earlier, Log const& later) { return add(earlier, later); }
    SSMSCAN_HOST_DEVICE static Log less(Log const& v, Log const& w) { return subtract(v, w); }
    SSMSCAN_HOST_DEVICE static Log log_sum_exp(Log const& earlier, Log const& later) { return log_add(earlier, later); }
    SSMSCAN_HOST_DEVICE static T product(Log const& v, Log const& w) { return number(add(v, w)); }
    SSMSCAN_HOST_DEVICE static T number(Log const& v) {
      if constexpr (is_complex<Log> && !is_complex<T>) {
        return exponential(v).real();
      } else {
        return exponential(v);
      }
    }
  };

  // log(exp(earlier) + exp(later)); a term -infinity is not there.
  template <class Log>
  SSMSCAN_HOST_DEVICE static Log log_add(Log const& earlier, Log const& later) {
    if (std::real(later) == -std::numeric_limits<decltype(std::real(later))>::infinity()) return earlier;
    if (std::real(earlier) == -std::numeric_limits<decltype(std::real(later))>::infinity()) return later;
    bool const later_is_greater = std::real(earlier) < std::real(later);
    Log const greater = later_is_greater ? later : earlier, smaller = later_is_greater ? earlier : later;
    return add(greater, log_one_plus(exponential(subtract(smaller, greater))));
  }
  template <std::floating_point Real>
  SSMSCAN_HOST_DEVICE static Real log_one_plus(Real const& w) {
    return std::log1p(w);
  }
  template <std::floating_point Real>
  SSMSCAN_HOST_DEVICE static std::complex<Real> log_one_plus(std::complex<Real> const& w) {
    return logarithm(std::complex<Real>(Real(1) + w.real(), w.imag()));
  }

  // log and exp. A device has none for std::complex: there they are made of the parts.
  template <std::floating_point Real>
  SSMSCAN_HOST_DEVICE static Real logarithm(Real const& v) {
    return std::log(v);
  }
  template <std::floating_point Real>
  SSMSCAN_HOST_DEVICE static Real exponential(Real const& v) {
    return std::exp(v);
  }
  template <std::floating_point Real>
  SSMSCAN_HOST_DEVICE static std::complex<Real> logarithm(std::complex<Real> const& v) {
#if defined(__CUDA_ARCH__)
    return {std::log(std::hypot(v.real(), v.imag())), std::atan2(v.imag(), v.real())};
#else
    return std::log(v);
#endif
  }
  template <std::floating_point Real>
  SSMSCAN_HOST_DEVICE static std::complex<Real> exponential(std::complex<Real> const& v) {
#if defined(__CUDA_ARCH__)
    Real const magnitude = std::exp(v.real());
    return {magnitude * std::cos(v.imag()), magnitude * std::sin(v.imag())};
#else
    return std::exp(v);
#endif
  }
};

}  // namespace ssmscan
