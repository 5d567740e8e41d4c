// The bounds of S4's forms hold against long double, are of the errors' size, and refuse what is wrong by little.
#include <algorithm>
#include <limits>
#include <numbers>

#include "tests/ssm/numbers.hpp"
#include "tests/ssm/wide_system.hpp"
#include "tests/worst.hpp"
#include <Eigen/Dense>
#include <gtest/gtest.h>

#include <ssmscan/ssm/detail/circle.hpp>
#include <ssmscan/ssm/detail/hippo_system.hpp>
#include <ssmscan/ssm/detail/low_rank_bounds.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/dplr_tables.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>
#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
using test::at;
using test::wide;
using test::wide_complex;
using test::wide_matrix;
using test::wide_system;

dplr_system random_system(unsigned seed, index_t size, index_t rank, spectrum kept, double step) {
  test::numbers source(seed);
  dplr_system made{.step = step, .kept = kept};
  for (index_t n = 0; n < size; ++n) {
    made.lambda.emplace_back(-std::pow(10.0, 2 * source.next()), 20 * source.next());
    made.b.push_back(source.both()), made.c.push_back(source.both());
  }
  for (index_t i = 0; i < size * rank; ++i) made.p.push_back(source.both());
  return made;
}

dplr_system hippo_channel(hippo which, index_t size, spectrum kept, double step) {
  auto const form = hippo_normal_plus_low_rank(which, size, kept);
  dplr_system made = detail::system_of(form, step, kept);
  for (index_t n = 0; n < form.lambda.size(); ++n)
    made.c.push_back(std::polar(1.0 / static_cast<double>(n + 1), static_cast<double>(n)));
  return made;
}

struct named_system {
  std::string name;
  dplr_system system;
};

std::vector<named_system> systems() {
  std::vector<named_system> made;
  for (hippo const which : {hippo::legs, hippo::legt, hippo::lagt, hippo::fout}) {
    for (index_t const size : {4, 16}) {
      for (double const step : {0.1, 0.01}) {
        spectrum const kept = which == hippo::fout ? spectrum::full : spectrum::half;
        made.push_back({std::string(name_of(which)) + std::to_string(size),
                        hippo_channel(which, which == hippo::fout ? size - 1 : size, kept, step)});
      }
    }
  }
  for (unsigned seed = 1; seed <= 12; ++seed) {
    made.push_back({"random" + std::to_string(seed),
                    random_system(seed, 3 + seed % 5, 1 + seed % 2, seed % 3 == 0 ? spectrum::full : spectrum::half,
                                  seed % 2 == 0 ? 0.2 : 0.02)});
  }
  // A pole on a root where 4 divides the length, and one beside it.
  made.push_back({"on_a_root",
                  {.lambda = {{0, 20}, {-0.5, 3}},
                   .p = {{1, 0.5}, {1, 0}},
                   .b = {{1, 0}, {0, 1}},
                   .c = {{1, 0}, {0.5, 0.5}},
                   .step = 0.1}});
  made.push_back({"near_a_root", made.back().system});
  made.back().system.lambda[0] = {-1e-4, 20.001};
  return made;
}

// The largest error/bound; NaN counts as infinite.
template <class T>
double worst(std::vector<T> const& computed, std::vector<wide> const& exact, std::vector<double> const& bound) {
  EXPECT_EQ(computed.size(), exact.size());
  EXPECT_EQ(bound.size(), exact.size());
  double made = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    double const ratio = static_cast<double>(std::abs(static_cast<wide>(computed[i]) - exact[i])) / bound[i];
    made = tests::worse(made, ratio);
  }
  return made;
}

struct bounded_forms {
  dplr_system system;
  dplr_matrices whole;
  dense_system<complex> discrete;
  index_t length;
  detail::powers_bound powers;

  bounded_forms(dplr_system const& of, index_t samples)
      : system(of),
        whole(matrices_of(of)),
        discrete(discretize(whole.continuous, of.step, discretization::bilinear)),
        length(samples),
        powers(detail::bound_of_powers(of, discrete, whole.c, samples)) {}
  std::vector<double> by_powers() const {
    std::vector<double> made;
    for (complex const tap : naive_kernel<complex>(discrete, whole.c, length)) made.push_back(tap.real());
    return made;
  }
  template <class T>
  std::vector<double> bound(detail::spectrum_form form) const {
    return detail::bound_of_dplr_kernel<T>(system, length, powers, form);
  }
};

constexpr index_t lengths[] = {1, 2, 3, 16, 17, 97, 784, 1009};

TEST(LowRankBounds, KernelsStayInside) {
  using detail::spectrum_form;
  double powers = 0, inverses = 0, roots = 0, doubles = 0, floats = 0, widest = 0;
  int cases = 0;
  for (auto const& [name, system] : systems()) {
    wide_system const exact_system(system);
    for (index_t const length : lengths) {
      bounded_forms const of(system, length);
      std::vector<wide> const exact = exact_system.kernel(length);
      auto const hold = [&, &name = name, &system = system](double& largest, double ratio, char const* form) {
        EXPECT_LE(ratio, 1) << form << " " << name << " " << system.step << " " << length;
        largest = std::max(largest, ratio);
      };
      hold(powers, worst(of.by_powers(), exact, of.powers.tap), "powers");
      hold(roots, worst(dplr_kernel_by_roots(system, length), exact, of.bound<double>(spectrum_form::by_roots)),
           "roots");
      auto const bound = of.bound<double>(spectrum_form::by_tangents);
      hold(doubles, worst(dplr_kernel<double>(system, length), exact, bound), "double");
      hold(floats, worst(dplr_kernel<float>(system, length), exact, of.bound<float>(spectrum_form::by_tangents)),
           "float");
      if (length <= 97)
        hold(inverses,
             worst(generating_function_kernel(of.discrete, of.whole.c, length), exact,
                   detail::bound_of_generating_function(of.discrete, of.whole.c, length, of.powers)),
             "generating function");
      wide largest = 0;
      for (wide const tap : exact) largest = std::max(largest, std::abs(tap));
      double const relative = *std::max_element(bound.begin(), bound.end()) / static_cast<double>(largest);
      widest = std::max(widest, relative);
      ++cases;
    }
  }
  EXPECT_EQ(cases, 30 * 8);
  // Of the errors' size: a bound without content would be far above them, and above the largest tap.
  for (double const largest : {powers, inverses, roots, doubles, floats}) EXPECT_GT(largest, 1e-2);
  EXPECT_LT(widest, 5e-10);
  for (auto const& [name, value] : {std::pair{"powers", powers},
                                    {"inverses", inverses},
                                    {"roots", roots},
                                    {"doubles", doubles},
                                    {"floats", floats},
                                    {"widest_1e12", 1e12 * widest}})
    RecordProperty(name, std::to_string(value));
}

// Many poles on many roots: the far ones' sums are interpolated. 40 random poles, among them some without damping on
// and between roots, where the kernel is finite by its low rank.
std::vector<named_system> systems_by_blocks() {
  std::vector<named_system> given;
  for (double const step : {0.01, 0.001})
    given.push_back({"legs64", hippo_channel(hippo::legs, 64, spectrum::half, step)});
  given.push_back({"lagt66", hippo_channel(hippo::lagt, 66, spectrum::half, 0.01)});
  given.push_back({"random", random_system(5, 40, 1, spectrum::half, 0.05)});
  given.back().system.lambda[0] = {0, 40};     // on a root where 4 divides the length
  given.back().system.lambda[1] = {0, 40.01};  // beside it
  given.back().system.lambda[2] = {-1e-3, 0};
  return given;
}

// And that the bounds are no looser than docs/s4.md, "How exact", says they are, of the largest tap.
TEST(LowRankBounds, InterpolatedKernelsStayInside) {
  int by_blocks = 0;
  for (auto const& [name, system] : systems_by_blocks()) {
    wide_system const exact_system(system);
    for (index_t const length : {512, 1009}) {
      bounded_forms const of(system, length);
      std::vector<wide> const exact = exact_system.kernel(length);
      auto const of_doubles = of.bound<double>(detail::spectrum_form::by_tangents),
                 of_floats = of.bound<float>(detail::spectrum_form::by_tangents);
      double const in_double = worst(dplr_kernel<double>(system, length), exact, of_doubles);
      double const in_float = worst(dplr_kernel<float>(system, length), exact, of_floats);
      EXPECT_LE(in_double, 1) << name << " " << system.step << " " << length;
      EXPECT_LE(in_float, 1) << name << " " << system.step << " " << length;
      wide largest = 0;
      for (wide const tap : exact) largest = std::max(largest, std::abs(tap));
      auto const relative = [&](std::vector<double> const& bound) {
        return *std::max_element(bound.begin(), bound.end()) / static_cast<double>(largest);
      };
      bool const is_smooth = length == 512;  // 1009 is prime: the transform goes by Bluestein's chirps
      double const promised = 1e-10;
      if (name == "legs64" && is_smooth) { EXPECT_LE(relative(of_doubles), promised) << system.step; }
      EXPECT_LE(relative(of_doubles), 2e-9) << name << " " << length;
      EXPECT_LE(relative(of_floats), is_smooth ? 2e-3 : 1e-1) << name << " " << length;
      auto const tables = detail::make_dplr_tables<float>({&system, 1}, length, read_out_kind::recurrence, 1);
      by_blocks += tables.channels[0].blocks.empty() ? 0 : 1;
    }
  }
  EXPECT_EQ(by_blocks, 4 * 2);
}

// K^ as kernels/dplr.hpp has it, of a half spectrum of rank 1.
wide_complex spectrum_at(dplr_system const& truncated, index_t k, index_t length) {
  wide const angle = std::numbers::pi_v<wide> * static_cast<wide>(k) / static_cast<wide>(length),
             half_sigma = std::numbers::ln2_v<wide> / (2 * static_cast<wide>(length)),
             h = static_cast<wide>(truncated.step) / 2;
  wide_complex const at_point(half_sigma, angle), s = std::sinh(at_point), c = std::cosh(at_point);
  wide_complex direct = 0, out = 0, in = 0, through = 0;
  for (std::size_t n = 0; n < truncated.lambda.size(); ++n) {
    wide_complex const lambda = h * wide_complex(truncated.lambda[n]);
    auto const add = [&](wide_complex& sum, complex p, complex q) {
      wide_complex const value = wide_complex(p) * wide_complex(q);
      sum += value / (s - c * lambda) + std::conj(value) / (s - c * std::conj(lambda));
    };
    complex const p = truncated.p[n], b = truncated.b[n], read = truncated.c[n];
    add(direct, read, b), add(out, read, p), add(in, std::conj(p), b), add(through, std::conj(p), p);
  }
  return h * std::exp(at_point) * (direct - h * c * out * in / (wide(1) + h * c * through));
}

// Root by root: a tap is held to the mean of these over the roots, where errors of unlike phases cancel that a bound
// must add, so that a root may be wrong by its length and no tap would tell. Here one may err by all of its bound. What
// the worst does err by is at least one rounding of those that are counted, some 530 at 32 pairs of poles and
// d = 8: (1 + 2/pi ln d) (2 (13 + 64) + d + 6 + 64) units of the sum of moduli.
template <class T>
void hold_roots(double least_share) {
  double largest = 0;
  for (auto const& [name, system] : systems_by_blocks()) {
    for (index_t const length : {512, 1009, 4096}) {
      dplr_system truncated = system;
      truncated.c = truncated_output(system, length, detail::circle_power);
      auto const tables = detail::make_dplr_tables<T>({&system, 1}, length, read_out_kind::recurrence, 1);
      auto const& channel = tables.channels[0];
      auto const bound = detail::bound_of_dplr_spectrum<T>(truncated, length, detail::spectrum_form::by_tangents);
      std::vector<std::complex<T>> computed(at(tables.roots.padded()));
      detail::dplr_spectrum_by_blocks(tables.roots, tables.blocks, channel.poles, channel.blocks, computed.data());
      for (index_t k = 0; k < tables.blocks.roots; ++k) {
        wide const off = std::abs(wide_complex(computed[at(k)]) - spectrum_at(truncated, k, length));
        double const ratio = static_cast<double>(off) / bound[at(k)];
        EXPECT_LE(ratio, 1) << name << " " << system.step << " " << length << " root " << k;
        largest = std::max(largest, ratio);
      }
    }
  }
  EXPECT_GT(largest, least_share);
  testing::Test::RecordProperty(sizeof(T) == 4 ? "floats" : "doubles", std::to_string(largest));
}
TEST(LowRankBounds, InterpolatedSpectraStayInsideRootByRoot) {
  constexpr double one_rounding = 1.0 / 530;
  hold_roots<float>(one_rounding);
  hold_roots<double>(one_rounding);
}

// Interpolated and root by root are one spectrum: each form's terms are off by some 100u of themselves at most, so that
// at every root they agree to that of the sum of moduli; and a near pole that is taken for a far one is not inside.
template <class T>
void hold_interpolation() {
  constexpr double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  dplr_system const system = hippo_channel(hippo::legs, 80, spectrum::half, 0.01);
  index_t const length = 4096;
  auto const tables = detail::make_dplr_tables<T>({&system, 1}, length, read_out_kind::recurrence, 1);
  auto const& channel = tables.channels[0];
  ASSERT_FALSE(channel.blocks.empty());
  std::vector<std::complex<T>> direct(at(tables.roots.padded())), blocks(direct.size());
  detail::dplr_spectrum(tables.roots, channel.poles, direct.data());
  auto const off = [&](std::vector<detail::block_range> const& near) {
    detail::dplr_spectrum_by_blocks(tables.roots, tables.blocks, channel.poles, near, blocks.data());
    double error = 0, largest = 0;
    for (index_t k = 0; k < tables.blocks.roots; ++k) {
      error = tests::worse(error, std::abs(complex(blocks[at(k)]) - complex(direct[at(k)])));
      largest = std::max(largest, std::abs(complex(direct[at(k)])));
    }
    return error / largest;
  };
  EXPECT_LE(off(channel.blocks), 100 * u);
  auto none = channel.blocks;
  for (auto& range : none) range.past = range.first;
  EXPECT_GT(off(none), 1e4 * u);
}
TEST(LowRankBounds, InterpolatedIsRootByRoot) {
  hold_interpolation<float>();
  hold_interpolation<double>();
}

// What is wrong by little is far outside: a pole or a low-rank entry off, a read-out that is not truncated, one root of
// K^ off.
TEST(LowRankBounds, RefuseWhatIsWrong) {
  for (index_t const size : {4, 16}) {
    dplr_system const system = hippo_channel(hippo::legs, size, spectrum::half, 0.01);
    for (index_t const length : {97, 784}) {
      bounded_forms const of(system, length);
      auto const bound = of.bound<double>(detail::spectrum_form::by_tangents);
      auto const of_floats = of.bound<float>(detail::spectrum_form::by_tangents);
      std::vector<wide> const exact = wide_system(system).kernel(length);
      auto const refused = [&](auto change, double by) {
        dplr_system wrong = system;
        change(wrong, by);
        return worst(dplr_kernel<double>(wrong, length), exact, bound);
      };
      EXPECT_GT(refused([](auto& s, double by) { s.lambda[1] *= 1 + by; }, 1e-7), 1) << size << " " << length;
      EXPECT_GT(refused([](auto& s, double by) { s.p[0] *= 1 + by; }, 1e-7), 1) << size << " " << length;
      EXPECT_GT(refused([](auto& s, double by) { s.b[1] *= 1 + by; }, 1e-7), 1) << size << " " << length;
      dplr_system wrong = system;
      wrong.lambda[1] *= 1.01;
      EXPECT_GT(worst(dplr_kernel<float>(wrong, length), exact, of_floats), 1) << size << " " << length;
      std::vector<double> not_truncated(at(length));
      dplr_kernels<double>({&system, 1}, length, read_out_kind::truncated).generate(0, not_truncated);
      if (length == 97) { EXPECT_GT(worst(not_truncated, exact, bound), 1e3); }
      auto one_root_off = dplr_kernel<double>(system, length);
      for (index_t l = 0; l < length; ++l)
        one_root_off[at(l)] +=
            1e-8 * std::abs(one_root_off[0]) *
            std::cos(2 * std::numbers::pi * 5 * static_cast<double>(l) / static_cast<double>(length));
      EXPECT_GT(worst(one_root_off, exact, bound), 1) << size << " " << length;
    }
  }
}

TEST(LowRankBounds, StepsStayInside) {
  double steps = 0, matrices = 0;
  for (auto const& [name, system] : systems()) {
    wide_system const exact(system);
    bounded_forms const of(system, 1);
    detail::stepped_run run(system);
    detail::matrix_run by_matrix(system, of.discrete, of.whole.c);
    dplr_stepper const stepper(system);
    std::vector<complex> x(system.lambda.size());
    wide_matrix state = wide_matrix::Zero(exact.b.rows(), 1);
    for (int t = 0; t < 400; ++t) {
      double const u = std::sin(0.3 * t) + (t % 7 == 0);
      run.step(u), by_matrix.step(u), stepper.step(x.data(), u);
      state = (exact.a * state + exact.b * wide_complex(u)).eval();
      wide const y = (exact.c * state).value().real();
      double sum = 0;
      for (std::size_t n = 0; n < x.size(); ++n) sum += read_out(system.c[n], x[n]);
      double const error = static_cast<double>(std::abs(system.read_out_factor() * sum - y));
      double const of_matrix = static_cast<double>(std::abs(by_matrix.output() - y));
      ASSERT_LE(error, run.bound()) << name << t;
      ASSERT_LE(of_matrix, by_matrix.bound()) << name << t;
      steps = std::max(steps, error / run.bound()), matrices = std::max(matrices, of_matrix / by_matrix.bound());
    }
  }
  EXPECT_GT(std::min(steps, matrices), 1e-2);
}

}  // namespace
}  // namespace ssmscan::ssm
