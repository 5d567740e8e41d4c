#pragma once
// The recurrence as two prefix sums (Heinsen 2023, arXiv 2311.06281): with a*[t] = log a[1] + ... + log a[t],
// x[t] = exp(a*[t] + log sum_{s<=t} exp(log b[s] - a*[s])). The paper's formula loses |a*| u of x, because a* and the
// second sum grow without bound and cancel; here both are kept as log_number, in double-double, so that what is lost is
// of the size of a direct scan's rounding at any length. Signs and complex values are phases. a[t] = 0 has no
// logarithm: it restarts both sums, which is what it means; b[t] = 0 is -infinity, a term that is not there.
//
// Numbers that are not finite: what is earlier than a[t] = 0 is dropped, NaN and infinity included (a hard reset,
// unlike the affine monoid's 0 * NaN). Else they go forward, and only in their lane: NaN stays NaN; an infinite x stays
// infinite, its sign moved on by a; infinities of different signs meeting, or an infinite a on x = 0, give NaN. What
// overflows or underflows on the way is only what is stored, x[t] itself: a later x that is finite again is finite
// here.
#include <algorithm>
#include <array>
#include <complex>

#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/log_sum_exp.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>

namespace ssmscan {

namespace detail {

// Which monoids have a log domain to go to, and the two sums' monoids there.
template <class M>
struct log_domain;

template <class T>
requires std::floating_point<T> || is_complex<T>
struct log_domain<affine<T>> {
  using scalar = T;
  using product = segmented<log_product>;  // a start is a zero among the a
  using sum = segmented<extended_log_sum_exp<is_complex<T> ? number_kind::complex : number_kind::real>>;
  using product_value = typename product::value_type;

  SSMSCAN_HOST_DEVICE static product_value product_leaf(affine_map<T> const& leaf) {
    if (leaf.a == T(0)) return {log_number{}, boundary::start};
    return {log_of(leaf.a), boundary::inside};
  }
  SSMSCAN_HOST_DEVICE static bool restarts(product_value const& leaf) { return leaf.at == boundary::start; }
  SSMSCAN_HOST_DEVICE static log_number const& number(product_value const& v) { return v.value; }
  SSMSCAN_HOST_DEVICE static affine_map<T> prefix(product_value const& product, T const& x) {
    return {product.at == boundary::start ? T(0) : exp_of<T>(product.value), x};
  }
};

template <class T>
requires std::floating_point<T> || is_complex<T>
struct log_domain<segmented<affine<T>>> {
  using scalar = T;
  using base = log_domain<affine<T>>;
  using product = segmented<typename base::product>;  // lifted once more: by the sequences' starts
  using sum = typename base::sum;
  using product_value = typename product::value_type;

  SSMSCAN_HOST_DEVICE static product_value product_leaf(segmented_value<affine_map<T>> const& leaf) {
    return {base::product_leaf(leaf.value), leaf.at};
  }
  SSMSCAN_HOST_DEVICE static bool restarts(product_value const& leaf) {
    return leaf.at == boundary::start || base::restarts(leaf.value);
  }
  SSMSCAN_HOST_DEVICE static log_number const& number(product_value const& v) { return v.value.value; }
  SSMSCAN_HOST_DEVICE static segmented_value<affine_map<T>> prefix(product_value const& product, T const& x) {
    return {base::prefix(product.value, x), product.at};
  }
};

// "heinsen(TREE)/1".
template <class Inner>
inline constexpr auto heinsen_tree = [] {
  constexpr std::string_view before = "heinsen(", inner = Inner::info.tree, after = ")/1";
  std::array<char, before.size() + inner.size() + after.size()> text{};
  std::copy(after.begin(), after.end(),
            std::copy(inner.begin(), inner.end(), std::copy(before.begin(), before.end(), text.begin())));
  return text;
}();

}  // namespace detail

template <class M>
concept has_log_domain = requires {
  typename detail::log_domain<M>::scalar;
};

// Inner: the algorithm of the two prefix sums.
template <algorithm Inner>
struct basic_heinsen {
  using inner = Inner;
  template <algorithm Other>
  using with_inner = basic_heinsen<Other>;

  static constexpr algorithm_info info{
      .name = "heinsen",
      .variant = "",
      .tree = {detail::heinsen_tree<Inner>.data(), detail::heinsen_tree<Inner>.size()},
      .result = result_class::reformulates,
      // Combines of the inner sums: of two log products, and of two log sums.
      .work = [](index_t time) { return 2 * Inner::info.work(time); },
      .span = [](index_t time) { return 2 * Inner::info.span(time); },
      // Read a, b, write x. b with its flag and a* are written by the first sum and read by the second: as it loads, and
      // again as it stores where that is another body, as it is where an inner algorithm reads its pairs back from scratch.
      // And what the inner algorithm moves through its own scratch in both sums: 32 bytes where an affine pair is
      // counted as 2 elements. (A flag is taken to be as large as a real b: of a complex b it is less.)
      .bytes =
          [](index_t time, double element) {
            constexpr double log_value = sizeof(segmented_value<log_number>);
            double const scratch_pairs = (Inner::info.bytes(time, 1.0) - 3.0) / 2;
            double const reads = scratch_pairs >= 2 ? 2 : 1;
            return 3 * element + (1 + reads) * (2 * element + log_value) + 2 * scratch_pairs * log_value;
          },
      .roundings = Inner::info.roundings,
      .source = "Heinsen 2023, arXiv 2311.06281",
      .shared_work = Inner::info.shared_work == nullptr
                         ? nullptr
                         : +[](index_t time, index_t workers) { return 2 * Inner::info.shared_work(time, workers); },
      .formula = log_formula::restarted};

  // store(lane, t, load(lane,0) o ... o load(lane,t)), inside the bound of reference/heinsen_bound.hpp. Two inner
  // scans; scratch for a* and b and what the inner algorithm takes. The a of a lane's first leaf, and of one that
  // starts a sequence, must be finite (linear_recurrence gives 0).
  template <backend B, has_log_domain M, class Load, class Store>
  requires supports<Inner, B, typename detail::log_domain<M>::product> &&
      supports<Inner, B, typename detail::log_domain<M>::sum>
  static void inclusive(B& on, M const&, extent e, Load load, Store store) {
    using domain = detail::log_domain<M>;
    using T = typename domain::scalar;
    auto const leaves_scratch = on.template scratch<segmented_value<T>>(e.lanes * e.time);  // b, and whether it starts
    auto const products_scratch = on.template scratch<typename domain::product_value>(e.lanes * e.time);
    auto* const leaves = leaves_scratch.data();
    auto* const products = products_scratch.data();

    Inner::inclusive(  // a*
        on, typename domain::product{}, e,
        [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t) {
          auto const leaf = load(lane, t);
          auto const log_a = domain::product_leaf(leaf);
          bool const starts = t == 0 || domain::restarts(log_a);
          leaves[lane * e.time + t] = {state_of(leaf), starts ? boundary::start : boundary::inside};
          return log_a;
        },
        [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t, typename domain::product_value const& prefix) {
          products[lane * e.time + t] = prefix;
        });

    Inner::inclusive(  // log sum_s exp(log b[s] - a*[s])
        on, typename domain::sum{}, e,
        [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t) {
          auto const& leaf = leaves[lane * e.time + t];
          return typename domain::sum::value_type{
              domain::sum::base::term(leaf.value) / domain::number(products[lane * e.time + t]), leaf.at};
        },
        [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t, typename domain::sum::value_type const& sum) {
          auto const& leaf = leaves[lane * e.time + t];
          auto const& product = products[lane * e.time + t];
          bool const first = leaf.at == boundary::start;  // x = b exactly: a reset leaves nothing to round
          store(lane, t, domain::prefix(product, first ? leaf.value : exp_of<T>(domain::number(product) * sum.value)));
        });
  }

 private:
  template <class T>
  SSMSCAN_HOST_DEVICE static T state_of(affine_map<T> const& leaf) {
    return leaf.b;
  }
  template <class T>
  SSMSCAN_HOST_DEVICE static T state_of(segmented_value<affine_map<T>> const& leaf) {
    return leaf.value.b;
  }
};

using heinsen = basic_heinsen<chunked>;

}  // namespace ssmscan
