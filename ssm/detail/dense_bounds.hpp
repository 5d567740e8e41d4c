#pragma once
// Error bounds of a dense layer, x[t] = A x[t-1] + b u[t], y = c x, A of n x n: of the recurrence beside its own run, and of
// any scan of the maps x -> A x + b u[t] (monoids/affine_matrix.hpp) before it runs. Where |A| is triangular with a diagonal
// below 1 no elementwise sum grows without end (HiPPO-LegS, LagT). Elsewhere (LegT, FouT) |A| may grow although A does not:
// there bounds are in the 2-norm, by M = max ||A^m||_2 over all m >= 0: 1 of contractions, which stable rules make of x' = A x
// with A + A^T <= 0, and a little more where forward Euler is stable all the same. An entry of a product is wrong by n u (|A| |B|),
// in norm at most n u ||A||_F ||B||_F <= n^2 u M^2, and products with powers on either side make that M^4: the same sums, times
// n M^4. In the recurrence only what stands left of an error makes it larger, M.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/discretize_dense.hpp>

namespace ssmscan::ssm::detail {

struct dense_layer {
  dense_system<double> discrete;
  Eigen::RowVectorXd c;

  // Relative error, first order in u, of n products and n + 1 sums that round once each.
  double product_error() const { return direct_convolution_factor(discrete.a.rows() + 2, unit<double>); }

  bool is_triangular() const { return discrete.a.isLowerTriangular(0.0); }
  // M. With ||A^m|| <= 1 no later power is greater than one before A^m: the first such m ends the search. At most 1 but for what
  // the singular values are rounded by: then 1e-11 more after 10^4 steps. Infinite where no power up to 2^16 is so small.
  double power_bound() const {
    if (known_power_bound > 0) return known_power_bound;
    constexpr int greatest_power = 1 << 16;
    double const small = 1 + 1e-15 * static_cast<double>(discrete.a.rows());
    Eigen::MatrixXd power = discrete.a;
    double most = 1;
    for (int m = 1; m <= greatest_power; ++m) {
      double const norm = power.operatorNorm();
      if (norm <= small) return known_power_bound = most;
      most = std::max(most, norm);
      power = (power * discrete.a).eval();
    }
    return known_power_bound = std::numeric_limits<double>::infinity();
  }

  mutable double known_power_bound = 0;  // once it has been asked for
};

// The recurrence run beside its own error: A x[t-1] + b u[t] rounds each of n + 2 operations once, so
//   E[t] = |A| E[t-1] + g (|A| |x[t-1]| + |b u[t]|),  g = (n+2)u / (1 - (n+2)u),    |y - exact y| <= |c| E + g |c| |x|
// elementwise, from the computed x; or, in the 2-norm, E[t] = E[t-1] + M g (||A||_F ||x[t-1]|| + ||b u[t]||).
class dense_run {
 public:
  explicit dense_run(dense_layer const& layer)
      : layer_(layer),
        moduli_(layer.discrete.a.cwiseAbs()),
        g_(layer.product_error()),
        elementwise_(layer.is_triangular()),
        powers_(elementwise_ ? 1 : layer.power_bound()) {
    restart();
  }
  void restart() {
    state_ = Eigen::VectorXd::Zero(moduli_.rows());
    error_ = state_;
    norm_error_ = 0;
  }
  void step(double u) {
    auto const& [a, b] = layer_.discrete;
    if (!elementwise_) {
      norm_error_ += powers_ * g_ * (moduli_.norm() * state_.norm() + b.norm() * std::abs(u));
    } else {
      error_ = (moduli_ * error_ + g_ * (moduli_ * state_.cwiseAbs() + b.cwiseAbs() * std::abs(u))).eval();
    }
    state_ = (a * state_ + b * u).eval();
  }
  double output() const { return layer_.c * state_; }
  double bound() const {
    if (!elementwise_) return second_order * layer_.c.norm() * (norm_error_ + g_ * state_.norm());
    Eigen::RowVectorXd const size = layer_.c.cwiseAbs();
    return second_order * (size * error_ + g_ * (size * state_.cwiseAbs())).value();
  }

 private:
  dense_layer const& layer_;
  Eigen::MatrixXd moduli_;
  double g_;
  bool elementwise_;
  double powers_;  // M
  double norm_error_ = 0;
  Eigen::VectorXd state_;
  Eigen::VectorXd error_;
};

// For any bracketing, as with scalars (docs/numerics.md, (A)): an entry of a product of matrices passes n roundings in each
// combine, so that b u[s], left of a map of m leaves, meets n (m - 1) of that map's own and n of the combine, and n as the
// right operand. With the one that forms b u[s] that is n ((t-s) + right steps) + 1, elementwise:
//   |error of x[t]| <= u [ n N[t] + (n d + 1) S[t] ],     S[t] = |A| S[t-1] + |b u[t]|,   N[t] = |A| (N[t-1] + S[t-1])
// Below the normal numbers each of n roundings of an entry may add a smallest number in each of t combines, times an S
// where the entry is a matrix's; products of A enlarge it by at most `growth`.
struct dense_sums {
  std::vector<double> weighted_n{};  // |c| N
  std::vector<double> weighted_s{};  // |c| S
  double weight = 0;                 // the sum of |c|
  double largest = 0;                // of all S
  double growth = 1;                 // of the infinity norms of |A|^m
};

// (row, t) in the order of the signal.
inline dense_sums sums_of(dense_layer const& layer, std::span<double const> input, std::size_t length) {
  Eigen::MatrixXd const moduli = layer.discrete.a.cwiseAbs();
  Eigen::VectorXd const driven = layer.discrete.b.cwiseAbs();
  Eigen::RowVectorXd const size_of_c = layer.c.cwiseAbs();
  dense_sums sums;
  sums.weight = size_of_c.sum();
  if (!layer.is_triangular()) {
    double const n = static_cast<double>(moduli.rows()), powers = layer.power_bound(), grown = n * std::pow(powers, 4);
    double size = 0, sensitivity = 0;
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (i % length == 0) size = sensitivity = 0;
      sensitivity += size;
      size += layer.discrete.b.norm() * std::abs(input[i]);
      sums.weighted_n.push_back(grown * layer.c.norm() * sensitivity);
      sums.weighted_s.push_back(grown * layer.c.norm() * size);
      sums.largest = std::max(sums.largest, powers * size);
    }
    sums.growth = grown;
    return sums;
  }
  Eigen::VectorXd size, sensitivity;
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (i % length == 0) size = sensitivity = Eigen::VectorXd::Zero(moduli.rows());
    sensitivity = (moduli * (sensitivity + size)).eval();
    size = (moduli * size + driven * std::abs(input[i])).eval();
    sums.weighted_n.push_back(size_of_c * sensitivity);
    sums.weighted_s.push_back(size_of_c * size);
    sums.largest = std::max(sums.largest, size.maxCoeff());
  }
  Eigen::VectorXd power = Eigen::VectorXd::Ones(moduli.rows());
  for (std::size_t m = 0; m < length; ++m) {
    power = (moduli * power).eval();
    sums.growth = std::max(sums.growth, power.maxCoeff());
  }
  return sums;
}

// Of |c| |x|, at output i, with d = `roundings` of the algorithm.
inline double carried(dense_sums const& sums, std::size_t i, index_t state_size, index_t roundings,
                      std::size_t length) {
  double const n = static_cast<double>(state_size), d = static_cast<double>(roundings);
  double const smallest = std::numeric_limits<double>::denorm_min();
  double const underflow =
      smallest * n * static_cast<double>(length + 1) * sums.growth * sums.weight * (1 + n * sums.largest);
  return second_order * unit<double> * (n * sums.weighted_n[i] + (n * d + 1) * sums.weighted_s[i]) + underflow;
}

}  // namespace ssmscan::ssm::detail
