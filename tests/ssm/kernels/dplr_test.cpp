// The diagonal plus low-rank kernel against each slower form before it, and against the Annotated S4.
#include <cmath>
#include <limits>
#include <numeric>

#include "tests/ssm/annotated_s4.hpp"
#include <Eigen/Dense>
#include <gmock/gmock.h>

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/error_of_largest.hpp>
#include <ssmscan/ssm/detail/hippo_system.hpp>
#include <ssmscan/ssm/detail/low_rank_bounds.hpp>
#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>

namespace ssmscan::ssm {
namespace {

using detail::error_of_largest;

using test::reference;
using complex = std::complex<double>;

constexpr double bar = 1e-10;       // of the kernel's largest value: doubles, against powers
constexpr double float_bar = 5e-6;  // likewise, floats
constexpr index_t lengths[] = {1, 2, 3, 16, 17, 97, 784, 1000, 1024, 4093};

// HiPPO's system of that size with a read-out that is not trivial, about one window long.
dplr_system hippo_system(hippo which, index_t size, spectrum kept, double step) {
  auto const form = hippo_normal_plus_low_rank(which, size, kept);
  dplr_system system = detail::system_of(form, step, kept);
  // A real read-out in HiPPO's own basis, C[n] = cos(n) / (n + 1), so that half and full are one system.
  Eigen::RowVectorXcd c(size);
  for (index_t n = 0; n < size; ++n) c(n) = std::cos(static_cast<double>(n)) / static_cast<double>(n + 1);
  Eigen::RowVectorXcd const turned = c * form.basis;
  system.c = {turned.begin(), turned.end()};
  return system;
}

std::vector<double> by_powers(dplr_system const& system, index_t length) {
  auto const whole = matrices_of(system);
  auto const discrete = discretize(whole.continuous, system.step, discretization::bilinear);
  std::vector<double> kernel;
  for (complex const tap : naive_kernel<complex>(discrete, whole.c, length)) kernel.push_back(tap.real());
  return kernel;
}

TEST(ErrorOfLargest, PassesNothingOver) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> const expected{1, -4, 2};
  EXPECT_EQ(error_of_largest(std::vector<double>{1, -3, 2.5}, expected), 0.25);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    auto computed = expected;
    computed[i] = nan;
    EXPECT_EQ(error_of_largest(computed, expected), HUGE_VAL) << i;
  }
  EXPECT_EQ(error_of_largest(std::vector<double>{1, -4}, expected), HUGE_VAL);
}

// Every HiPPO: at this step the largest of them is 9e-14 off. FouT has no half spectrum: its eigenvalue 0 has no
// conjugate.
TEST(DplrKernel, IsTheKernelByPowers) {
  int cases = 0;
  for (hippo const which : {hippo::legs, hippo::legt, hippo::lagt, hippo::fout}) {
    for (index_t const size : {4, 8, 16, 32, 64}) {
      for (spectrum const kept : {spectrum::half, spectrum::full}) {
        if (which == hippo::fout && kept == spectrum::half) continue;
        index_t const states = which == hippo::fout ? size - 1 : size;
        dplr_system const system = hippo_system(which, states, kept, 0.01);
        auto const longest = by_powers(system, 4093);
        for (index_t const length : lengths) {
          std::vector<double> const expected(longest.begin(), longest.begin() + length);
          std::string const what = std::string(name_of(which)) + " " + std::to_string(states) + " " +
                                   std::to_string(length) + (kept == spectrum::half ? " half" : " full");
          EXPECT_LE(error_of_largest(dplr_kernel<double>(system, length), expected), bar) << what;
          if (length <= 1024) {
            EXPECT_LE(error_of_largest(dplr_kernel_by_roots(system, length), expected), bar) << what;
          }
          if (length <= 100 && size <= 16) {
            auto const whole = matrices_of(system);
            auto const discrete = discretize(whole.continuous, system.step, discretization::bilinear);
            EXPECT_LE(error_of_largest(generating_function_kernel(discrete, whole.c, length), expected), bar) << what;
          }
          ++cases;
        }
      }
    }
  }
  EXPECT_EQ(cases, 350);  // 10 lengths, 5 sizes: 3 x 2, and fout's full spectrum
}

// The full spectrum goes root by root, the half by the sums in SIMD lanes; floats are within their bar of these, too.
TEST(DplrKernel, OfTheAnnotatedS4) {
  for (std::string const& name : test::annotated_s4_cases) {
    dplr_system const full = test::annotated_s4(name);
    auto const expected = reference<double>(name + ".K");
    auto const input = reference<double>(name + ".u");
    auto const output = reference<double>(name + ".y");
    index_t const length = static_cast<index_t>(expected.size());
    for (dplr_system const& system : {full, test::half_of(full)}) {
      std::string const what = name + " " + std::to_string(system.size());
      std::vector<double> kernel(expected.size());
      dplr_kernels<double>({&system, 1}, length, read_out_kind::truncated).generate(0, kernel);
      EXPECT_LE(error_of_largest(kernel, expected), 1e-12) << what;
      std::vector<double> made(output.size());
      causal_convolution(kernel, input, 1, made, convolution_method::fft);
      EXPECT_LE(error_of_largest(made, output), 1e-12) << what;
      std::vector<float> single(expected.size());
      dplr_kernels<float>({&system, 1}, length, read_out_kind::truncated).generate(0, single);
      EXPECT_LE(error_of_largest(single, expected), float_bar) << what;
    }
  }
}

// LagT's poles have no damping: of 8 states at a step of 0.01 one lies at 4e-4 of the roots' distance from one of 1000 roots
// of unity, where the terms are 800 times their sum; on the circle none is nearer than a tenth of that distance.
TEST(DplrKernel, FloatsAreWithinTheirBar) {
  double worst = 0;
  for (hippo const which : {hippo::legs, hippo::lagt}) {
    for (index_t const size : {4, 8, 16, 64}) {
      for (index_t const length : {16, 97, 1000, 4093, 16384}) {
        for (double const step : {0.1, 0.01, 1.0 / static_cast<double>(length)}) {
          dplr_system const system = hippo_system(which, size, spectrum::half, step);
          double const off = error_of_largest(dplr_kernel<float>(system, length), dplr_kernel<double>(system, length));
          EXPECT_LE(off, float_bar) << name_of(which) << " " << size << " " << length << " " << step;
          worst = std::max(worst, off);
        }
      }
    }
  }
  RecordProperty("worst", std::to_string(worst));
  EXPECT_GT(worst, 1e-8);  // floats they are
}

// Each within its bound of the exact recurrence (detail/low_rank_bounds.hpp), read out by c.
TEST(DplrKernel, StepIsTheDenseStep) {
  double largest = 0;
  for (hippo const which : {hippo::legs, hippo::legt, hippo::lagt}) {
    for (spectrum const kept : {spectrum::half, spectrum::full}) {
      dplr_system const system = hippo_system(which, 16, kept, 0.05);
      auto const whole = matrices_of(system);
      auto const discrete = discretize(whole.continuous, system.step, discretization::bilinear);
      dplr_stepper const stepper(system);
      detail::stepped_run stepped(system);
      detail::matrix_run dense(system, discrete, whole.c);
      std::vector<complex> x(system.lambda.size());
      for (int t = 0; t < 200; ++t) {
        double const u = std::sin(0.3 * t) + (t % 7 == 0);
        stepper.step(x.data(), u), stepped.step(u), dense.step(u);
        double y = 0;
        for (std::size_t n = 0; n < x.size(); ++n) y += system.read_out_factor() * read_out(system.c[n], x[n]);
        double const error = std::abs(y - dense.output()), bound = stepped.bound() + dense.bound();
        ASSERT_LE(error, bound) << name_of(which) << t;
        largest = std::max(largest, error / bound);
      }
    }
  }
  EXPECT_GT(largest, 1e-4);  // of the errors' size
}

TEST(DplrKernel, PolesOnTheRoots) {
  // lambda = 0 lies on theta = 0, and step Im lambda / 2 = tan(pi / 4) on a root where 4 divides the length. The
  // systems are stable by their low rank; at the roots of unity the sums would not be finite.
  dplr_system const half{.lambda = {{0, 20}, {-0.5, 3}},
                         .p = {{1, 0.5}, {1, 0}},
                         .b = {{1, 0}, {0, 1}},
                         .c = {{1, 0}, {0.5, 0.5}},
                         .step = 0.1};
  dplr_system full = half;
  full.kept = spectrum::full;
  full.lambda = {{0, 0}, {0, 20}, {0, -20}};
  full.p = full.b = full.c = {{1, 0}, {1, 0.5}, {1, -0.5}};
  for (dplr_system const& system : {half, full}) {
    for (index_t const length : {8, 64, 100, 97}) {
      EXPECT_LE(error_of_largest(dplr_kernel<double>(system, length), by_powers(system, length)), bar) << length;
      EXPECT_LE(error_of_largest(dplr_kernel_by_roots(system, length), by_powers(system, length)), bar) << length;
      EXPECT_LE(error_of_largest(dplr_kernel<float>(system, length), by_powers(system, length)), float_bar) << length;
    }
  }
}

TEST(DplrKernel, Refusals) {
  dplr_system const good = hippo_system(hippo::legs, 4, spectrum::half, 0.1);
  EXPECT_EQ(test::refusal([&] { dplr_kernel<double>(good, 0); }), "length: got 0; need at least 1");
  EXPECT_EQ(test::refusal([&] { dplr_kernel<float>(good, -3); }), "length: got -3; need at least 1");
  auto const refused = [&](auto change) {
    dplr_system wrong = good;
    change(wrong);
    return test::refusal([&] { dplr_kernel<double>(wrong, 8); });
  };
  EXPECT_EQ(refused([](auto& s) {
              s.lambda[1] = {0.25, 1};
            }),
            "lambda: got the real part 0.25 at index 1, an unstable system; need no positive real part");
  EXPECT_EQ(refused([](auto& s) { s.p.pop_back(); }),
            "p: got 1 values; need a multiple of 2, a row of as many as lambda for each rank");
  EXPECT_EQ(refused([](auto& s) { s.c.pop_back(); }), "c: got 1 values; need 2, as many as lambda");
  EXPECT_EQ(refused([](auto& s) { s.b[0] = NAN; }),
            "b: got a value that is not finite at index 0; need finite numbers");
  EXPECT_EQ(refused([](auto& s) { s.step = 0; }), "step: got 0; need a positive finite number");
  for (double const step : {1e-320, 1e-300}) {
    for (spectrum const kept : {spectrum::half, spectrum::full}) {
      EXPECT_THAT(refused([&](auto& s) { s.step = step, s.kept = kept; }),
                  testing::StartsWith("step: got " + detail::text_of(step) + ", with |"));
      dplr_system wrong = good;
      wrong.step = step, wrong.kept = kept;
      EXPECT_THAT(test::refusal([&] { dplr_kernel_by_roots(wrong, 8); }), testing::StartsWith("step: got "));
    }
  }
  // (tau 2/step)^2 underflows, and lambda is 0.
  EXPECT_EQ(refused([](auto& s) { s.lambda[1] = 0, s.step = 1e153; }),
            "step: got 1e+153, with lambda = 0 at index 1; need 2/step and lambda whose squares neither overflow nor "
            "underflow over 8 samples");
  // Sums that leave the range of a float are made in double.
  dplr_system wide = good;
  wide.lambda[1] = 0, wide.p[1] = 1e3, wide.step = 1e8;
  EXPECT_LE(error_of_largest(dplr_kernel<float>(wide, 8), dplr_kernel<double>(wide, 8)), 0x1p-24);
  EXPECT_EQ(refused([](auto& s) { s.p[0] = 1e200; }),
            "p: got values with which I + P^* D P has no finite inverse; need values whose squares do not overflow");
  EXPECT_EQ(refused([](auto& s) { s.lambda.clear(); }), "lambda: got 0 values; need at least 1");
  std::vector<double> short_by_one(7);
  EXPECT_EQ(test::refusal([&] {
              dplr_kernels<double>({&good, 1}, 8).generate(0, short_by_one);
            }),
            "kernel: got 7 values; need 8, the length");
}

}  // namespace
}  // namespace ssmscan::ssm
