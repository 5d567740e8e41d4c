// The diagonal plus low-rank kernel where I - Ab^L has no inverse, or nearly none: slow and undamped poles, poles on roots,
// tiny and huge steps, few samples. Against closed forms, and powers in long double.
#include <cmath>
#include <numbers>
#include <sstream>

#include "tests/ssm/numbers.hpp"
#include "tests/ssm/reference_data.hpp"
#include "tests/ssm/wide_system.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/detail/error_of_largest.hpp>
#include <ssmscan/ssm/detail/hippo_system.hpp>
#include <ssmscan/ssm/detail/low_rank_bounds.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
using detail::error_of_largest;
using test::at;
using test::wide;
using test::wide_complex;

constexpr double bar = 1e-10;       // of the kernel's largest value: doubles, against powers
constexpr double float_bar = 5e-6;  // likewise, floats
constexpr index_t lengths[] = {1, 2, 3, 16, 17, 97, 784, 1000, 1024, 4093};

// Every form within its bar of the expected, the explicit inverses of at most `inverses` samples.
void hold(dplr_system const& system, std::vector<double> const& expected, std::string const& what,
          index_t inverses = 100) {
  index_t const length = static_cast<index_t>(expected.size());
  EXPECT_LE(error_of_largest(dplr_kernel<double>(system, length), expected), bar) << what;
  EXPECT_LE(error_of_largest(dplr_kernel_by_roots(system, length), expected), bar) << what;
  EXPECT_LE(error_of_largest(dplr_kernel<float>(system, length), expected), float_bar) << what;
  if (length > inverses) return;
  auto const whole = matrices_of(system);
  auto const discrete = discretize(whole.continuous, system.step, discretization::bilinear);
  EXPECT_LE(error_of_largest(generating_function_kernel(discrete, whole.c, length), expected), bar) << what;
}

std::vector<double> in_double(std::vector<wide> const& kernel) { return {kernel.begin(), kernel.end()}; }

// One pole and a low rank of p = |p|: Ab = (1 - h a) / (1 + h a), Bb = step / (1 + h a) with a = p^2 - lambda.
TEST(DplrCircle, OnePoleIsItsClosedForm) {
  for (complex const lambda : {complex(0), complex(-1e-12), complex(-1e-3), complex(0, 2), complex(-1e-9, 2)}) {
    for (double const p : {0.0, 1e-9, 1e-6, 1e-4, 1.0}) {
      for (double const step : {1e-12, 1e-6, 0.01, 1.0, 1e3}) {
        dplr_system const system{
            .lambda = {lambda}, .p = {p}, .b = {1}, .c = {{0.5, -1}}, .step = step, .kept = spectrum::full};
        for (index_t const length : lengths) {
          wide_complex const ha = static_cast<wide>(step) / 2 * (static_cast<wide>(p) * p - wide_complex(lambda)),
                             a = (wide(1) - ha) / (wide(1) + ha);
          wide_complex state = static_cast<wide>(step) / (wide(1) + ha);
          std::vector<double> expected;
          for (index_t l = 0; l < length; ++l, state *= a)
            expected.push_back(static_cast<double>((wide_complex(0.5, -1) * state).real()));
          std::ostringstream what;
          what << lambda << " p " << p << " step " << step << " L " << length;
          hold(system, expected, what.str(), 17);
        }
      }
    }
  }
}

// A constant and a wave of period 4, exactly: lambda = 0 and step Im lambda / 2 = 1, with no low rank. Half spectra, so
// that the sums run in lanes; 1000 samples, of which 4 divides the number.
TEST(DplrCircle, UndampedPolesOnRoots) {
  for (index_t const length : lengths) {
    dplr_system const constant{.lambda = {0}, .p = {0}, .b = {1}, .c = {1}, .step = 1};
    hold(constant, std::vector<double>(at(length), 2), "constant " + std::to_string(length));
    dplr_system const wave{.lambda = {{0, 2}}, .p = {0}, .b = {1}, .c = {1}, .step = 1};
    dplr_system const both{.lambda = {0, {0, 2}}, .p = {0, 0}, .b = {1, 1}, .c = {1, 1}, .step = 1};
    constexpr double of_wave[] = {1, -1, -1, 1};  // 2 Re(i^l (1 + i) / 2)
    std::vector<double> expected, sum;
    for (index_t l = 0; l < length; ++l) expected.push_back(of_wave[l % 4]), sum.push_back(2 + of_wave[l % 4]);
    hold(wave, expected, "wave " + std::to_string(length));
    hold(both, sum, "both " + std::to_string(length));
  }
}

dplr_system legs(index_t size, double step) {
  auto const form = hippo_normal_plus_low_rank(hippo::legs, size, spectrum::half);
  dplr_system system = detail::system_of(form, step, spectrum::half);
  Eigen::RowVectorXcd c(size);
  for (index_t n = 0; n < size; ++n) c(n) = std::cos(static_cast<double>(n)) / static_cast<double>(n + 1);
  Eigen::RowVectorXcd const turned = c * form.basis;
  system.c = {turned.begin(), turned.end()};
  return system;
}

TEST(DplrCircle, HippoAtTinyAndHugeSteps) {
  for (double const step : {1e-12, 1e-10, 1e-8, 1e-6, 1.0, 1e3, 1e4, 1e6}) {
    dplr_system const system = legs(64, step);
    std::vector<double> const longest = in_double(test::wide_system(system).kernel(4093));
    for (index_t const length : lengths)
      hold(system, {longest.begin(), longest.begin() + length}, std::to_string(step) + " " + std::to_string(length), 3);
  }
  // Far beyond what an inverse of I - Ab^L could tell, and at the ends of what a step may be.
  for (double const step : {1e-140, 1e-60, 1e60, 1e140, 1e300})
    for (index_t const length : {1, 16, 97})
      EXPECT_LE(error_of_largest(dplr_kernel<double>(legs(4, step), length),
                                 in_double(test::wide_system(legs(4, step)).kernel(length))),
                bar)
          << step << " " << length;
}

// Steps from 1e-12 to 1e3; poles at 0, barely damped, on a root and beside it, with low ranks none, tiny and of size. Each
// form within its bar and, what says more, within its bound (detail/low_rank_bounds.hpp).
TEST(DplrCircle, AnyStepAnyPole) {
  test::numbers source(11);
  int cases = 0;
  double largest = 0;
  for (int exponent = -12; exponent <= 3; ++exponent) {
    double const step = std::pow(10.0, exponent);
    for (index_t const length : {1, 2, 3, 16, 97, 784}) {
      double const root = std::tan(std::numbers::pi * static_cast<double>(length / 3) / static_cast<double>(length));
      for (double const p : {0.0, 1e-9, 1e-4, 1.0}) {
        dplr_system system{.lambda = {0, -1e-12, {0, 2 / step * root}, {-1e-9, 2.001 / step * root}, {-0.5, 20}},
                           .step = step};
        for (std::size_t n = 0; n < system.lambda.size(); ++n)
          system.p.push_back(p * source.both()), system.b.push_back(source.both()), system.c.push_back(source.both());
        std::string const what =
            std::to_string(exponent) + " " + std::to_string(length) + " p " + std::to_string(p * 1e9) + "e-9";
        std::vector<wide> const exact = test::wide_system(system).kernel(length);
        // Random read-outs may cancel in a tap: floats are held to their bound alone.
        EXPECT_LE(error_of_largest(dplr_kernel<double>(system, length), in_double(exact)), bar) << what;
        EXPECT_LE(error_of_largest(dplr_kernel_by_roots(system, length), in_double(exact)), bar) << what;
        auto const whole = matrices_of(system);
        auto const discrete = discretize(whole.continuous, step, discretization::bilinear);
        auto const powers = detail::bound_of_powers(system, discrete, whole.c, length);
        auto const inside = [&]<class T>(std::vector<T> const& made, std::vector<double> const& bound) {
          for (std::size_t l = 0; l < made.size(); ++l) {
            double const off = static_cast<double>(std::abs(static_cast<wide>(made[l]) - exact[l]));
            ASSERT_LE(off, bound[l]) << what << " tap " << l;
            if (off > 0) largest = std::max(largest, off / bound[l]);
          }
        };
        using detail::spectrum_form;
        inside(dplr_kernel<double>(system, length),
               detail::bound_of_dplr_kernel<double>(system, length, powers, spectrum_form::by_tangents));
        inside(dplr_kernel<float>(system, length),
               detail::bound_of_dplr_kernel<float>(system, length, powers, spectrum_form::by_tangents));
        inside(dplr_kernel_by_roots(system, length),
               detail::bound_of_dplr_kernel<double>(system, length, powers, spectrum_form::by_roots));
        ++cases;
      }
    }
  }
  EXPECT_EQ(cases, 16 * 6 * 4);
  EXPECT_GT(largest, 1e-2);  // bounds of the errors' size
}

// Low ranks that outweigh all else, step ||P||^2 to 1e4: C~ is made of an Ab that does not lose digits by them.
TEST(DplrCircle, LargeLowRanks) {
  test::numbers source(5);
  for (double const p : {1e2, 1e4}) {
    for (index_t const length : {1, 16, 97, 784}) {
      dplr_system system{.lambda = {0, {-1, 20}, {0, 3}, {-100, 500}}, .step = 1e4 / (p * p)};
      for (std::size_t n = 0; n < system.lambda.size(); ++n)
        system.p.push_back(p * source.both()), system.b.push_back(source.both()), system.c.push_back(source.both());
      auto const exact = in_double(test::wide_system(system).kernel(length));
      EXPECT_LE(error_of_largest(dplr_kernel<double>(system, length), exact), bar) << p << " " << length;
      EXPECT_LE(error_of_largest(dplr_kernel_by_roots(system, length), exact), bar) << p << " " << length;
    }
  }
}

// The layer's convolution is its recurrence where one pole stands still.
TEST(DplrCircle, ConvolutionIsTheRecurrence) {
  dplr_system const system{.lambda = {0, -1}, .p = {0, 1}, .b = {1, 1}, .c = {1, 1}, .step = 0.01};
  layer const of(std::span(&system, 1));
  std::vector<double> const u(100, 1.0);
  std::vector<double> stepped(u.size()), convolved(u.size());
  of.run(u, 1, stepped, {.mode = mode::recurrence});
  of.run(u, 1, convolved, {.mode = mode::convolution});
  EXPECT_LE(error_of_largest(convolved, stepped), 1e-12);
}

// S4's learned C~ = c (I - Ab^L) gives c back, and with it the kernel; where it cannot, it is refused.
TEST(DplrCircle, ReadOutsThatAreTruncated) {
  for (index_t const length : {1, 17, 1000}) {
    dplr_system const system = legs(16, 0.01);
    dplr_system learned = system;
    learned.c = truncated_output(system, length);
    std::vector<double> kernel(at(length));
    dplr_kernels<double>({&learned, 1}, length, read_out_kind::truncated).generate(0, kernel);
    EXPECT_LE(error_of_largest(kernel, dplr_kernel<double>(system, length)), bar) << length;
  }
  dplr_system const still{.lambda = {-1, 0}, .p = {0.5, 0}, .b = {1, 1}, .c = {1, 1}, .step = 1};
  EXPECT_THAT(test::refusal([&] {
                dplr_kernels<double>({&still, 1}, 8, read_out_kind::truncated);
              }),
              testing::StartsWith("c: got C~, with ||(I - Ab^L)^-1|| = inf at L = 8; need 1e+06 at most"));
}

}  // namespace
}  // namespace ssmscan::ssm
