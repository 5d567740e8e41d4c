// What the laws cannot say of heinsen as a scan: its inner sums' work and span, the whole prefix, its names and types.
#include <atomic>
#include <cmath>

#include "tests/scan/algorithms/heinsen_common.hpp"

namespace ssmscan::heinsen_tests {
namespace {

// The inner algorithm counted at its monoid.
template <class Value>
struct counted_value {
  Value value;
  index_t depth;
};
std::atomic<index_t> combines{0}, longest{0};
template <monoid M>
struct counted {
  using value_type = counted_value<typename M::value_type>;
  M combine;
  value_type identity() const { return {combine.identity(), 0}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    ++combines;
    return {combine(earlier.value, later.value), std::max(earlier.depth, later.depth) + 1};
  }
};
template <class Inner>
struct counting {
  static constexpr algorithm_info info = Inner::info;
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    index_t deepest = 0;
    auto* const deepest_here = &deepest;
    Inner::inclusive(
        on, counted<M>{combine}, e,
        [=](index_t lane, index_t t) {
          return counted_value<typename M::value_type>{load(lane, t), 0};
        },
        [=](index_t lane, index_t t, counted_value<typename M::value_type> const& prefix) {
          *deepest_here = std::max(*deepest_here, prefix.depth);
          store(lane, t, prefix.value);
        });
    longest += deepest;
  }
};

TEST(heinsen, does_the_work_it_states_in_the_span_it_states) {
  inner_algorithms::for_each([]<class Inner>(std::type_identity<Inner>) {
    for (index_t n : {1, 2, 5, 64, 1000, 9001}) {
      auto const data = reference::generate<double>(family::mid, 1, n);
      std::vector<double> x(data.b.size());
      combines = longest = 0;
      serial on;
      scan(
          on, basic_heinsen<counting<Inner>>{}, affine<double>{}, extent{1, n},
          [&](index_t, index_t t) {
            auto const i = static_cast<std::size_t>(t);
            return t == 0 ? affine<double>::start(data.b[i]) : affine<double>::step(data.a[i], data.b[i]);
          },
          [&](index_t, index_t t, affine_map<double> const& prefix) { x[static_cast<std::size_t>(t)] = prefix.b; });
      EXPECT_EQ(combines, basic_heinsen<Inner>::info.work(n)) << Inner::info.name << ", " << n;
      EXPECT_EQ(longest, basic_heinsen<Inner>::info.span(n)) << Inner::info.name << ", " << n;
      EXPECT_EQ(x, run(data.a, data.b, {"heinsen", "serial", Inner::info.name}));
    }
  });
}

// As a scan it gives the whole prefix: the product of the a's, too, to the errors of the logarithms and of exp at the end.
TEST(heinsen, gives_the_product_of_the_coefficients) {
  std::vector<affine_map<double>> const leaves{{-2, 1}, {3, 1}, {-0.5, 2}, {0, 5}, {7, 1}};
  std::vector<double> const products{-2, -6, 3, 0, 0};
  std::vector<double> relative;  // in u, to first order
  double logarithms = 0;
  for (auto const& leaf : leaves) {
    logarithms += leaf.a == 0 ? 0 : reference::detail::weigh_log(leaf.a).error;
    relative.push_back(logarithms + reference::heinsen_constants<double>{reference::c_library}.final_error());
  }
  serial on;
  scan(
      on, heinsen{}, affine<double>{}, extent{1, 5},
      [&](index_t, index_t t) { return leaves[static_cast<std::size_t>(t)]; },
      [&](index_t, index_t t, affine_map<double> const& prefix) {
        auto const i = static_cast<std::size_t>(t);
        double const allowed = reference::inflation * relative[i] * 0x1p-53 * std::abs(products[i]);
        EXPECT_NEAR(prefix.a, products[i], allowed) << t;
      });
}

TEST(heinsen, is_chosen_with_its_inner_algorithm_by_name) {
  std::vector<double> v(8, 0.5);
  recurrence<double> problem;
  problem.a = problem.b = {static_cast<double const*>(v.data()), {1, 1, 8}};
  problem.x = {v.data(), {1, 1, 8}};
  EXPECT_EQ(plan(problem, {"heinsen"}).inner, "chunked");
  EXPECT_EQ(plan(problem, {"heisen"}).algorithm, "heinsen");
  EXPECT_EQ(plan(problem, {"heinsen.plain"}).inner, "");
  for (auto const& inner : inners()) {
    auto const made = plan(problem, {"heinsen", "serial", inner.name});
    EXPECT_EQ(made.inner, inner.name);
    EXPECT_TRUE(made.tree.starts_with("heinsen(") && made.tree.ends_with(")/1")) << made.tree;
  }
  EXPECT_THROW(plan(problem, {"heinsen", "serial", "heinsen"}), std::invalid_argument);
  EXPECT_THROW(plan(problem, {"sequential", "serial", "chunked"}), std::invalid_argument);
}

TEST(heinsen, takes_the_affine_monoids_of_real_and_complex_numbers_only) {
  static_assert(supports<heinsen, serial, affine<float>> && supports<heinsen, serial, affine<std::complex<double>>>);
  static_assert(supports<heinsen, serial, segmented<affine<double>>>);
  static_assert(!supports<heinsen, serial, affine<std::uint32_t>>);
  static_assert(!supports<heinsen, serial, segmented<affine<std::uint32_t>>>);
  static_assert(!supports<heinsen, serial, extended_log_sum_exp<number_kind::real>>);
  static_assert(supports<heinsen_plain, serial, affine<float>> &&
                !supports<heinsen_plain, serial, affine<std::uint32_t>>);
  static_assert(!supports<heinsen_plain, serial, segmented<affine<float>>>);
}

}  // namespace
}  // namespace ssmscan::heinsen_tests
