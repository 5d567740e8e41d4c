#include <algorithm>
#include <cmath>
#include <limits>

#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/detail/low_rank_bounds.hpp>
#include <ssmscan/ssm/detail/low_rank_residual.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;
constexpr double u = unit<double>;

double norm_of(std::vector<complex> const& half, dplr_system const& system) {
  double squares = 0;
  for (complex const& x : half) squares += std::norm(x);
  return std::sqrt(system.read_out_factor() * squares);
}

}  // namespace

matrix_run::matrix_run(dplr_system const& exact, dense_system<complex> const& discrete, Eigen::RowVectorXcd const& c)
    : discrete_(discrete), c_(c) {
  double const m = 2 * static_cast<double>(discrete.a.rows()) + 2;
  g_ = std::sqrt(2.0) * m * u / (1 - m * u);
  wide const step = exact.step;
  wide_matrix const identity = wide_matrix::Identity(discrete.a.rows(), discrete.a.rows());
  distance_of_a_ = distance_from_step(exact, discrete.a.cast<wide_complex>(), identity);
  distance_of_b_ = distance_from_solution(exact, discrete.b.cast<wide_complex>(),
                                          step * whole(exact.b, exact.kept).cast<wide_complex>());
  restart();
}

void matrix_run::restart() { state_ = Eigen::VectorXcd::Zero(discrete_.b.size()), error_ = 0; }

void matrix_run::step(double input) {
  error_ += (distance_of_a_ + g_ * discrete_.a.norm()) * state_.norm() +
            (distance_of_b_ + g_ * discrete_.b.norm()) * std::abs(input);
  state_ = (discrete_.a * state_ + discrete_.b * input).eval();
}

double matrix_run::bound() const { return second_order * c_.norm() * (error_ + g_ * state_.norm()); }

// With rate = 2/step = 1/h, D = 1/(rate - lambda), |D| <= h, M = I + P^* D P, M + M^* >= 2I so that ||M^-1|| <= 1:
//   t = (rate + lambda) x - P (P^* x) + 2 b u;   w = M^-1 P^* D t;   x' = D (t - P w)
// Roundings: rate u; D one sum, 3u of the quotient and rate's u, in all 5u; a dot product of n complex terms (n + sqrt(5)) u; a
// complex product sqrt(5) u; an addition u. T: the sum of the moduli that make t.
step_errors errors_of_step(dplr_system const& system) {
  double const h = system.step / 2, n = static_cast<double>(system.size()), r = static_cast<double>(system.rank());
  double const of_d = 5 * u, product = sqrt_5 * u, dot = (n + sqrt_5) * u;
  double const p = norm_of(system.p, system), b = norm_of(system.b, system);
  double ahead = 0;
  for (complex const& lambda : system.lambda) ahead = std::max(ahead, std::abs(1 / h + lambda));
  double const of_inverse = p * p * h * (of_d + 2 * product + n * u) +
                            (std::sqrt(r) * lu_roundings(system.rank()) + 1) * u * (std::sqrt(r) + p * p * h);
  auto const through = [&](double t, double error_of_t, double next) {
    double const damped = h * (error_of_t + (of_d + product) * t);
    double const after = p * (damped + dot * h * t);
    double const weight = p * h * t;
    double const error_of_weight = after + weight * (of_inverse + r * u + product);
    return second_order *
           (h * (error_of_t + p * error_of_weight + (r * u + product) * (t + p * weight)) + (of_d + product) * next);
  };
  double const t = ahead + p * p;
  return {through(t, u / h + (r + 2 + sqrt_5) * u * t + dot * p * p, 1),
          through(2 * b, (r + 2) * u * 2 * b, system.step * b)};
}

stepped_run::stepped_run(dplr_system const& system)
    : system_(system), stepper_(system), errors_(errors_of_step(system)) {
  restart();
}

void stepped_run::restart() { state_.assign(system_.lambda.size(), 0), error_ = 0; }

void stepped_run::step(double input) {
  error_ += errors_.of_state * norm_of(state_, system_) + errors_.of_input * std::abs(input);
  stepper_.step(state_.data(), input);
  double const size = norm_of(state_, system_), roundings = static_cast<double>(state_.size()) + 3;
  bound_ = second_order *
           (norm_of(system_.c, system_) * (error_ + roundings * u * size) + 2 * u * std::abs(system_.d * input));
}

powers_bound bound_of_powers(dplr_system const& system, dense_system<complex> const& discrete,
                             Eigen::RowVectorXcd const& c, index_t length) {
  matrix_run run(system, discrete, c);
  powers_bound made;
  double squares = 0;
  for (index_t l = 0; l < length; ++l) {
    run.step(l == 0 ? 1 : 0);
    made.tap.push_back(run.bound()), made.state.push_back(run.size());
    double const size = std::abs(run.output()) + run.bound();
    squares += size * size;
  }
  made.two = std::sqrt(squares);
  made.distance_of_a = run.distance_of_a(), made.distance_of_b = run.distance_of_b();
  return made;
}

}  // namespace ssmscan::ssm::detail
