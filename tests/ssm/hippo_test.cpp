// HiPPO against the Annotated S4's matrices, against what each system is for (the coefficients of the input's history),
// and against the identities that define the normal-plus-low-rank form.
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
    Eigen::MatrixXd const a = hippo_matrix(hippo::legs, size);
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

TEST(Hippo, MatrixPlusLowRankIsSkewUpToAShift) {
  for (hippo const which : all_hippos) {
    for (index_t const size : {1, 2, 3, 8, 64}) {
      Eigen::MatrixXd const p = hippo_low_rank(which, size);
      EXPECT_EQ(p.cols(), which == hippo::legt ? 2 : 1);
      Eigen::MatrixXd const normal = hippo_matrix(which, size) + p * p.transpose();
      double const shift = which == hippo::legs ? 1 : 0;
      Eigen::MatrixXd const rest = normal + normal.transpose() + shift * Eigen::MatrixXd::Identity(size, size);
      // Entries are sums of numbers up to 2 size (fout: pi size); each carries at most 4 roundings.
      EXPECT_LE(rest.cwiseAbs().maxCoeff(), 8 * u * 4 * static_cast<double>(size)) << name_of(which) << size;
    }
  }
}

// integral over [0, 1] of s^k r[n] P_n(2s - 1): P_n by its recursion, Gauss-Legendre by 12 points (exact to degree 23).
double legendre_moment(index_t n, int k) {
  constexpr int points = 12;
  double sum = 0;
  for (int i = 0; i < points; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (points + 0.5)), slope = 0;  // Newton on P_12
    auto const legendre = [](index_t degree, double at) {
      double before = 0, now = 1;
      for (index_t m = 0; m < degree; ++m) {
        double const d = static_cast<double>(m), next = ((2 * d + 1) * at * now - d * before) / (d + 1);
        before = now, now = next;
      }
      return std::pair{now, before};
    };
    for (int newton = 0; newton < 8; ++newton) {
      auto const [value, before] = legendre(points, x);
      slope = points * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    double const s = (x + 1) / 2;
    sum += std::pow(s, k) * legendre(n, x).first / ((1 - x * x) * slope * slope);
  }
  return sum * std::sqrt(static_cast<double>(2 * n + 1));
}

// What the systems are for, exactly, on inputs that the basis represents: the derivative of the coefficients in time.
TEST(Hippo, TheStateIsTheInputsHistory) {
  constexpr index_t size = 8;
  constexpr double tolerance = 1e-12;  // sums of 8 products of numbers up to 15 with moments good to 1e-15: 5e-13
  auto const moments = [&](int k, double sign) {
    Eigen::VectorXd c(size);
    for (index_t n = 0; n < size; ++n) c(n) = k < 0 ? 0 : (n % 2 == 0 ? 1 : sign) * legendre_moment(n, k);
    return c;
  };
  for (int k = 0; k < size; ++k) {
    // legs, u(s) = s^k: c(t) = t^k c(1), so that t c' = k c at t = 1, where u = 1.
    Eigen::VectorXd const c = moments(k, 1);
    Eigen::VectorXd const legs = hippo_matrix(hippo::legs, size) * c + hippo_input(hippo::legs, size);
    EXPECT_LE((legs - k * c).cwiseAbs().maxCoeff(), tolerance) << k;
    // legt, u(t - s) = s^k, s the age: on P_n(1 - 2s) = (-1)^n P_n(2s - 1); u' = -k s^(k-1), and u(t) = 0^k.
    Eigen::VectorXd const legt =
        hippo_matrix(hippo::legt, size) * moments(k, -1) + hippo_input(hippo::legt, size) * (k == 0 ? 1 : 0);
    EXPECT_LE((legt + k * moments(k - 1, -1)).cwiseAbs().maxCoeff(), tolerance) << k;
  }
  // lagt: the Laplace transforms of the Laguerre functions, (z - 1/2)^n / (z + 1/2)^(n+1).
  for (complex const z : {complex(0.3, 0), complex(1, 2), complex(0, -0.7)}) {
    Eigen::MatrixXcd const a = hippo_matrix(hippo::lagt, size).cast<complex>();
    Eigen::MatrixXcd const matrix = z * Eigen::MatrixXcd::Identity(size, size) - a;
    Eigen::VectorXcd const x = matrix.partialPivLu().solve(hippo_input(hippo::lagt, size).cast<complex>());
    // x is off by ||matrix^-1|| times its residual, which is itself computed to N + 2 roundings; each power rounds thrice.
    double const residual = (matrix * x - hippo_input(hippo::lagt, size).cast<complex>()).norm() +
                            3 * (size + 2) * u * matrix.norm() * x.norm();
    double const allowed = matrix.inverse().norm() * residual + 6 * size * u * x.norm();
    complex expected = 1.0 / (z + 0.5);
    for (index_t n = 0; n < size; ++n, expected *= (z - 0.5) / (z + 0.5))
      EXPECT_LE(std::abs(x(n) - expected), allowed) << z << n;
  }
  // fout: u(t - s) = basis function j of the age s; the coefficients of its derivative.
  constexpr index_t odd = 7;
  for (index_t j = 0; j < odd; ++j) {
    double const now = j == 0 ? 1 : j % 2 == 1 ? std::sqrt(2.0) : 0;
    Eigen::VectorXd const made = hippo_matrix(hippo::fout, odd).col(j) + hippo_input(hippo::fout, odd) * now;
    Eigen::VectorXd expected = Eigen::VectorXd::Zero(odd);
    double const turn = 2 * std::numbers::pi * static_cast<double>((j + 1) / 2);
    if (j > 0) (j % 2 == 1 ? expected(j + 1) : expected(j - 1)) = j % 2 == 1 ? turn : -turn;
    // Entries are 2 pi m, m <= 3, less 4, plus 4, of products of rounded roots: four roundings each of what is summed.
    EXPECT_LE((made - expected).cwiseAbs().maxCoeff<Eigen::PropagateNaN>(), 4 * u * (6 * std::numbers::pi + 8)) << j;
  }
}

// V (diag(lambda) - p p^*) V^* = A. A Hermitian eigensolver is backward stable: error at most a small multiple of
// N u ||A||, and the products that rebuild A add as much again; 8 N u ||A||_F covers both.
TEST(Hippo, NormalPlusLowRankRebuildsTheMatrix) {
  for (hippo const which : all_hippos) {
    for (index_t const size : {1, 2, 3, 8, 64}) {
      auto const form = hippo_normal_plus_low_rank(which, size, spectrum::full);
      Eigen::MatrixXcd const inner = Eigen::MatrixXcd(form.lambda.asDiagonal()) - form.p * form.p.adjoint();
      Eigen::MatrixXcd const rebuilt = form.basis * inner * form.basis.adjoint();
      Eigen::MatrixXd const a = hippo_matrix(which, size);
      double const tolerance = 8 * static_cast<double>(size) * u * a.norm();
      EXPECT_LE((rebuilt - a.cast<complex>()).norm(), tolerance) << name_of(which) << size;
      EXPECT_LE((form.basis * form.b - hippo_input(which, size).cast<complex>()).norm(), tolerance) << size;
      double const worst = (rebuilt - a.cast<complex>()).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
      EXPECT_TRUE(which != hippo::legs || worst <= 1e-12) << size << ": " << worst;
    }
  }
}

// Eigenvalues to N u ||A||; what does not depend on the eigenvectors' phases, |p| and conj(p) b, to that over the gap
// between eigenvalues, times the sizes.
TEST(Hippo, NormalPlusLowRankIsThatOfTheAnnotatedS4) {
  for (auto const& [name, size] : {std::pair<std::string, index_t>{"a", 8}, {"c", 32}, {"b", 64}}) {
    auto const form = hippo_normal_plus_low_rank(hippo::legs, size, spectrum::full);
    auto const lambda = reference<complex>("annotated_s4/" + name + ".Lambda");
    auto const p = reference<complex>("annotated_s4/" + name + ".P");
    auto const b = reference<complex>("annotated_s4/" + name + ".B");
    std::vector<std::size_t> order(lambda.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto i, auto j) { return lambda[i].imag() < lambda[j].imag(); });
    double gap = 1e300;
    for (index_t n = 1; n < size; ++n) gap = std::min(gap, form.lambda(n).imag() - form.lambda(n - 1).imag());
    double const value_tolerance = 8 * static_cast<double>(size) * u * hippo_matrix(hippo::legs, size).norm();
    double const scale = hippo_low_rank(hippo::legs, size).norm() * hippo_input(hippo::legs, size).norm();
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
  auto const full = hippo_normal_plus_low_rank(hippo::legs, 16, spectrum::full);
  auto const half = hippo_normal_plus_low_rank(hippo::legs, 16, spectrum::half);
  ASSERT_EQ(half.lambda.size(), 8);
  double const tolerance = 8 * 16 * u * hippo_matrix(hippo::legs, 16).norm();
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
  EXPECT_EQ(test::refusal([] { hippo_matrix(hippo::legs, 0); }), "state_size: got 0; need at least 1");
  EXPECT_EQ(test::refusal([] { hippo_normal_plus_low_rank(hippo::legs, 3, spectrum::half); }),
            "state_size: got 3; need an even number (conjugate pairs)");
  EXPECT_EQ(test::refusal([] { hippo_normal_plus_low_rank(hippo::fout, 4, spectrum::half); }),
            "spectrum: got half of fout's; need full: its eigenvalue 0 has no conjugate");
  EXPECT_EQ(test::refusal([] { s4d_lambda(s4d_initialization::lin, 5); }),
            "state_size: got 5; need an even number (conjugate pairs)");
}

TEST(Hippo, RefusesWhatIsNone) {
  for (auto const call : {+[] { (void)hippo_matrix(hippo(7), 4); }, +[] { (void)hippo_input(hippo(7), 4); },
                          +[] { (void)hippo_low_rank(hippo(7), 4); },
                          +[] { (void)hippo_normal_plus_low_rank(hippo(7), 4, spectrum::full); }})
    EXPECT_EQ(test::refusal(call), "hippo: got 7; need legs, legt, lagt or fout");
  EXPECT_EQ(test::refusal([] { s4d_lambda(s4d_initialization(9), 4); }),
            "s4d_initialization: got 9; need lin, inv, real or legs");
}

}  // namespace
}  // namespace ssmscan::ssm
