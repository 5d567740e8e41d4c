// HiPPO-LegS against the Annotated S4's matrices, and against the identities that define the normal-plus-low-rank form.
#include <cmath>
#include <numbers>

#include "tests/ssm/reference_data.hpp"
#include <Eigen/Dense>
#include <gmock/gmock.h>

#include <ssmscan/ssm/hippo.hpp>

namespace ssmscan::ssm {
namespace {

using test::reference;
using complex = std::complex<double>;
constexpr double u = 0x1p-53;

TEST(Hippo, MatrixIsThatOfTheAnnotatedS4) {
  for (auto const& [name, size] : {std::pair<std::string, index_t>{"a", 8}, {"b", 64}}) {
    std::vector<double> const expected = reference<double>("annotated_s4/" + name + ".A");
    Eigen::MatrixXd const a = hippo_legs_matrix(size);
    for (index_t n = 0; n < size; ++n) {
      for (index_t k = 0; k < size; ++k) {
        // They multiply two rounded roots (3u) and on the diagonal subtract n from about 2n + 1 (3u of that).
        double const tolerance = 4 * u * static_cast<double>(2 * std::max(n, k) + 1);
        EXPECT_NEAR(a(n, k), expected[static_cast<std::size_t>(n * size + k)], tolerance)
            << name << " " << n << " " << k;
      }
    }
  }
}

TEST(Hippo, MatrixPlusLowRankIsSkewPlusMinusHalf) {
  for (index_t const size : {1, 2, 8, 64}) {
    Eigen::VectorXd const p = hippo_legs_low_rank(size);
    Eigen::MatrixXd const normal = hippo_legs_matrix(size) + p * p.transpose();
    Eigen::MatrixXd const rest = normal + normal.transpose() + Eigen::MatrixXd::Identity(size, size);
    // Entries are sums of numbers up to 2 size; each carries at most 4 roundings.
    EXPECT_LE(rest.cwiseAbs().maxCoeff(), 8 * u * 2 * static_cast<double>(size)) << size;
  }
}

// V (diag(lambda) - p p^*) V^* = A. A Hermitian eigensolver is backward stable: error at most a small multiple of
// N u ||A||, and the products that rebuild A add as much again; 8 N u ||A||_F covers both.
TEST(Hippo, NormalPlusLowRankRebuildsTheMatrix) {
  for (index_t const size : {1, 2, 3, 8, 64}) {
    auto const form = hippo_legs_normal_plus_low_rank(size, spectrum::full);
    Eigen::MatrixXcd const inner = Eigen::MatrixXcd(form.lambda.asDiagonal()) - form.p * form.p.adjoint();
    Eigen::MatrixXcd const rebuilt = form.basis * inner * form.basis.adjoint();
    Eigen::MatrixXd const a = hippo_legs_matrix(size);
    double const tolerance = 8 * static_cast<double>(size) * u * a.norm();
    EXPECT_LE((rebuilt - a.cast<complex>()).norm(), tolerance) << size;
    EXPECT_LE((form.basis * form.b - hippo_legs_input(size).cast<complex>()).norm(), tolerance) << size;
  }
}

// Eigenvalues to N u ||A||; what does not depend on the eigenvectors' phases, |p| and conj(p) b, to that over the gap
// between eigenvalues, times the sizes.
TEST(Hippo, NormalPlusLowRankIsThatOfTheAnnotatedS4) {
  for (auto const& [name, size] : {std::pair<std::string, index_t>{"a", 8}, {"c", 32}, {"b", 64}}) {
    auto const form = hippo_legs_normal_plus_low_rank(size, spectrum::full);
    auto const lambda = reference<complex>("annotated_s4/" + name + ".Lambda");
    auto const p = reference<complex>("annotated_s4/" + name + ".P");
    auto const b = reference<complex>("annotated_s4/" + name + ".B");
    std::vector<std::size_t> order(lambda.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto i, auto j) { return lambda[i].imag() < lambda[j].imag(); });
    double gap = 1e300;
    for (index_t n = 1; n < size; ++n) gap = std::min(gap, form.lambda(n).imag() - form.lambda(n - 1).imag());
    double const value_tolerance = 8 * static_cast<double>(size) * u * hippo_legs_matrix(size).norm();
    double const scale = hippo_legs_low_rank(size).norm() * hippo_legs_input(size).norm();
    double const vector_tolerance = value_tolerance / gap * scale;
    for (index_t n = 0; n < size; ++n) {
      std::size_t const i = order[static_cast<std::size_t>(n)];
      EXPECT_LE(std::abs(form.lambda(n) - lambda[i]), value_tolerance) << name << " " << n;
      EXPECT_LE(std::abs(std::abs(form.p(n)) - std::abs(p[i])), vector_tolerance) << name << " " << n;
      EXPECT_LE(std::abs(std::conj(form.p(n)) * form.b(n) - std::conj(p[i]) * b[i]), vector_tolerance) << name << n;
    }
  }
}

TEST(Hippo, HalfSpectrumIsTheUpperHalf) {
  auto const full = hippo_legs_normal_plus_low_rank(16, spectrum::full);
  auto const half = hippo_legs_normal_plus_low_rank(16, spectrum::half);
  ASSERT_EQ(half.lambda.size(), 8);
  double const tolerance = 8 * 16 * u * hippo_legs_matrix(16).norm();
  for (index_t n = 0; n < 8; ++n) {
    EXPECT_GT(half.lambda(n).imag(), 0);
    EXPECT_EQ(half.lambda(n), full.lambda(8 + n));
    EXPECT_LE(std::abs(half.lambda(n) - std::conj(full.lambda(7 - n))), tolerance);  // its partner was dropped
  }
}

TEST(Hippo, S4dInitialisationsAreTheirFormulas) {
  using std::numbers::pi;
  // N = 4: inv is (4/pi)(4/(2n+1) - 1) = 12/pi, 4/(3 pi).
  EXPECT_THAT(s4d_lambda(s4d_initialization::lin, 4), testing::ElementsAre(complex(-0.5, 0), complex(-0.5, pi)));
  EXPECT_THAT(s4d_lambda(s4d_initialization::real, 4), testing::ElementsAre(complex(-1, 0), complex(-2, 0)));
  auto const inv = s4d_lambda(s4d_initialization::inv, 4);
  ASSERT_EQ(inv.size(), 2u);
  EXPECT_NEAR(inv[0].imag(), 12 / pi, 4 * u * 12 / pi);
  EXPECT_NEAR(inv[1].imag(), 4 / (3 * pi), 12 * u);  // 4/3 - 1 cancels two bits
  EXPECT_EQ(s4d_lambda(s4d_initialization::legs, 64).size(), 32u);
}

TEST(Hippo, RefusesSizesThatHaveNoMeaning) {
  EXPECT_EQ(test::refusal([] { hippo_legs_matrix(0); }), "state_size: got 0; need at least 1");
  EXPECT_EQ(test::refusal([] { hippo_legs_normal_plus_low_rank(3, spectrum::half); }),
            "state_size: got 3; need an even number (conjugate pairs)");
  EXPECT_EQ(test::refusal([] { s4d_lambda(s4d_initialization::lin, 5); }),
            "state_size: got 5; need an even number (conjugate pairs)");
}

}  // namespace
}  // namespace ssmscan::ssm
