#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <Eigen/LU>

#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/detail/low_rank_bounds.hpp>
#include <ssmscan/ssm/detail/low_rank_residual.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>
#include <ssmscan/ssm/detail/truncation_bounds.hpp>
#include <ssmscan/ssm/kernels/dplr_tables.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;
constexpr double u = unit<double>;
constexpr double infinite = std::numeric_limits<double>::infinity();

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

struct root {
  double s, c, angle;  // of theta/2
};
root root_of(index_t k, index_t length) {
  if (2 * k == length) return {1, 0, std::numbers::pi / 2};
  double const angle = std::numbers::pi * static_cast<double>(k) / static_cast<double>(length);
  return {std::sin(angle), std::cos(angle), angle};
}

// A Cauchy sum R(v) = sum v / (i s - c l), a pair's two terms where the spectrum is half, and its error: each term |v|
// / |i s - c l| by a relative error.
struct cauchy_sum {
  complex value{};
  double error = 0;
};

// Of one root: the errors of its terms, and what Woodbury's identity makes of them.
//   by_roots: sine and cosine within 4u |s| and (3 angle |s| + |c|) u, c h lambda two roundings, the difference one, its
//     inverse three, v and the product sqrt(5) u each, a sum of m terms:
//       u [ (4|s| + 3|c l| + 3 angle |s l|) / |i s - c l| + m + 2 sqrt(5) + 4 ]
//   by_tangents, u of T, w of the wider type, t = s/c and |l| as two Ts: each within
//       d(t) = w (3 angle / c + 5 s) / c + u^2 t,   d(|l|) = (4w + u^2) |l|
//     so that |l| - t is within 2u of itself and a = 3u^2 (|l| + t) + d(t) + d(|l|), and the denominator Z within
//     z = 5u |Z| + a (|l| + t). As |l| + t <= |i t - l| + |i t - l^*|, a pair is at most
//     2 |v| (1/|i t - l| + 1/|i t - l^*|); relative to that:
//     z / (|Z| - z), 4u of the inverse, 2u with t, 2u of the coefficients, 2 N u of 2 N fused sums
class root_error {
 public:
  root_error(dplr_system const& truncated, root const& at_root, spectrum_form form, double unit_roundoff, double wider)
      : of_(truncated), s_(at_root.s), c_(at_root.c), u_(unit_roundoff) {
    double const h = of_.step / 2, sine = std::abs(s_), n = static_cast<double>(of_.size());
    double const terms = of_.kept == spectrum::half ? 2 * n : n;
    double const of_tangent = wider * (3 * at_root.angle / c_ + 5 * sine) + u_ * u_ * sine;  // c d(t)
    for (complex const& lambda : of_.lambda) {
      complex const l = h * lambda;
      first_.push_back(1.0 / (complex(0, s_) - c_ * l)), second_.push_back(1.0 / (complex(0, s_) - c_ * std::conj(l)));
      double const size = c_ * std::abs(l), near = std::max(std::abs(first_.back()), std::abs(second_.back()));
      double const both = std::abs(first_.back()) + std::abs(second_.back());
      if (form == spectrum_form::by_roots) {
        double const denominator = (4 * sine + 3 * size + 3 * at_root.angle * sine * std::abs(l)) * near;
        relative_.push_back(u_ * (denominator + terms + 2 * sqrt_5 + 4));
      } else {
        double const a = 3 * u_ * u_ * (size + sine) + of_tangent + (4 * wider + u_ * u_) * size;  // times c
        double const z = 5 * u_ + a * both;
        relative_.push_back(z < 1 ? 2 * (z / (1 - z) + (8 + terms) * u_) : infinite);
      }
    }
    for (std::size_t i = 0; i < relative_.size(); ++i)
      of_term_.push_back(relative_[i] *
                         (std::abs(first_[i]) + (of_.kept == spectrum::half ? std::abs(second_[i]) : 0)));
    extra_ = form == spectrum_form::by_tangents ? of_tangent : 0;
  }

  // What a pole's term is off by, of |v|; and of a far pole: interpolated from values that are off by `of_nodes`,
  // itself by `relative`.
  std::vector<double> const& of_term() const { return of_term_; }
  void interpolated(std::size_t pole, double of_nodes, double relative) {
    of_term_[pole] = of_nodes + relative * (std::abs(first_[pole]) + std::abs(second_[pole]));
  }
  double size_of_term(std::size_t pole) const { return std::abs(first_[pole]) + std::abs(second_[pole]); }

  // |computed K^ - K^| and |K^|.
  std::pair<double, double> woodbury() const {
    index_t const rank = of_.rank(), n = of_.size();
    double const hc = of_.step / 2 * c_;
    auto const p = [&](index_t r, index_t i) { return of_.p[at(r * n + i)]; };
    Eigen::RowVectorXcd out(rank);
    Eigen::VectorXcd in(rank);
    Eigen::MatrixXcd m = Eigen::MatrixXcd::Identity(rank, rank);
    double d_out = 0, d_in = 0, d_m = 0;  // squares, of norms
    for (index_t r = 0; r < rank; ++r) {
      cauchy_sum const a = sum([&](index_t i) { return of_.c[at(i)] * p(r, i); });
      cauchy_sum const b = sum([&](index_t i) { return std::conj(p(r, i)) * of_.b[at(i)]; });
      out(r) = a.value, in(r) = b.value;
      d_out += a.error * a.error, d_in += b.error * b.error;
      for (index_t q = 0; q < rank; ++q) {
        cauchy_sum const through = sum([&](index_t i) { return std::conj(p(r, i)) * p(q, i); });
        m(r, q) += hc * through.value;
        d_m += hc * hc * through.error * through.error;
      }
    }
    d_out = std::sqrt(d_out), d_in = std::sqrt(d_in);
    d_m = std::sqrt(d_m) + (lu_roundings(rank) + 3) * u_ * m.norm();
    cauchy_sum const direct = sum([&](index_t i) { return of_.c[at(i)] * of_.b[at(i)]; });
    Eigen::MatrixXcd const inverse = m.inverse();
    double const norm = std::min(1.0, inverse.norm());  // accretive: M + M^* >= 2I
    Eigen::VectorXcd const w = inverse * in;
    double const room = 1 - norm * d_m;
    if (!(room > 0)) return {infinite, 0};
    double const right = (d_in + d_m * w.norm()) / room;
    double const low = hc * (d_out * (w.norm() + norm * right) + (out * inverse).norm() * right +
                             (10 + static_cast<double>(rank)) * u_ * out.norm() * w.norm());
    complex const low_rank = hc * (out * w).value(), inner = direct.value - low_rank;
    double const h = of_.step / 2;
    return {h * (direct.error + low + (10 * u_ + extra_) * std::abs(inner) +
                 2 * u_ * (std::abs(direct.value) + std::abs(low_rank))),
            h * std::abs(inner)};
  }

 private:
  template <class V>
  cauchy_sum sum(V v) const {
    cauchy_sum made;
    for (index_t i = 0; i < of_.size(); ++i) {
      complex const value = v(i);
      made.value += value * first_[at(i)];
      if (of_.kept == spectrum::half) made.value += std::conj(value) * second_[at(i)];
      made.error += std::abs(value) * of_term_[at(i)];
    }
    return made;
  }

  dplr_system const& of_;
  double s_, c_, u_;
  std::vector<complex> first_, second_;
  std::vector<double> relative_, of_term_;
  double extra_;
};

// Of the sums by blocks. At a node of angle phi_0 + psi the term is off as at a root; its product with cos psi is
// interpolated by Lagrange's basis, the sum of whose moduli is at most 1 + (2 / pi) ln d at Chebyshev nodes, with d + 5
// more roundings for weights, basis and sum, 2 for each near pole, and one for all that is made in the wider type.
// far_error says what the interpolant of exact values is off by.
template <class T>
class far_errors {
 public:
  far_errors(dplr_system const& truncated, index_t length, dplr_tables<T> const& tables)
      : of_(truncated), blocks_(tables.blocks), near_(tables.channels[0].blocks), length_(length) {
    if (near_.empty()) return;
    using wider = std::conditional_t<std::is_same_v<T, float>, double, long double>;
    constexpr int d = block_nodes<T>;
    double const one = std::numbers::pi / static_cast<double>(length),
                 middle = static_cast<double>(blocks_.size - 1) / 2, terms = 2 * static_cast<double>(truncated.size());
    double const basis = (1 + 2 / std::numbers::pi * std::log(d)) / std::cos(one * middle);
    for (index_t block = 0; block < blocks_.count; ++block) {
      std::vector<double> largest(near_.size());
      for (int i = 0; i < d; ++i) {
        double const at_node = std::cos(std::numbers::pi * (2 * i + 1) / (2 * d)) * std::tan(one * middle);
        double const angle = one * (static_cast<double>(blocks_.begin(block)) + middle) + std::atan(at_node);
        // The angle is a sum: twice what a root's is off by.
        root_error const node(truncated, {std::sin(angle), std::cos(angle), 2 * angle}, spectrum_form::by_tangents,
                              unit<T>, unit<wider>);
        for (std::size_t n = 0; n < near_.size(); ++n)
          largest[n] = std::max(largest[n], node.of_term()[n] + (d + 6 + terms) * unit<T> * node.size_of_term(n));
      }
      for (double& error : largest) error *= basis;
      of_nodes_.push_back(std::move(largest));
    }
  }
  void put(root_error& error, index_t k) const {
    if (near_.empty() || k >= blocks_.roots) return;
    index_t const block = k >= blocks_.begin(blocks_.count - 1) ? blocks_.count - 1 : k / blocks_.size;
    for (std::size_t n = 0; n < near_.size(); ++n)
      if (block < near_[n].first || block >= near_[n].past)
        error.interpolated(n, of_nodes_[at(block)][n], far_error(of_.lambda[n], of_.step / 2, block, length_, blocks_));
  }

 private:
  dplr_system const& of_;
  dplr_blocks<T> const& blocks_;
  std::vector<block_range> const& near_;
  index_t length_;
  std::vector<std::vector<double>> of_nodes_;  // of each block, each pole
};

// Of h e^{i theta/2} C~ y, y = (i s - c h A)^-1 b by an LU solve: ||(i s - c h A)^-1|| times y's residual, and the dot
// product's.
std::pair<double, double> error_of_inverse(dplr_system const& truncated, root const& at_root) {
  auto const matrices = matrices_of(truncated);
  double const h = truncated.step / 2;
  Eigen::Index const n = matrices.continuous.a.rows();
  Eigen::MatrixXcd const matrix =
      complex(0, at_root.s) * Eigen::MatrixXcd::Identity(n, n) - (at_root.c * h) * matrices.continuous.a;
  Eigen::FullPivLU<Eigen::MatrixXcd> const lu(matrix);
  Eigen::VectorXcd const y = lu.solve(matrices.continuous.b);
  Eigen::MatrixXcd const inverse = lu.inverse();
  // Sine and cosine as double has them are off by 5u, which moves the product by as much of its size.
  double const size = 1 + h * static_cast<double>(norm_of_a(truncated));
  auto const residual = [&](Eigen::MatrixXcd const& x, Eigen::MatrixXcd const& of) {
    wide_matrix const v = x.cast<wide_complex>();
    wide_matrix const r =
        wide_complex(0, at_root.s) * v - wide(at_root.c) * h * times_a(truncated, v) - of.cast<wide_complex>();
    return static_cast<double>(r.norm()) + (5 * u + residual_roundoff(n)) * size * x.norm();
  };
  double const off = residual(inverse, Eigen::MatrixXcd::Identity(n, n));
  if (!(off < 1)) return {infinite, 0};
  double const gain = inverse.norm() / (1 - off), c = matrices.c.norm();
  double const dot = (static_cast<double>(n) + sqrt_5 + 10) * u;
  return {h * c * (gain * residual(y, matrices.continuous.b) + dot * y.norm()), h * std::abs((matrices.c * y).value())};
}

// The mean of errors over all `length` roots, from those of the bins.
template <class Error>
double mean_over_roots(index_t length, Error error) {
  double sum = 0;
  for (index_t k = 0; k <= length / 2; ++k) sum += (k == 0 || 2 * k == length ? 1 : 2) * error(k);
  return sum / static_cast<double>(length);
}

template <class T>
std::vector<double> from_parts(double error_of_c, powers_bound const& powers, double of_roots) {
  index_t const length = static_cast<index_t>(powers.tap.size());
  double const e = real_fft<T>(length).error();
  std::vector<double> made;
  for (double const state : powers.state)
    made.push_back(second_order * (error_of_c * state + of_roots + e * (powers.two + of_roots)));
  return made;
}

}  // namespace

template <class T>
std::vector<double> bound_of_dplr_spectrum(dplr_system const& truncated, index_t length, spectrum_form form) {
  using wider = std::conditional_t<std::is_same_v<T, float>, double, long double>;
  bool const half = truncated.kept == spectrum::half;
  bool const vectors = form == spectrum_form::by_tangents && half && truncated.rank() == 1;
  auto const tables = make_dplr_tables<T>({&truncated, 1}, length, read_out_kind::truncated, 1);
  std::vector<index_t> const& near = tables.channels[0].near;
  far_errors<T> const far(truncated, length, tables);
  auto const plain = [&](root const& r) {
    if (on_a_pole(truncated, r.s, r.c)) return error_of_inverse(truncated, r);
    return root_error(truncated, r, spectrum_form::by_roots, u, u).woodbury();
  };
  std::vector<double> made;
  for (index_t k = 0; k <= length / 2; ++k) {
    root const r = root_of(k, length);
    if (vectors && std::find(near.begin(), near.end(), k) == near.end()) {
      root_error of_root(truncated, r, form, unit<T>, unit<wider>);
      far.put(of_root, k);
      made.push_back(of_root.woodbury().first);
      continue;
    }
    auto [error, size] = plain(r);
    if (!half) {
      auto const [other_error, other_size] = plain({-r.s, r.c, r.angle});
      error = (error + other_error) / 2 + u * std::max(size, other_size), size = std::max(size, other_size);
    }
    made.push_back(error + (vectors ? unit<T> * size : 0));
  }
  return made;
}
template SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_spectrum<float>(dplr_system const&, index_t,
                                                                              spectrum_form);
template SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_spectrum<double>(dplr_system const&, index_t,
                                                                               spectrum_form);

template <class T>
std::vector<double> bound_of_dplr_kernel(dplr_system const& system, index_t length, powers_bound const& powers,
                                         spectrum_form form) {
  dplr_system truncated = system;
  truncated.c = truncated_output(system, length);
  bool const vectors =
      form == spectrum_form::by_tangents && system.kept == spectrum::half && system.rank() == 1;  // sums in T
  std::vector<double> const roots = bound_of_dplr_spectrum<T>(truncated, length, form);
  double const of_roots = mean_over_roots(length, [&](index_t k) { return roots[at(k)]; });
  auto const c = error_of_truncation(system, length);
  if (vectors) return from_parts<T>(c.error * c.gain, powers, of_roots);
  std::vector<double> made = from_parts<double>(c.error * c.gain, powers, of_roots);
  if (!std::is_same_v<T, double>)
    for (double& bound : made) bound += unit<T> * (powers.two + bound);
  return made;
}
template SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_kernel<float>(dplr_system const&, index_t,
                                                                            powers_bound const&, spectrum_form);
template SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_kernel<double>(dplr_system const&, index_t,
                                                                             powers_bound const&, spectrum_form);

// At a root w, x from the solve: |error| <= ||C~ (I - w Ab)^-1|| ||Bb - (I - w Ab) x|| + the dot product's. The
// residual is taken with the computed A and B, their distances added; w's angle is off by 4u of itself, its sine and
// cosine by 2u.
std::vector<double> bound_of_generating_function(dense_system<complex> const& discrete, Eigen::RowVectorXcd const& c,
                                                 index_t length, powers_bound const& powers) {
  truncation<Eigen::RowVectorXcd> const of_c = error_of_squarings(discrete.a, powers.distance_of_a, c, length);
  Eigen::Index const n = discrete.a.rows();
  Eigen::MatrixXcd const identity = Eigen::MatrixXcd::Identity(n, n);
  Eigen::RowVectorXcd const& truncated = of_c.output;
  double const norm_of_a = discrete.a.norm();
  auto const error_at = [&](double angle) {
    complex const w = std::polar(1.0, -angle);
    Eigen::MatrixXcd const matrix = identity - w * discrete.a;
    Eigen::PartialPivLU<Eigen::MatrixXcd> const lu(matrix);
    Eigen::VectorXcd const x = lu.solve(discrete.b);
    Eigen::MatrixXcd const inverse = lu.inverse();
    wide_matrix const v = x.cast<wide_complex>();
    wide_matrix const residual =
        discrete.b.cast<wide_complex>() - v + wide_complex(w) * (discrete.a.cast<wide_complex>() * v);
    double const of_w = (4 * std::abs(angle) + 2 * std::sqrt(2.0)) * u + residual_roundoff(n);
    double const off_matrix = powers.distance_of_a + of_w * norm_of_a;
    double const off = static_cast<double>(residual.norm()) + powers.distance_of_b + off_matrix * x.norm();
    Eigen::MatrixXcd const check = matrix * inverse - identity;
    double const room = 1 - check.norm() - off_matrix * inverse.norm();
    if (!(room > 0)) return infinite;
    double const dot = (2 * std::sqrt(2.0) * static_cast<double>(n) + 3) * u;
    return (truncated * inverse).norm() / room * off + dot * truncated.norm() * x.norm();
  };
  double const of_roots = mean_over_roots(length, [&](index_t k) {
    double const angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(length);
    return (error_at(angle) + error_at(-angle)) / 2;
  });
  return from_parts<double>(of_c.error * of_c.gain, powers, of_roots);
}

}  // namespace ssmscan::ssm::detail
