#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>

#include <Eigen/LU>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/row_power.hpp>
#include <ssmscan/ssm/dplr_system.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

}  // namespace

void check(dplr_system const& system) {
  if (system.lambda.empty()) throw_invalid("lambda", "0 values", "at least 1");
  detail::need_values("lambda", system.lambda, system.lambda.size());
  detail::need_values("b", system.b, system.lambda.size());
  detail::need_values("c", system.c, system.lambda.size());
  std::size_t const size = system.lambda.size();
  if (system.p.empty() || system.p.size() % size != 0)
    throw_invalid("p", std::to_string(system.p.size()) + " values",
                  "a multiple of " + std::to_string(size) + ", a row of as many as lambda for each rank");
  if (system.rank() > greatest_rank)
    throw_invalid("p", "rank " + std::to_string(system.rank()), "rank 1 to " + std::to_string(greatest_rank));
  detail::need_values("p", system.p, system.p.size());
  detail::need_step(system.step);
  detail::need_finite("d", system.d);
  detail::need_decay(system.lambda);
  // Every step divides by 2/step - lambda, over its squared modulus.
  for (std::size_t n = 0; n < size; ++n) {
    double const squared = std::norm(2 / system.step - system.lambda[n]);
    if (!std::isnormal(squared))
      throw_invalid("step",
                    detail::text_of(system.step) + ", with |2/step - lambda|^2 = " + detail::text_of(squared) +
                        " at index " + std::to_string(n),
                    "neither an overflow nor an underflow");
  }
}

dplr_matrices matrices_of(dplr_system const& system) {
  check(system);
  bool const pairs = system.kept == spectrum::half;
  index_t const n = system.size(), whole = pairs ? 2 * n : n, rank = system.rank();
  auto const full = [&](std::vector<complex> const& values, index_t first) {
    Eigen::VectorXcd made(whole);
    for (index_t i = 0; i < whole; ++i) {
      complex const value = values[at(first + i % n)];
      made(i) = i < n ? value : std::conj(value);
    }
    return made;
  };
  Eigen::MatrixXcd a = full(system.lambda, 0).asDiagonal();
  for (index_t r = 0; r < rank; ++r) {
    Eigen::VectorXcd const p = full(system.p, r * n);
    a -= p * p.adjoint();
  }
  return {{a, full(system.b, 0)}, full(system.c, 0).transpose()};
}

dplr_stepper::dplr_stepper(dplr_system const& system) : kept_(system.kept), rank_(system.rank()), p_(system.p) {
  check(system);
  double const rate = 2 / system.step;
  for (index_t n = 0; n < system.size(); ++n) {
    ahead_.push_back(rate + system.lambda[at(n)]);
    behind_.push_back(over(complex(1), rate - system.lambda[at(n)]));
    twice_b_.push_back(2.0 * system.b[at(n)]);
  }
  Eigen::MatrixXcd m = Eigen::MatrixXcd::Identity(rank_, rank_);
  for (index_t r = 0; r < rank_; ++r) {
    for (index_t q = 0; q < rank_; ++q) {
      complex sum = 0;
      for (index_t n = 0; n < size(); ++n)
        sum += times(times(std::conj(p_[at(r * size() + n)]), behind_[at(n)]), p_[at(q * size() + n)]);
      m(r, q) += inner(sum);
    }
  }
  Eigen::MatrixXcd const inverse = m.partialPivLu().inverse();
  for (index_t r = 0; r < rank_; ++r)
    for (index_t q = 0; q < rank_; ++q) inverse_.push_back(inverse(r, q));
  if (!m.allFinite() || !inverse.allFinite())
    throw_invalid("p", "values with which I + P^* D P has no finite inverse", "values whose squares do not overflow");
}

void dplr_stepper::step(complex* x, double u) const {
  std::array<complex, greatest_rank> before{}, after{}, weight{};
  index_t const count = size();
  for (index_t r = 0; r < rank_; ++r) {
    complex sum = 0;
    complex const* const p = p_.data() + r * count;
    for (index_t n = 0; n < count; ++n) sum += times(std::conj(p[n]), x[n]);
    before[at(r)] = inner(sum);
  }
  for (index_t n = 0; n < count; ++n) {
    complex t = times(ahead_[at(n)], x[n]) + twice_b_[at(n)] * u;
    for (index_t r = 0; r < rank_; ++r) t -= times(p_[at(r * count + n)], before[at(r)]);
    x[n] = t;
    complex const damped = times(behind_[at(n)], t);
    for (index_t r = 0; r < rank_; ++r) after[at(r)] += times(std::conj(p_[at(r * count + n)]), damped);
  }
  for (index_t r = 0; r < rank_; ++r)
    for (index_t q = 0; q < rank_; ++q) weight[at(r)] += times(inverse_[at(r * rank_ + q)], inner(after[at(q)]));
  for (index_t n = 0; n < count; ++n) {
    complex t = x[n];
    for (index_t r = 0; r < rank_; ++r) t -= times(p_[at(r * count + n)], weight[at(r)]);
    x[n] = times(behind_[at(n)], t);
  }
}

namespace {

// Of Re(c x) = Re c Re x - Im c Im x, a row over (Re x, Im x); and back.
std::vector<double> over_reals(std::vector<complex> const& c) {
  std::vector<double> row;
  for (complex const& value : c) row.push_back(value.real());
  for (complex const& value : c) row.push_back(-value.imag());
  return row;
}
complex of_reals(std::span<double const> row, std::size_t i) { return {row[i], -row[row.size() / 2 + i]}; }

// Ab over (Re x, Im x) as 2 (I - hA)^-1 - I = (rate + lambda) D - 2 D P M^-1 P^* (rate D), rate = 2/step, whose entries are
// of the size of 1 and off by some u, however large h P P^* is; dplr_stepper's own steps lose digits by it.
Eigen::MatrixXd bilinear_matrix(dplr_system const& system) {
  index_t const n = system.size(), rank = system.rank();
  bool const pairs = system.kept == spectrum::half;
  double const rate = 2 / system.step;
  std::vector<complex> d;
  for (complex const& lambda : system.lambda) d.push_back(over(complex(1), rate - lambda));
  Eigen::MatrixXcd const p = Eigen::Map<Eigen::MatrixXcd const>(system.p.data(), n, rank);
  auto const inner = [&](complex sum) { return pairs ? complex(2 * sum.real()) : sum; };
  Eigen::MatrixXcd m = Eigen::MatrixXcd::Identity(rank, rank);
  for (index_t r = 0; r < rank; ++r) {
    for (index_t q = 0; q < rank; ++q) {
      complex sum = 0;
      for (index_t i = 0; i < n; ++i) sum += times(times(std::conj(p(i, r)), d[at(i)]), p(i, q));
      m(r, q) += inner(sum);
    }
  }
  Eigen::PartialPivLU<Eigen::MatrixXcd> const lu(m);
  Eigen::MatrixXd made(2 * n, 2 * n);
  for (index_t k = 0; k < 2 * n; ++k) {
    index_t const j = k % n;
    complex const x = k < n ? complex(1) : complex(0, 1);
    Eigen::VectorXcd in(rank);
    for (index_t r = 0; r < rank; ++r) in(r) = inner(times(std::conj(p(j, r)), times(rate * d[at(j)], x)));
    Eigen::VectorXcd const through = lu.solve(in);
    for (index_t i = 0; i < n; ++i) {
      complex to = i == j ? times(times(rate + system.lambda[at(i)], d[at(i)]), x) : complex(0);
      for (index_t r = 0; r < rank; ++r) to -= 2.0 * times(times(d[at(i)], p(i, r)), through(r));
      made(i, k) = to.real(), made(n + i, k) = to.imag();
    }
  }
  return made;
}

}  // namespace

std::vector<complex> truncated_output(dplr_system const& system, index_t length, double power) {
  if (length < 0) throw_invalid("length", std::to_string(length), "0 or more");
  [[maybe_unused]] dplr_stepper const refused(system);  // where it throws
  Eigen::MatrixXd const step = bilinear_matrix(system).transpose();
  std::vector<double> row = over_reals(system.c);
  detail::row_times_power(row, {step.data(), step.data() + step.size()}, length);
  std::vector<complex> made(system.c);
  for (std::size_t i = 0; i < made.size(); ++i) made[i] -= power * of_reals(row, i);
  return made;
}

std::vector<complex> recurrent_output(dplr_system const& system, index_t length) {
  detail::need_length(length);
  [[maybe_unused]] dplr_stepper const refused(system);  // where it throws
  Eigen::MatrixXd squared = bilinear_matrix(system);
  Eigen::MatrixXd const identity = Eigen::MatrixXd::Identity(squared.rows(), squared.cols());
  Eigen::MatrixXd whole = identity;
  for (index_t left = length; left > 0; left /= 2) {
    if (left % 2 != 0) whole = (whole * squared).eval();
    if (left > 1) squared = (squared * squared).eval();
  }
  Eigen::MatrixXd const inverse = Eigen::PartialPivLU<Eigen::MatrixXd>(identity - whole).inverse();
  double const gain = inverse.allFinite() ? inverse.norm() : std::numeric_limits<double>::infinity();
  if (!(gain <= greatest_gain))
    throw_invalid("c", "C~, with ||(I - Ab^L)^-1|| = " + detail::text_of(gain) + " at L = " + std::to_string(length),
                  detail::text_of(greatest_gain) + " at most, or the recurrence's c in place of C~");
  std::vector<double> const given = over_reals(system.c);
  Eigen::RowVectorXd const row =
      Eigen::Map<Eigen::RowVectorXd const>(given.data(), static_cast<Eigen::Index>(given.size())) * inverse;
  std::vector<complex> made(system.c);
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = of_reals({row.data(), given.size()}, i);
  return made;
}

}  // namespace ssmscan::ssm
