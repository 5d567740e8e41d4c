// Discretisation against SciPy's cont2discrete and expm1, against long double, and against the theory of stability.
#include "tests/ssm/reference_data.hpp"
#include <Eigen/Dense>

#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/discretize_dense.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using test::reference;
using complex = std::complex<double>;
constexpr double u = 0x1p-53;

// Each factor of the formula is within 1 ulp = 2u, products and the difference add u each: at most 10u of
// |expm1(x) cos y| + 2 sin^2(y/2), which is at most 3 |e^z - 1| (where both terms are large they are of one sign, or y
// is small and e^z - 1 is at least |y|).
TEST(Discretize, Expm1IsThatOfScipy) {
  auto const z = reference<complex>("scipy/expm1_z");
  auto const expected = reference<complex>("scipy/expm1_value");
  ASSERT_EQ(z.size(), 64u);
  for (std::size_t i = 0; i < z.size(); ++i) {
    double const theirs = std::abs(z[i].imag()) > 0.785 ? 2 * u : 0;
    EXPECT_LE(std::abs(expm1(z[i]) - expected[i]), 30 * u * std::abs(expected[i]) + theirs) << z[i];
    std::complex<float> const single(z[i]);
    complex const in_double = expm1(complex(single));
    EXPECT_LE(std::abs(complex(expm1(single)) - in_double), 30 * 0x1p-24 * std::abs(in_double)) << z[i];
  }
}

// Near a full turn e^z - 1 is small although z is not: it is that of z - 2 pi i, which the series gives. 2 pi as a
// double and a rest, so that y - 2 pi is formed without error; the terms left out of the series are below |z|^5.
TEST(Discretize, Expm1KeepsItsDigitsNearAFullTurn) {
  using wide = std::complex<long double>;
  constexpr double two_pi = 0x1.921fb54442d18p+2;
  constexpr long double rest = 2.44929359829470635445213186455e-16L;
  for (double const x : {0.0, 1e-9, -1e-6, 1e-8}) {
    for (double const offset : {0.0, 1e-15, 1e-7, -1e-5}) {
      double const y = two_pi + offset;
      wide const z(x, static_cast<long double>(y - two_pi) - rest);
      wide const exact = z * (wide(1) + z / 2.0L * (wide(1) + z / 3.0L * (wide(1) + z / 4.0L)));
      for (double const sign : {1.0, -1.0}) {  // the conjugate too
        wide const expected(exact.real(), static_cast<long double>(sign) * exact.imag());
        double const error = static_cast<double>(std::abs(wide(expm1(complex(x, sign * y))) - expected));
        EXPECT_LE(error, 30 * u * static_cast<double>(std::abs(exact))) << x << " " << offset;
      }
    }
  }
}

// In the file's order.
discretization const rules_of_scipy[] = {discretization::zoh,
                                         discretization::bilinear,
                                         discretization::forward_euler,
                                         discretization::backward_euler,
                                         discretization::generalized_bilinear(0.3),
                                         discretization::mamba};

// A matrix exponential by scaling and squaring is exact for a matrix within a small multiple of N u ||M|| of M = step
// [A B; 0 0]; that moves exp(M) by at most e^||M|| times it. The solves of the bilinear rules are better conditioned
// still. Where that is more than the bar of 1e-12, the bar is what is asked.
void expect_scipys(hippo which, index_t size, std::string const& step) {
  dense_system<double> const continuous{hippo_matrix(which, size), hippo_input(which, size)};
  double const length = std::stod(step);
  double const norm = length * (continuous.a.cwiseAbs().rowwise().sum().maxCoeff() + continuous.b.maxCoeff());
  double const derived = 10 * static_cast<double>(size) * u * norm * std::exp(norm),
               tolerance = std::min(derived, 1e-12);
  std::string const name = std::string(name_of(which)) + "_" + std::to_string(size) + "_" + step;
  auto const expected = reference<double>("scipy/dense_" + name);
  ASSERT_EQ(expected.size(), std::size(rules_of_scipy) * static_cast<std::size_t>(size * (size + 1)));
  auto next = expected.begin();
  for (discretization const rule : rules_of_scipy) {
    auto const discrete = discretize(continuous, length, rule);
    for (index_t i = 0; i < size; ++i) {
      for (index_t k = 0; k < size; ++k) EXPECT_NEAR(discrete.a(i, k), *next++, tolerance) << name << name_of(rule);
      EXPECT_NEAR(discrete.b(i), *next++, tolerance) << name << name_of(rule);
    }
  }
}
TEST(Discretize, DenseRulesAreThoseOfScipy) {
  expect_scipys(hippo::legs, 8, "0.05"), expect_scipys(hippo::legs, 32, "0.002"), expect_scipys(hippo::legs, 3, "1.0");
  expect_scipys(hippo::legt, 8, "0.05"), expect_scipys(hippo::legt, 16, "0.003"), expect_scipys(hippo::legt, 2, "1.0");
  expect_scipys(hippo::lagt, 8, "0.05"), expect_scipys(hippo::lagt, 32, "0.02"), expect_scipys(hippo::lagt, 3, "1.0");
  expect_scipys(hippo::fout, 7, "0.05"), expect_scipys(hippo::fout, 15, "0.004"), expect_scipys(hippo::fout, 3, "0.3");
}

Eigen::MatrixXd matrix_of(std::string const& name, Eigen::Index rows) {
  auto const values = reference<double>(name);
  using by_rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<by_rows const>(values.data(), rows, static_cast<Eigen::Index>(values.size()) / rows);
}

// (A, B, C, D) of two inputs and three outputs: A and B as cont2discrete has them, and the whole as dlsim runs it. 1e-12 is the
// bar, some thousand u here, where no norm is above 10.
TEST(Discretize, SeveralInputsAndOutputsAreThoseOfScipy) {
  dense_system<double> const continuous{matrix_of("scipy/mimo_a", 4), matrix_of("scipy/mimo_b", 4)};
  Eigen::MatrixXd const expected = matrix_of("scipy/mimo_discrete", 4 * std::size(rules_of_scipy));
  Eigen::Index first = 0;
  for (discretization const rule : rules_of_scipy) {
    auto const discrete = discretize(continuous, 0.1, rule);
    EXPECT_LE((discrete.a - expected.block(first, 0, 4, 4)).cwiseAbs().maxCoeff(), 1e-12) << name_of(rule);
    EXPECT_LE((discrete.b - expected.block(first, 4, 4, 2)).cwiseAbs().maxCoeff(), 1e-12) << name_of(rule);
    first += 4;
  }
  auto const discrete = discretize(continuous, 0.1, discretization::zoh);
  layer const of({dense({discrete.a, discrete.b, matrix_of("scipy/mimo_c", 3), matrix_of("scipy/mimo_d", 3)})});
  auto const input = reference<double>("scipy/mimo_u"), output = reference<double>("scipy/mimo_y");
  for (mode const which : {mode::recurrence, mode::convolution, mode::scan}) {
    std::vector<double> y(output.size());
    of.run<double>({.input = {input.data(), {1, 2, 60}}, .output = {y.data(), {1, 3, 60}}}, {.mode = which});
    for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], output[i], 1e-12) << name_of(which) << i;
  }
}

TEST(Discretize, DenseRefusals) {
  using Eigen::MatrixXd;
  auto const refused = [](MatrixXd const& a, MatrixXd const& b, double step, discretization rule) {
    return test::refusal([&] { discretize(dense_system<double>{a, b}, step, rule); });
  };
  MatrixXd const one = MatrixXd::Identity(2, 2), b = MatrixXd::Ones(2, 1);
  for (discretization const rule : rules_of_scipy) {
    EXPECT_EQ(refused(MatrixXd::Zero(3, 2), MatrixXd::Ones(3, 1), 1, rule), "a: got 3 x 2; need 3 x 3");
    EXPECT_EQ(refused(one, MatrixXd::Ones(1, 1), 1, rule), "b: got 1 x 1; need 2 x 1");
    EXPECT_EQ(refused(one, MatrixXd::Ones(3, 2), 1, rule), "b: got 3 x 2; need 2 x 2");
    EXPECT_EQ(refused({}, {}, 1, rule), "a, b: got a system without states or inputs; need at least 1 of each");
    EXPECT_EQ(refused(one, MatrixXd(2, 0), 1, rule),
              "a, b: got a system without states or inputs; need at least 1 of each");
    EXPECT_EQ(refused(NAN * one, b, 1, rule), "a: got a value that is not finite; need finite numbers");
    EXPECT_EQ(refused(one, INFINITY * b, 1, rule), "b: got a value that is not finite; need finite numbers");
    for (double const step : {0.0, -1.0, double(NAN), double(INFINITY)})
      EXPECT_TRUE(refused(one, b, step, rule).starts_with("step: got ")) << step;
    EXPECT_NE(refused(1e300 * one, 1e300 * b, 1e300, rule), "");  // out of range
  }
  std::string const singular = "step: got a singular I - alpha step A, with alpha step = ";
  EXPECT_TRUE(refused(20 * one, b, 0.1, discretization::bilinear).starts_with(singular));
  EXPECT_TRUE(refused(10 * one, b, 0.1, discretization::backward_euler).starts_with(singular));
  MatrixXd const pole{{-1, 5},
                      {0, 10}};  // one eigenvalue at the pole; by u beside it; by 1e-9 beside it, which is none
  EXPECT_TRUE(refused(pole, b, 0.1, discretization::backward_euler).starts_with(singular));
  EXPECT_TRUE(refused(pole * (1 + 0x1p-52), b, 0.1, discretization::backward_euler).starts_with(singular));
  EXPECT_TRUE(
      discretize(dense_system<double>{pole * (1 + 1e-9), b}, 0.1, discretization::backward_euler).a.allFinite());
  // Eigenvalues of unlike sizes, and states in unlike units, are no singular matrix.
  auto const stiff = discretize(dense_system<double>{MatrixXd{{-1, 1e20}, {0, -1e20}}, b}, 1, discretization::bilinear);
  EXPECT_NEAR(stiff.a(0, 0), 0.5 / 1.5, 1e-15);
  EXPECT_NEAR(stiff.a(1, 1), -1, 1e-15);
  EXPECT_TRUE(
      refused(1000 * one, b, 1, discretization::zoh).starts_with("a, b: got a system whose discretisation by zoh"));
}

std::vector<complex> some_eigenvalues() {
  std::vector<complex> lambda;
  for (double const re : {-1e-9, -1e-3, -0.5, -1.0, -3.0, -70.0, -200.0}) {
    for (double const im : {0.0, 1e-7, 0.3, 3.14159, 42.0, -1000.0}) lambda.emplace_back(re, im);
  }
  return lambda;
}

std::vector<discretization> const rules = [] {
  std::vector<discretization> made(std::begin(all_discretizations), std::end(all_discretizations));
  for (double const alpha : {0.1, 0.3, 0.8}) made.push_back(discretization::generalized_bilinear(alpha));
  return made;
}();

// s = -1 + 2i, step 1: (1 + s/2) / (1 - s/2) = (1/2 + i) / (3/2 - i) = (-1 + 8i) / 13.
TEST(Discretize, BilinearByHand) {
  auto const pole = discretize(complex(-1, 2), 1.0, discretization::bilinear);
  EXPECT_LE(std::abs(pole.a - complex(-1, 8) / 13.0), 8 * u);
  EXPECT_LE(std::abs(pole.input - complex(6, 4) / 13.0), 8 * u);  // 1 / (3/2 - i)
  // The other rules at the same point: 1 + s, 1 / (1 - s), and alpha = 1/4: (1 + 3s/4) / (1 - s/4).
  EXPECT_EQ(discretize(complex(-1, 2), 1.0, discretization::forward_euler).a, complex(0, 2));
  EXPECT_LE(std::abs(discretize(complex(-1, 2), 1.0, discretization::backward_euler).a - complex(0.25, 0.25)), 4 * u);
  auto const quarter = discretize(complex(-1, 2), 1.0, discretization::generalized_bilinear(0.25));
  EXPECT_LE(std::abs(quarter.a - complex(-7, 32) / 29.0), 12 * u);
}

// A diagonal matrix is discretised entry by entry: the two forms of each rule agree.
TEST(Discretize, DenseOfADiagonalIsTheDiagonal) {
  Eigen::VectorXcd lambda(3);
  lambda << complex(-0.5, 3), complex(-2, 0), complex(-0.01, -40);
  for (discretization const rule : rules) {
    auto const dense = discretize(dense_system<complex>{lambda.asDiagonal(), Eigen::VectorXcd::Ones(3)}, 0.1, rule);
    for (index_t n = 0; n < 3; ++n) {
      auto const pole = discretize(lambda(n), 0.1, rule);
      EXPECT_LE(std::abs(dense.a(n, n) - pole.a), 1e-14) << name_of(rule);  // exp's ||M|| = 4: 100u
      EXPECT_LE(std::abs(dense.b(n) - pole.input), 1e-14) << name_of(rule);
    }
  }
}

TEST(Discretize, ErrorBoundHoldsAgainstLongDouble) {
  using wide = std::complex<long double>;
  double largest = 0;
  for (double const step : {1e-3, 0.01, 0.3, 1.0}) {
    for (complex const lambda : some_eigenvalues()) {
      for (discretization const rule : rules) {
        auto const exact = discretize(wide(lambda), static_cast<long double>(step), rule);
        auto const computed = discretize(lambda, step, rule);
        double const error = static_cast<double>(std::abs(wide(computed.a) - exact.a));
        double const bound = discretization_error(lambda, step, rule);
        EXPECT_LE(error, bound) << lambda << " " << step << " " << name_of(rule);
        if (bound > 0) largest = std::max(largest, error / bound);
        // input: e^v - 1 within 30u (above), rounding v moves it by u |v e^v| / |e^v - 1| <= (1 + |v|) u relative,
        // the quotient 6u; bilinear: 1 - v/2 within u (1 + |v/2|), quotient 6u.
        double const size = static_cast<double>(std::abs(exact.input));
        EXPECT_LE(static_cast<double>(std::abs(wide(computed.input) - exact.input)),
                  (40 + step * std::abs(lambda)) * u * size)
            << lambda << " " << step << " " << name_of(rule);
      }
    }
  }
  EXPECT_GT(largest, 0.05);  // the bound is of the size of the error, and the comparison sees errors at all
}

TEST(Discretize, StableSystemsStayStable) {
  for (double const step : {1e-3, 0.1, 10.0}) {
    for (complex const lambda : some_eigenvalues()) {
      // |a| < 1 in exact arithmetic; where 1 - |a| is below a few u the rounded a may reach 1.
      double const slack = 4 * u;
      for (discretization const rule : rules) {
        if (rule.kind() == discretization::family::gbt && rule.alpha() < 0.5) continue;  // stable within a disc only
        EXPECT_LE(std::abs(discretize(lambda, step, rule).a), 1 + slack) << lambda << " " << name_of(rule);
      }
    }
  }
  EXPECT_GT(std::abs(discretize(complex(-70, 0), 0.1, discretization::forward_euler).a), 1);
  // The known answer of A = -0.5, step 0.1: 0.975/1.025, and not its inverse.
  EXPECT_NEAR(discretize(complex(-0.5, 0), 0.1, discretization::bilinear).a.real(), 0.975 / 1.025, 4 * u);
}

TEST(Discretize, SmallStepsKeepTheirInput) {
  // (e^v - 1)/lambda in float is 0 at v = -1e-8 when computed as written.
  auto const pole = discretize(std::complex<float>(-1e-5f, 0), 1e-3f, discretization::zoh);
  EXPECT_NEAR(pole.input.real(), 1e-3f, 1e-3f * 40 * 0x1p-24f);
  EXPECT_EQ(discretize(complex(0, 0), 0.25, discretization::zoh).input, complex(0.25));
}

TEST(Discretize, NamesAndRefusals) {
  for (discretization const rule : rules) EXPECT_EQ(discretization_by_name(name_of(rule)), rule);
  EXPECT_EQ(name_of(discretization::generalized_bilinear(1)), "backward_euler");
  EXPECT_EQ(name_of(discretization_by_name("generalized_bilinear:0.25")), "generalized_bilinear:0.25");
  for (std::string const wrong : {"euler", "generalized_bilinear", "generalized_bilinear:", "generalized_bilinear:2",
                                  "generalized_bilinear:nan", "generalized_bilinear:0.5x"}) {
    EXPECT_EQ(test::refusal([&] { discretization_by_name(wrong); }),
              "discretization: got " + wrong +
                  "; need zoh, bilinear, forward_euler, backward_euler, mamba or "
                  "generalized_bilinear:ALPHA (0 <= ALPHA <= 1)");
  }
  EXPECT_EQ(test::refusal([] { discretization::generalized_bilinear(-0.5); }),
            "alpha: got -0.5; need a number from 0 to 1");
  diagonal_system system{.lambda = {{-1, 0}, {-2, 1}}, .b = {1.0, 1.0}, .c = {1.0}};
  EXPECT_EQ(test::refusal([&] { discretize(system); }), "c: got 1 values; need 2, as many as lambda");
  system.c = {1.0, 1.0};
  system.step = 0;
  EXPECT_NE(test::refusal([&] { discretize(system); }).find("step: got 0"), std::string::npos);
  system.step = 1;
  system.lambda[1] = {2, 0};
  system.rule = discretization::bilinear;
  EXPECT_NE(test::refusal([&] { discretize(system); }).find("not finite at index 1"), std::string::npos);
  system.lambda[1] = {NAN, 0};
  EXPECT_NE(test::refusal([&] { discretize(system); }).find("lambda: got a value that is not finite"),
            std::string::npos);
}

}  // namespace
}  // namespace ssmscan::ssm
