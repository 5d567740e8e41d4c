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

// r[n] = sqrt(2n+1)
Eigen::VectorXd legendre_norms(index_t state_size) {
  Eigen::VectorXd r(state_size);
  for (index_t n = 0; n < state_size; ++n) r(n) = std::sqrt(static_cast<double>(2 * n + 1));
  return r;
}

// The squares of (1, sqrt 2, 0, sqrt 2, 0, ...): exact.
Eigen::VectorXd fourier_squares(index_t state_size) {
  Eigen::VectorXd squares(state_size);
  for (index_t n = 0; n < state_size; ++n) squares(n) = n == 0 ? 1 : n % 2 == 1 ? 2 : 0;
  return squares;
}

}  // namespace

std::string_view name_of(hippo which) {
  switch (which) {
    case hippo::legs:
      return "legs";
    case hippo::legt:
      return "legt";
    case hippo::lagt:
      return "lagt";
    case hippo::fout:
      return "fout";
  }
  throw_invalid("hippo", std::to_string(static_cast<int>(which)), "legs, legt, lagt or fout");
}

Eigen::MatrixXd hippo_matrix(hippo which, index_t state_size) {
  name_of(which);  // refuses what is none
  need_positive(state_size);
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(state_size, state_size);
  if (which == hippo::fout) {
    Eigen::VectorXd const squared = fourier_squares(state_size);
    for (index_t n = 0; n < state_size; ++n)
      for (index_t k = 0; k < state_size; ++k) a(n, k) = -2 * std::sqrt(squared(n) * squared(k));
    for (index_t m = 1; m + 1 < state_size; m += 2) {
      double const turn = 2 * std::numbers::pi * static_cast<double>((m + 1) / 2);
      a(m + 1, m) += turn;
      a(m, m + 1) -= turn;
    }
    return a;
  }
  for (index_t n = 0; n < state_size; ++n) {
    for (index_t k = 0; k < state_size; ++k) {
      // One square root of an exact integer: correctly rounded, unlike the product of two.
      double const weight = which == hippo::lagt ? 1 : std::sqrt(static_cast<double>((2 * n + 1) * (2 * k + 1)));
      if (n > k) a(n, k) = -weight;
      if (n < k && which == hippo::legt) a(n, k) = (k - n) % 2 == 0 ? -weight : weight;
    }
    a(n, n) = which == hippo::legs   ? -static_cast<double>(n + 1)
              : which == hippo::legt ? -static_cast<double>(2 * n + 1)
                                     : -0.5;
  }
  return a;
}

Eigen::VectorXd hippo_input(hippo which, index_t state_size) {
  name_of(which);  // refuses what is none
  need_positive(state_size);
  if (which == hippo::fout) return 2 * fourier_squares(state_size).cwiseSqrt();
  if (which == hippo::lagt) return Eigen::VectorXd::Ones(state_size);
  return legendre_norms(state_size);
}

Eigen::MatrixXd hippo_low_rank(hippo which, index_t state_size) {
  need_positive(state_size);
  switch (which) {
    case hippo::legs: {
      Eigen::VectorXd p(state_size);
      for (index_t n = 0; n < state_size; ++n) p(n) = std::sqrt(static_cast<double>(n) + 0.5);
      return p;
    }
    case hippo::legt: {
      Eigen::MatrixXd p = Eigen::MatrixXd::Zero(state_size, 2);
      Eigen::VectorXd const norms = legendre_norms(state_size);
      for (index_t n = 0; n < state_size; ++n) p(n, n % 2 == 0 ? 1 : 0) = norms(n);
      return p;
    }
    case hippo::lagt:
      return Eigen::VectorXd::Constant(state_size, std::sqrt(0.5));
    case hippo::fout:
      return (2 * fourier_squares(state_size)).cwiseSqrt();
  }
  name_of(which);  // refuses what is none
  return {};
}

normal_plus_low_rank hippo_normal_plus_low_rank(hippo which, index_t state_size, spectrum kept) {
  if (kept == spectrum::half) {
    need_even(state_size);
    if (which == hippo::fout) throw_invalid("spectrum", "half of fout's", "full: its eigenvalue 0 has no conjugate");
  }
  using complex = std::complex<double>;

  // (A - A^T)/2 is the skew part of S as well, and each entry of it is exact: S is never formed by adding nearly opposite
  // numbers. -i times it is Hermitian, with eigenvalues w = Im(lambda).
  Eigen::MatrixXd const a = hippo_matrix(which, state_size);
  Eigen::MatrixXcd const hermitian = ((a - a.transpose()) / 2).unaryExpr([](double x) { return complex(0, -x); });
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd> const solver(hermitian);  // reads the lower triangle only

  double const damping = which == hippo::legs ? -0.5 : 0;
  index_t const dropped = kept == spectrum::half ? state_size / 2 : 0;  // eigenvalues ascend: negative ones come first
  index_t const count = state_size - dropped;
  normal_plus_low_rank result;
  result.lambda = solver.eigenvalues().tail(count).unaryExpr([damping](double w) { return complex(damping, w); });
  result.basis = solver.eigenvectors().rightCols(count);
  result.p = result.basis.adjoint() * hippo_low_rank(which, state_size);
  result.b = result.basis.adjoint() * hippo_input(which, state_size);
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
  name_of(which);  // refuses what is none
  need_even(state_size);
  if (which == s4d_initialization::legs) {
    auto const lambda = hippo_normal_plus_low_rank(hippo::legs, state_size, spectrum::half).lambda;
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
