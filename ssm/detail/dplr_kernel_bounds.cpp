#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <Eigen/LU>

#include <ssmscan/ssm/detail/circle.hpp>
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

// A point of the circle: theta/2, its sine and cosine, s and c as kernels/dplr.hpp has them.
struct point {
  double sine, cosine, angle, sinh, cosh;
  complex s, c;
};
point point_of(double sine, double cosine, double angle, index_t length) {
  double const half = half_sigma<double>(length), sinh = std::sinh(half), cosh = std::cosh(half);
  return {sine, cosine, angle, sinh, cosh, {sinh * cosine, cosh * sine}, {cosh * cosine, sinh * sine}};
}
point root_of(index_t k, index_t length) {
  auto const [sine, cosine] = half_angle<double>(k, length);
  return point_of(sine, cosine, std::numbers::pi * static_cast<double>(k) / static_cast<double>(length), length);
}

// A Cauchy sum h R(v) = sum v / (s/h - c lambda), a pair's two terms where the spectrum is half, and its error: each term
// by a relative error.
struct cauchy_sum {
  complex value{};
  double error = 0;
};

// Of one point: the errors of its terms, and what Woodbury's identity makes of them.
//   by_roots: theta/2 within 3u, sine and cosine of it one u more, sinh(sigma/2) 4u and cosh(sigma/2) 2u, so that with
//     their products s and c are within u (9|s| + 3 angle sine sinh) and u (9|c| + 3 angle sine cosh); s/h one more, c
//     lambda sqrt(5), the difference one; its inverse three, v and the product sqrt(5) each, a sum of m terms:
//       u [ (10 |s|/h + (9 + sqrt(5)) |c lambda| + 3 angle sine (sinh/h + cosh |lambda|)) / |s/h - c lambda| + m + 2 sqrt(5)
//       + 5 ]
//   by_tangents, u of T, w of the wider type, t = tan(theta/2) and |mu| as two Ts: each within
//       d(t) = w (3 angle / cosine + 5 sine) / cosine + u^2 t,   d(|mu|) = (16w + u^2) |mu|
//     (no sum that makes mu cancels: 5w a part of (1 + tau^2) Re lambda' + tau (1 + |lambda'|^2) and of |1 - tau lambda'|^2,
//     tau 4w, a quotient, a root), so that |mu| - t is within 2u of itself and a = 3u^2 (|mu| + t) + d(t) + d(|mu|), and
//     the denominator Z within z = 5u |Z| + a (|mu| + t). As |mu| + t <= |i t - mu| + |i t - mu^*|, a pair is at most
//     2 |v| (1/|i t - mu| + 1/|i t - mu^*|); relative to that:
//     z / (|Z| - z), 4u of the inverse, 2u with t, 3u of the coefficients, 2 N u of 2 N fused sums
// f = 1 + i tau t is within 3u, and with it a product within 6u.
class root_error {
 public:
  root_error(dplr_system const& truncated, point const& at_root, spectrum_form form, double unit_roundoff, double wider)
      : of_(truncated), c_(at_root.c), outside_(at_root.cosh + at_root.sinh), u_(unit_roundoff) {
    double const h = of_.step / 2, sine = std::abs(at_root.sine), cosine = at_root.cosine,
                 n = static_cast<double>(of_.size()), size_of_c = std::abs(c_);
    double const terms = of_.kept == spectrum::half ? 2 * n : n, of_angle = 3 * at_root.angle * sine;
    double const of_tangent = wider * (3 * at_root.angle / cosine + 5 * sine) + u_ * u_ * sine;  // cosine d(t)
    for (complex const& lambda : of_.lambda) {
      first_.push_back(1.0 / (at_root.s / h - c_ * lambda)),
          second_.push_back(1.0 / (at_root.s / h - c_ * std::conj(lambda)));
      if (form == spectrum_form::by_roots) {
        double const near = std::max(std::abs(first_.back()), std::abs(second_.back())), size = std::abs(lambda);
        double const denominator = (10 * std::abs(at_root.s) / h + (9 + sqrt_5) * size_of_c * size +
                                    of_angle * (at_root.sinh / h + at_root.cosh * size)) *
                                   near;
        relative_.push_back(u_ * (denominator + terms + 2 * sqrt_5 + 5));
      } else {
        complex const mu = damped_pole<double>(lambda, h, at_root.sinh / at_root.cosh).mu;
        double const both = 1 / std::abs(complex(0, sine) - cosine * mu) +
                            1 / std::abs(complex(0, sine) - cosine * std::conj(mu)),
                     size = cosine * std::abs(mu);
        double const a = 3 * u_ * u_ * (size + sine) + of_tangent + (16 * wider + u_ * u_) * size;  // times cosine
        double const z = 5 * u_ + a * both;
        relative_.push_back(z < 1 ? 2 * (z / (1 - z) + (9 + terms) * u_) : infinite);
      }
    }
    for (std::size_t i = 0; i < relative_.size(); ++i)
      of_term_.push_back(relative_[i] *
                         (std::abs(first_[i]) + (of_.kept == spectrum::half ? std::abs(second_[i]) : 0)));
    bool const tangents = form == spectrum_form::by_tangents;
    extra_ = tangents ? of_tangent : 0;
    of_c_ = tangents ? 6 * u_ + at_root.sinh * of_tangent / size_of_c
                     : u_ * (9 + sqrt_5 + of_angle * at_root.cosh / size_of_c);
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
    double const size_of_c = std::abs(c_);
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
        m(r, q) += c_ * through.value;
        d_m += std::norm(c_) * through.error * through.error;
      }
    }
    d_out = std::sqrt(d_out), d_in = std::sqrt(d_in);
    d_m = std::sqrt(d_m) + (lu_roundings(rank) + 3) * u_ * m.norm() +
          of_c_ * (m.norm() + std::sqrt(static_cast<double>(rank)));
    cauchy_sum const direct = sum([&](index_t i) { return of_.c[at(i)] * of_.b[at(i)]; });
    Eigen::MatrixXcd const inverse = m.inverse();
    double const norm = std::min(1.0, inverse.norm());  // accretive: M + M^* >= 2I
    Eigen::VectorXcd const w = inverse * in;
    double const room = 1 - norm * d_m;
    if (!(room > 0)) return {infinite, 0};
    double const right = (d_in + d_m * w.norm()) / room;
    double const low = size_of_c * (d_out * (w.norm() + norm * right) + (out * inverse).norm() * right +
                                    (10 + static_cast<double>(rank)) * u_ * out.norm() * w.norm());
    complex const low_rank = c_ * (out * w).value(), inner = direct.value - low_rank;
    return {outside_ * (direct.error + low + of_c_ * std::abs(low_rank) + (14 * u_ + extra_) * std::abs(inner) +
                        2 * u_ * (std::abs(direct.value) + std::abs(low_rank))),
            outside_ * std::abs(inner)};
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
  complex c_;
  double outside_, u_;  // |e^{(sigma + i theta)/2}|
  std::vector<complex> first_, second_;
  std::vector<double> relative_, of_term_;
  double extra_, of_c_;  // relative, of 1 + i t, and of c where it multiplies a sum
};

// Of the sums by blocks. At a node of angle phi_0 + psi the term is off as at a root; its product with cos psi is
// interpolated by Lagrange's basis, the sum of whose moduli is at most 1 + (2 / pi) ln d at Chebyshev nodes, with d + 5
// more roundings for weights, basis and sum, 2 for each near pole, and one for all that is made in the wider type.
// far_error says what the interpolant of exact values is off by.
template <class T>
class far_errors {
 public:
  far_errors(dplr_channel<T> const& channel, index_t length, dplr_blocks<T> const& blocks)
      : blocks_(blocks), near_(channel.blocks), length_(length) {
    dplr_system const& truncated = channel.truncated;
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
        root_error const node(truncated, point_of(std::sin(angle), std::cos(angle), 2 * angle, length),
                              spectrum_form::by_tangents, unit<T>, unit<wider>);
        for (std::size_t n = 0; n < near_.size(); ++n)
          largest[n] = std::max(largest[n], node.of_term()[n] + (d + 6 + terms) * unit<T> * node.size_of_term(n));
      }
      for (double& error : largest) error *= basis;
      of_nodes_.push_back(std::move(largest));
    }
    for (complex const& lambda : truncated.lambda)
      mu_.push_back(damped_pole<double>(lambda, truncated.step / 2, std::tanh(half_sigma<double>(length))).mu);
  }
  void put(root_error& error, index_t k) const {
    if (near_.empty() || k >= blocks_.roots) return;
    index_t const block = k >= blocks_.begin(blocks_.count - 1) ? blocks_.count - 1 : k / blocks_.size;
    for (std::size_t n = 0; n < near_.size(); ++n)
      if (block < near_[n].first || block >= near_[n].past)
        error.interpolated(n, of_nodes_[at(block)][n], far_error(mu_[n], block, length_, blocks_));
  }

 private:
  dplr_blocks<T> const& blocks_;
  std::vector<block_range> const& near_;
  index_t length_;
  std::vector<complex> mu_;
  std::vector<std::vector<double>> of_nodes_;  // of each block, each pole
};

// The mean of errors over all `length` roots, from those of the bins.
template <class Error>
double mean_over_roots(index_t length, Error error) {
  double sum = 0;
  for (index_t k = 0; k <= length / 2; ++k) sum += (k == 0 || 2 * k == length ? 1 : 2) * error(k);
  return sum / static_cast<double>(length);
}

// What multiplies a tap at the end, r^-l, is within 2u and one unit roundoff of T, and the product within one more.
template <class T>
std::vector<double> from_parts(double error_of_c, powers_bound const& powers, double of_roots) {
  index_t const length = static_cast<index_t>(powers.tap.size());
  double const e = real_fft<T>(length).error();
  std::vector<double> made;
  for (index_t l = 0; l < length; ++l)
    made.push_back(second_order * (error_of_c * gain_of_truncation * powers.state[at(l)] +
                                   circle_growth<double>(l, length) * (of_roots + e * (powers.two + of_roots)) +
                                   4 * unit<T> * powers.two));
  return made;
}

}  // namespace

template <class T>
std::vector<double> bound_of_dplr_spectrum(dplr_system const& truncated, index_t length, spectrum_form form) {
  using wider = std::conditional_t<std::is_same_v<T, float>, double, long double>;
  bool const half = truncated.kept == spectrum::half;
  auto const blocks = make_dplr_blocks<T>(length);
  auto const channel = dplr_channel_of<T>(truncated, length, blocks);
  bool const vectors = form == spectrum_form::by_tangents && !channel.poles.empty();
  far_errors<T> const far(channel, length, blocks);
  auto const plain = [&](point const& r) { return root_error(truncated, r, spectrum_form::by_roots, u, u).woodbury(); };
  std::vector<double> made;
  for (index_t k = 0; k <= length / 2; ++k) {
    point const r = root_of(k, length);
    if (vectors && 2 * k != length) {
      root_error of_root(truncated, r, form, unit<T>, unit<wider>);
      far.put(of_root, k);
      made.push_back(of_root.woodbury().first);
      continue;
    }
    auto [error, size] = plain(r);
    if (!half) {
      auto const [other_error, other_size] = plain(point_of(-r.sine, r.cosine, r.angle, length));
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
  truncated.c = truncated_output(system, length, circle_power);
  bool const vectors =
      form == spectrum_form::by_tangents && !dplr_channel_of<T>(truncated, length, {}).poles.empty();  // sums in T
  std::vector<double> const roots = bound_of_dplr_spectrum<T>(truncated, length, form);
  double const of_roots = mean_over_roots(length, [&](index_t k) { return roots[at(k)]; });
  double const of_c = error_of_truncation(system, length).error;
  if (vectors) return from_parts<T>(of_c, powers, of_roots);
  std::vector<double> made = from_parts<double>(of_c, powers, of_roots);
  if (!std::is_same_v<T, double>)
    for (double& bound : made) bound += unit<T> * (powers.two + bound);
  return made;
}
template SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_kernel<float>(dplr_system const&, index_t,
                                                                            powers_bound const&, spectrum_form);
template SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_kernel<double>(dplr_system const&, index_t,
                                                                             powers_bound const&, spectrum_form);

// At a point z, x from the solve: |error| <= ||C~ (I - z Ab)^-1|| ||Bb - (I - z Ab) x|| + the dot product's. The
// residual is taken with the computed A and B, their distances added; z's angle is off by 4u of itself, its sine and
// cosine by 2u, r by 3u and the product by one.
std::vector<double> bound_of_generating_function(dense_system<complex> const& discrete, Eigen::RowVectorXcd const& c,
                                                 index_t length, powers_bound const& powers) {
  truncation<Eigen::RowVectorXcd> const of_c = error_of_squarings(discrete.a, powers.distance_of_a, c, length);
  Eigen::Index const n = discrete.a.rows();
  Eigen::MatrixXcd const identity = Eigen::MatrixXcd::Identity(n, n);
  Eigen::RowVectorXcd const& truncated = of_c.output;
  double const norm_of_a = discrete.a.norm(), radius = std::exp(-2 * half_sigma<double>(length));
  auto const error_at = [&](double angle) {
    complex const z = std::polar(radius, -angle);
    Eigen::MatrixXcd const matrix = identity - z * discrete.a;
    Eigen::PartialPivLU<Eigen::MatrixXcd> const lu(matrix);
    Eigen::VectorXcd const x = lu.solve(discrete.b);
    Eigen::MatrixXcd const inverse = lu.inverse();
    wide_matrix const v = x.cast<wide_complex>();
    wide_matrix const residual =
        discrete.b.cast<wide_complex>() - v + wide_complex(z) * (discrete.a.cast<wide_complex>() * v);
    double const of_z = (4 * std::abs(angle) + 6 * std::sqrt(2.0)) * u + residual_roundoff(n);
    double const off_matrix = powers.distance_of_a + of_z * norm_of_a;
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
  return from_parts<double>(of_c.error, powers, of_roots);
}

}  // namespace ssmscan::ssm::detail
