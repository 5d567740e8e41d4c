// heinsen's own error bound: on every family, by every inner algorithm, at the bars of the first release, and under a
// search for the worst. docs/algorithms/heinsen.md derives the bound.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "tests/laws/effort.hpp"
#include "tests/must_take.hpp"
#include "tests/scan/algorithms/heinsen_common.hpp"
#include "tests/worst.hpp"

namespace ssmscan::heinsen_tests {
namespace {

template <class T>
class heinsen_bounds : public testing::Test {};
TYPED_TEST_SUITE(heinsen_bounds, dtypes);

template <class T>
bool is_offered(std::string_view inner, std::string_view backend) {
  return std::ranges::any_of(capabilities(), [&](capability const& row) {
    return row.algorithm == "heinsen" && row.inner == inner && row.backend == backend && row.dtype == dtype_name<T>;
  });
}

// x by every inner algorithm on every backend that offers it; returns how many.
template <class T>
std::size_t check_bound(std::string_view what, std::vector<T> const& a, std::vector<T> const& b) {
  oracle<T> const truth(a, b);
  std::size_t cases = 0;
  for (auto const& inner : inners()) {
    auto const bound = heinsen_bound<T>(a, b, inner.roundings(truth.size()));
    for (auto const& backend : backend_names()) {
      if (!is_offered<T>(inner.name, backend)) continue;
      auto const x = run(a, b, {"heinsen", backend, inner.name, backend == "serial" ? 0 : 3});
      double worst = 0;
      index_t at = 0;
      for (index_t t = 0; t < truth.size(); ++t) {
        auto const i = static_cast<std::size_t>(t);
        double const now = tests::worse(worst, tests::share(truth.error(t, x[i]), bound[i]));
        if (now > worst) worst = now, at = t;
      }
      EXPECT_LE(worst, 1.0) << what << ", " << dtype_name<T> << ", " << backend << ", inner " << inner.name << ", "
                            << b.size() << " elements, t = " << at;
      ++cases;
    }
  }
  return cases;
}

// Lengths: the least, around a power of two, and past two chunks of 4096 so that the spine carries.
TYPED_TEST(heinsen_bounds, is_inside_its_bound_on_every_family_by_every_inner) {
  constexpr std::array<index_t, 7> lengths{1, 2, 3, 17, 256, 1025, 9001};
  std::size_t cases = 0;
  for (auto const& f : families)
    for (index_t const n : lengths) {
      auto const data = reference::generate<TypeParam>(f.id, 1, n);
      cases += check_bound(f.name, data.a, data.b);
    }
  for (double delta : reference::near1_deltas) {
    auto const data = reference::near1_ladder<TypeParam>(delta, 2, 9001);
    cases += check_bound("ladder", data.a, data.b);
  }
  EXPECT_EQ(cases, (families.size() * lengths.size() + reference::near1_deltas.size()) *
                       static_cast<std::size_t>(tests::trees_on_backends<inner_algorithms>()));
}

// The bars on max err/(u S), and the bound, at every t up to 2^20, which is every shorter length too: a prefix does not
// depend on what follows it. By heinsen on each inner algorithm, and by heinsen.fused; hillis_steele, of 20 combines a step
// there, on the two families with the longest memory.
template <class T>
void check_bars(index_t n) {
  double const u = std::numeric_limits<T>::epsilon() / 2;
  index_t roundings = 0;
  for (auto const& inner : inners()) roundings = std::max(roundings, inner.roundings(n));
  for (auto const& f : families) {
    bool const long_memory = f.id == family::slow || f.id == family::near1;
    bool const ssm_like = long_memory || f.id == family::mid || f.id == family::fast || f.id == family::sign_changing ||
                          f.id == family::zeros;
    if (!ssm_like && f.id != family::normal && f.id != family::growth) continue;
    auto const data = reference::generate<T>(f.id, 3, n);
    oracle<T> const truth(data.a, data.b);
    auto const judge = [&](execution const& how, std::vector<double> const& bound) {
      auto const x = run(data.a, data.b, how);
      double worst = 0, of_bound = 0;
      for (index_t t = 0; t < n; ++t) {
        auto const i = static_cast<std::size_t>(t);
        double const error = truth.error(t, x[i]);
        worst = tests::worse(worst, tests::share(error, u * truth.at(t).s));
        of_bound = tests::worse(of_bound, tests::share(error, bound[i]));
      }
      std::string const form = std::string(how.algorithm) + "(" + std::string(how.inner) + ")";
      EXPECT_LE(worst, ssm_like ? 20 : 64) << f.name << ", " << dtype_name<T> << ", " << form;
      EXPECT_LE(of_bound, 1) << f.name << ", " << dtype_name<T> << ", " << form;
      testing::Test::RecordProperty(std::string(f.name) + "_" + form, std::to_string(worst));
      return worst;
    };
    auto const bound = heinsen_bound<T>(data.a, data.b, roundings);
    std::map<std::string_view, double> by_inner;
    for (auto const& inner : inners())
      if (inner.name != "hillis_steele" || long_memory)
        by_inner[inner.name] = judge({"heinsen", "serial", inner.name}, bound);
    if constexpr (std::same_as<T, float>) {
      double const fused =
          judge({"heinsen.fused", "serial"},
                heinsen_bound<T>(data.a, data.b, look_back::info.roundings(n), std::nullopt, reference::fused_library));
      EXPECT_NEAR(fused, by_inner.at("chunked"), 5e-4 * fused) << f.name << ": the page says, to three digits";
    }
  }
}
TEST(heinsen, keeps_the_bars_in_float) { check_bars<float>(laws::longest_of_bars()); }
TEST(heinsen, keeps_the_bars_in_double) { check_bars<double>(laws::longest_of_bars()); }

// Hill-climbing for the largest error / bound: perturb one element, keep what is worse.
template <class T>
double adversarial(std::uint64_t seed, int steps) {
  using real = decltype(std::abs(T()));
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  auto const value = [&] {
    double const scale = std::exp2(std::round(3 * normal(random)));
    if constexpr (is_complex<T>) {
      return T(static_cast<real>(scale * normal(random)), static_cast<real>(scale * normal(random)));
    } else {
      return static_cast<T>(scale * normal(random));
    }
  };
  std::vector<T> a(24), b(24);
  for (auto& v : a) v = value();
  for (auto& v : b) v = value();
  auto const ratio = [&] {
    oracle<T> const truth(a, b);
    auto const x = run(a, b, {"heinsen", "serial", "sequential"});
    auto const bound = heinsen_bound<T>(a, b, 1);
    double worst = 0;
    for (index_t t = 0; t < truth.size(); ++t) {
      auto const i = static_cast<std::size_t>(t);
      worst = tests::worse(worst, tests::share(truth.error(t, x[i]), bound[i]));
    }
    return worst;
  };
  double best = ratio();
  for (int step = 0; step < steps; ++step) {
    auto& changed = random() % 2 == 0 ? a[random() % a.size()] : b[random() % b.size()];
    T const before = changed;
    changed = random() % 3 == 0 ? value() : changed * static_cast<real>(1 + 0.01 * normal(random));
    if (double const now = ratio(); now >= best) {
      best = now;
    } else {
      changed = before;
    }
  }
  return best;
}
TYPED_TEST(heinsen_bounds, stays_inside_its_bound_under_hill_climbing) {
  double worst = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) worst = tests::worse(worst, adversarial<TypeParam>(seed, 1500));
  EXPECT_LE(worst, 1.0);
  EXPECT_GT(worst, 0.02);  // a bound that is never approached would say little
  testing::Test::RecordProperty("worst_of_bound", std::to_string(worst));
}

}  // namespace
}  // namespace ssmscan::heinsen_tests
