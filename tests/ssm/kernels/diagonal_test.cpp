// The Vandermonde kernel against SciPy's impulse responses, and its bound against powers in long double.
#include "tests/ssm/reference_data.hpp"
#include "tests/worst.hpp"

#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>

namespace ssmscan::ssm {
namespace {

using test::reference;
using complex = std::complex<double>;
using wide = std::complex<long double>;
constexpr double u = 0x1p-53;

diagonal_system layer_system(discretization rule) {
  return {.lambda = reference<complex>("scipy/layer_lambda"),
          .b = reference<complex>("scipy/layer_b"),
          .c = reference<complex>("scipy/layer_c"),
          .step = 0.02,
          .rule = rule};
}

// SciPy steps a real 12 x 12 system: 12 roundings per step, and a step matrix within some 50u (expm of a matrix of norm
// about 1; a solve). Over l steps that is 64 l u of sum f |c| |b| |a|^l, in which |a| <= 1.
TEST(DiagonalKernel, IsTheImpulseResponseOfScipy) {
  for (auto const& [rule, name] :
       {std::pair<discretization, std::string>{discretization::zoh, "zoh"}, {discretization::bilinear, "bilinear"}}) {
    diagonal_system const system = layer_system(rule);
    auto const expected = reference<double>("scipy/layer_" + name + "_kernel");
    auto const kernel = diagonal_kernel(system, static_cast<index_t>(expected.size()));
    auto const bound = diagonal_kernel_bound(system, static_cast<index_t>(expected.size()));
    discrete_diagonal const discrete = discretize(system);
    double size = 0;
    for (std::size_t n = 0; n < discrete.a.size(); ++n) size += 2 * std::abs(system.c[n]) * std::abs(discrete.b[n]);
    for (std::size_t l = 0; l < expected.size(); ++l) {
      EXPECT_NEAR(kernel[l], expected[l], bound[l] + 64 * u * static_cast<double>(l + 1) * size) << name << " " << l;
    }
  }
}

// |computed - exact kernel of the stored a and b| <= bound, of the vectors in float and double and of tap by tap; the exact one
// by long double products (2^-11 of our u each).
void expect_bound_holds(diagonal_system const& system, index_t length, std::string const& what) {
  auto const kernel = diagonal_kernel(system, length), by_taps = diagonal_kernel_by_taps(system, length);
  auto const singles = diagonal_kernel<float>(system, length);
  auto const bound = diagonal_kernel_bound(system, length), single_bound = diagonal_kernel_bound<float>(system, length);
  discrete_diagonal const discrete = discretize(system);
  std::vector<wide> state(discrete.b.begin(), discrete.b.end());
  for (std::size_t l = 0; l < kernel.size(); ++l) {
    long double exact = 0;
    for (std::size_t n = 0; n < state.size(); ++n) {
      exact += times(wide(system.c[n]), state[n]).real();
      state[n] = times(wide(discrete.a[n]), state[n]);
    }
    exact *= system.read_out_factor();
    auto const error = [&](auto tap) { return static_cast<double>(std::abs(static_cast<long double>(tap) - exact)); };
    ASSERT_LE(error(kernel[l]), 1.01 * bound[l]) << what << " tap " << l;  // 1 %: the oracle's own products
    ASSERT_LE(error(by_taps[l]), 1.01 * bound[l]) << what << " tap " << l;
    if (!(single_bound[l] < std::numeric_limits<double>::infinity())) continue;  // growing systems leave float's range
    ASSERT_LE(error(singles[l]), 1.01 * single_bound[l]) << what << " tap " << l;
  }
}

std::vector<discretization> const rules = [] {
  std::vector<discretization> made(std::begin(all_discretizations), std::end(all_discretizations));
  for (double const alpha : {0.1, 0.3, 0.8}) made.push_back(discretization::generalized_bilinear(alpha));
  return made;
}();

TEST(DiagonalKernel, BoundHolds) {
  for (s4d_initialization const which : all_s4d_initializations) {
    for (discretization const rule : rules) {
      for (double const step : {0.001, 0.02, 0.1}) {
        diagonal_system system{.lambda = s4d_lambda(which, 16), .step = step, .rule = rule};
        for (std::size_t n = 0; n < system.lambda.size(); ++n) {
          system.b.emplace_back(1.0, 0.25);
          system.c.emplace_back(std::cos(static_cast<double>(n)), 0.5);
        }
        if (discretize(system).spectral_radius() >= 1.1) continue;  // overflows within the length
        std::string const what =
            std::string(name_of(which)) + " " + std::string(name_of(rule)) + " " + std::to_string(step);
        expect_bound_holds(system, 3000, what);
      }
    }
  }
}

TEST(DiagonalKernel, BoundHoldsWhereAVanishesOrNearlyOrIsNegative) {
  for (double const lambda : {-2.0, -1.0, -2.0 + 1e-12, -1.0 - 1e-9, -3.0, -1.9}) {
    for (discretization const rule : rules) {
      for (double const turn : {0.0, 1e-10, 0.4}) {
        diagonal_system const system{.lambda = {{lambda, turn}}, .b = {1.0}, .c = {1.0}, .step = 1, .rule = rule};
        if (discretize(system).spectral_radius() >= 1.1) continue;
        expect_bound_holds(system, 100, std::to_string(lambda) + " " + std::to_string(turn));
      }
    }
  }
}

// The bounds are of the size of the errors, so that they would see a wrong digit, and float's is float's.
TEST(DiagonalKernel, BoundsAreNotBlind) {
  diagonal_system const system{.lambda = s4d_lambda(s4d_initialization::lin, 64),
                               .b = std::vector<complex>(32, 1.0),
                               .c = std::vector<complex>(32, complex(0.5, -0.5)),
                               .step = 0.001};
  auto const exact = diagonal_kernel(system, 4096);
  auto const singles = diagonal_kernel<float>(system, 4096);
  auto const bound = diagonal_kernel_bound(system, 4096), single_bound = diagonal_kernel_bound<float>(system, 4096);
  double largest = 0, ratio = 0;
  for (std::size_t l = 0; l < exact.size(); ++l) {
    largest = std::max(largest, std::abs(exact[l]));
    ratio = tests::worse(ratio, std::abs(static_cast<double>(singles[l]) - exact[l]) / (single_bound[l] + bound[l]));
  }
  EXPECT_GT(ratio, 0.01);
  EXPECT_LE(ratio, 1);
  for (std::size_t l = 0; l < exact.size(); ++l) {
    EXPECT_LE(single_bound[l], 2e-5 * largest);  // 32 terms of about the largest, (2 * 32 + 3) u of each: 1.3e-4 of one
    EXPECT_LE(bound[l], 1e-11 * largest);        // the chain of l roundings of a, 4096 times 6u, of each
  }
}

// Lengths at the borders of rows and of blocks of rows: each tap is that of a longer kernel as far as the bound tells.
TEST(DiagonalKernel, EveryLength) {
  diagonal_system const system{
      .lambda = {{-1, 2}, {-0.5, 40}}, .b = {1.0, 1.0}, .c = {1.0, complex(0, 1)}, .step = 0.01};
  auto const expected = diagonal_kernel_by_taps(system, 2100);
  for (index_t const length : {1, 2, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 2047, 2100}) {
    auto const kernel = diagonal_kernel(system, length);
    auto const bound = diagonal_kernel_bound(system, length);
    ASSERT_EQ(static_cast<index_t>(kernel.size()), length);
    for (std::size_t l = 0; l < kernel.size(); ++l)
      ASSERT_NEAR(kernel[l], expected[l], 2 * bound[l]) << length << " " << l;
  }
}

// With w kept exactly, a tap a million steps out is as exact as the first: e^{l step lambda} as two powers, each within 12u,
// their product and that with the gain sqrt(5) u each: 30u of its modulus, a rounding of the read-out beside, where a phase
// rounded once would be wrong by u |l step Im lambda|, a hundred thousand u here.
TEST(DiagonalKernel, PhaseDoesNotDriftWithLength) {
  diagonal_system const system{
      .lambda = {{-1e-7, 314.159}}, .b = {1.0}, .c = {1.0}, .step = 0.001, .kept = spectrum::full};
  index_t const length = (index_t{1} << 20) + 1;
  auto const kernel = diagonal_kernel(system, length);
  complex const gain = discretize(system).b[0];
  // step * lambda and its multiples as two long doubles, so that the oracle's phase is exact to 2^-100.
  auto const exact = [&](index_t l) {
    long double const re = static_cast<long double>(system.step) * static_cast<long double>(system.lambda[0].real());
    long double const im = static_cast<long double>(system.step) * static_cast<long double>(system.lambda[0].imag());
    long double const im_rest =
        std::fma(static_cast<long double>(system.step), static_cast<long double>(system.lambda[0].imag()), -im);
    long double const phase = static_cast<long double>(l) * im;
    long double const phase_rest =
        std::fma(static_cast<long double>(l), im, -phase) + static_cast<long double>(l) * im_rest;
    long double const modulus = std::exp(static_cast<long double>(l) * re);
    wide const turned = wide(std::cos(phase), std::sin(phase)) * wide(1, phase_rest);
    return (wide(gain) * modulus * turned).real();
  };
  for (index_t const l : {index_t{1}, index_t{1000}, index_t{99999}, length - 2, length - 1}) {
    double const error =
        static_cast<double>(std::abs(static_cast<long double>(kernel[static_cast<std::size_t>(l)]) - exact(l)));
    EXPECT_LE(error, 31 * u * std::abs(gain)) << l;
  }
}

TEST(DiagonalKernel, Lengths) {
  diagonal_system const system{.lambda = {{-1, 2}}, .b = {1.0}, .c = {1.0}};
  EXPECT_EQ(diagonal_kernel(system, 1).size(), 1u);
  EXPECT_EQ(test::refusal([&] { diagonal_kernel(system, 0); }), "length: got 0; need at least 1");
  EXPECT_EQ(test::refusal([&] { diagonal_kernel(system, -1); }), "length: got -1; need at least 1");
  // Phases of 2^31 and more: refused, but where the power has long been zero by then.
  diagonal_system fast{.lambda = {{0, 0x1p30}}, .b = {1.0}, .c = {1.0}};
  EXPECT_EQ(diagonal_kernel(fast, 2).size(), 2u);
  for (auto const& by : {+[](diagonal_system const& s) { return diagonal_kernel(s, 3); },
                         +[](diagonal_system const& s) { return diagonal_kernel_by_taps(s, 3); }})
    EXPECT_EQ(
        test::refusal([&] { by(fast); }),
        "length: got 3, of which an eigenvalue turns by 1.07374e+09 a step (index 0); need a length that turns it "
        "by less than 2^31");
  fast.lambda[0] = {-1000, 0x1p30};
  EXPECT_EQ(diagonal_kernel(fast, 5000)[4999], 0);
}

}  // namespace
}  // namespace ssmscan::ssm
