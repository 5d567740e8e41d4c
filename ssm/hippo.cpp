#include <cmath>
#include <numbers>
#include <string>

#include <Eigen/Eigenvalues>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/hippo.hpp>

namespace ssmscan::ssm {
namespace {

void need_positive(index_t state_size) {
  if (state_size < 1) throw_invalid("state_size", std::to_string(state_size), "at least 1");
}

void need_even(index_t state_size) {
  need_positive(state_size);
  if (state_size % 2 != 0) throw_invalid("state_size", std::to_string(state_size), "an even number (conjugate pairs)");
}

}  // namespace

Eigen::MatrixXd hippo_legs_matrix(index_t state_size) {
  need_positive(state_size);
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(state_size, state_size);
  for (index_t n = 0; n < state_size; ++n) {
    for (index_t k = 0; k < n; ++k) {
      // One square root of an exact integer: correctly rounded, unlike the product of two.
      a(n, k) = -std::sqrt(static_cast<double>((2 * n + 1) * (2 * k + 1)));
    }
    a(n, n) = -static_cast<double>(n + 1);
  }
  return a;
}

Eigen::VectorXd hippo_legs_input(index_t state_size) {
  need_positive(state_size);
  Eigen::VectorXd b(state_size);
  for (index_t n = 0; n < state_size; ++n) b(n) = std::sqrt(static_cast<double>(2 * n + 1));
  return b;
}

Eigen::VectorXd hippo_legs_low_rank(index_t state_size) {
  need_positive(state_size);
  Eigen::VectorXd p(state_size);
  for (index_t n = 0; n < state_size; ++n) p(n) = std::sqrt(static_cast<double>(n) + 0.5);
  return p;
}

normal_plus_low_rank hippo_legs_normal_plus_low_rank(index_t state_size, spectrum kept) {
  if (kept == spectrum::half) {
    need_even(state_size);
  } else {
    need_positive(state_size);
  }
  using complex = std::complex<double>;

  // S + I/2 is skew-symmetric by construction: its lower triangle is half of A's, so that S is never formed by adding
  // nearly opposite numbers. -i times it is Hermitian, with eigenvalues w = Im(lambda).
  Eigen::MatrixXcd hermitian = hippo_legs_matrix(state_size).unaryExpr([](double x) { return complex(0, -x / 2); });
  hermitian.diagonal().setZero();
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd> const solver(hermitian);  // reads the lower triangle only

  index_t const dropped = kept == spectrum::half ? state_size / 2 : 0;  // eigenvalues ascend: negative ones come first
  index_t const count = state_size - dropped;
  normal_plus_low_rank result;
  result.lambda = solver.eigenvalues().tail(count).unaryExpr([](double w) { return complex(-0.5, w); });
  result.basis = solver.eigenvectors().rightCols(count);
  result.p = result.basis.adjoint() * hippo_legs_low_rank(state_size);
  result.b = result.basis.adjoint() * hippo_legs_input(state_size);
  return result;
}

std::string_view name_of(s4d_initialization which) {
  switch (which) {
    case s4d_initialization::lin:
      return "lin";
    case s4d_initialization::inv:
      return "inv";
    case s4d_initialization::real:
      return "real";
    case s4d_initialization::legs:
      return "legs";
  }
  throw_invalid("s4d_initialization", std::to_string(static_cast<int>(which)), "lin, inv, real or legs");
}

std::vector<std::complex<double>> s4d_lambda(s4d_initialization which, index_t state_size) {
  need_even(state_size);
  if (which == s4d_initialization::legs) {
    auto const lambda = hippo_legs_normal_plus_low_rank(state_size, spectrum::half).lambda;
    return {lambda.begin(), lambda.end()};
  }
  constexpr double pi = std::numbers::pi;
  double const size = static_cast<double>(state_size);
  std::vector<std::complex<double>> lambda;
  for (index_t i = 0; i < state_size / 2; ++i) {
    double const n = static_cast<double>(i);
    switch (which) {
      case s4d_initialization::lin:
        lambda.emplace_back(-0.5, pi * n);
        break;
      case s4d_initialization::inv:
        lambda.emplace_back(-0.5, size / pi * (size / (2 * n + 1) - 1));
        break;
      case s4d_initialization::real:
        lambda.emplace_back(-(n + 1), 0.0);
        break;
      case s4d_initialization::legs:
        break;  // returned above
    }
  }
  return lambda;
}

}  // namespace ssmscan::ssm
