#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include <Eigen/LU>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/dplr_tables.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// theta/2 = pi k / L of root k: its sine and cosine, exact at 0 and at pi/2.
template <class Real>
std::pair<Real, Real> half_angle(index_t k, index_t length) {
  if (2 * k == length) return {1, 0};
  Real const angle = std::numbers::pi_v<Real> * static_cast<Real>(k) / static_cast<Real>(length);
  return {std::sin(angle), std::cos(angle)};
}

// K^ at e^{-i theta}, s and c = sine and cosine of theta/2, by an explicit inverse: h e^{i theta/2} C~ (i s - c A')^-1 b.
complex by_inverse(dplr_system const& truncated, double s, double c) {
  auto const whole = matrices_of(truncated);
  double const h = truncated.step / 2;
  index_t const n = whole.continuous.a.rows();
  Eigen::MatrixXcd const matrix = complex(0, s) * Eigen::MatrixXcd::Identity(n, n) - (c * h) * whole.continuous.a;
  return h * complex(c, s) * (whole.c * matrix.fullPivLu().solve(whole.continuous.b)).value();
}

// The same by Cauchy sums and Woodbury.
complex by_sums(dplr_system const& truncated, double s, double c) {
  index_t const n = truncated.size(), rank = truncated.rank();
  double const h = truncated.step / 2;
  std::vector<complex> inverse, inverse_of_partner;
  for (complex const& lambda : truncated.lambda) {
    inverse.push_back(over(complex(1), complex(0, s) - c * h * lambda));
    inverse_of_partner.push_back(over(complex(1), complex(0, s) - c * h * std::conj(lambda)));
  }
  auto const sum = [&](auto v) {
    complex made = 0;
    for (index_t i = 0; i < n; ++i) {
      made += times(v(i), inverse[at(i)]);
      if (truncated.kept == spectrum::half) made += times(std::conj(v(i)), inverse_of_partner[at(i)]);
    }
    return made;
  };
  auto const p = [&](index_t r, index_t i) { return truncated.p[at(r * n + i)]; };
  Eigen::RowVectorXcd out(rank);
  Eigen::VectorXcd in(rank);
  Eigen::MatrixXcd through = Eigen::MatrixXcd::Identity(rank, rank);
  for (index_t r = 0; r < rank; ++r) {
    out(r) = sum([&](index_t i) { return times(truncated.c[at(i)], p(r, i)); });
    in(r) = sum([&](index_t i) { return times(std::conj(p(r, i)), truncated.b[at(i)]); });
    for (index_t q = 0; q < rank; ++q)
      through(r, q) += c * h * sum([&](index_t i) { return times(std::conj(p(r, i)), p(q, i)); });
  }
  complex const direct = sum([&](index_t i) { return times(truncated.c[at(i)], truncated.b[at(i)]); });
  complex const low_rank = c * h * (out * through.partialPivLu().solve(in)).value();
  return h * complex(c, s) * (direct - low_rank);
}

// Others go root by root, in double.
bool has_fast_sums(dplr_system const& system) { return system.kept == spectrum::half && system.rank() == 1; }

dplr_system truncated_system(dplr_system system, index_t length, read_out_kind kind) {
  check(system);
  if (kind == read_out_kind::recurrence) system.c = truncated_output(system, length);
  return system;
}

// The sums divide by squares of (c~ |l| - s)(c~ |l| + s), in T of a half spectrum of rank 1: |l|^4 is to be a number of it. An
// eigenvalue 0 lies on a root, which is made without them.
template <class T>
void need_range(dplr_system const& system) {
  double const least = std::sqrt(std::sqrt(static_cast<double>(std::numeric_limits<T>::min()))),
               greatest = std::sqrt(std::sqrt(static_cast<double>(std::numeric_limits<T>::max()))) / 2;
  for (std::size_t n = 0; n < system.lambda.size(); ++n) {
    double const modulus =
        std::hypot(system.step / 2 * system.lambda[n].real(), system.step / 2 * system.lambda[n].imag());
    if (modulus == 0 || (modulus >= least && modulus <= greatest)) continue;
    throw_invalid("step",
                  detail::text_of(system.step) + ", with |step lambda / 2| = " + detail::text_of(modulus) +
                      " at index " + std::to_string(n),
                  "0, or " + detail::text_of(least) + " to " + detail::text_of(greatest) + ", for a kernel's sums");
  }
}

std::vector<double> kernel_by_roots(dplr_system const& truncated, index_t length) {
  detail::real_fft<double> const fft(length);
  std::vector<complex> spectrum(at(fft.bins()));
  for (index_t k = 0; k < fft.bins(); ++k) spectrum[at(k)] = detail::dplr_spectrum_at(truncated, k, length);
  std::vector<double> kernel(at(length));
  fft.backward(spectrum.data(), kernel.data());
  return kernel;
}

// A value in the wider type as two Ts.
template <class T, class Wide>
std::pair<T, T> in_two(Wide x) {
  T const head = static_cast<T>(x);
  return {head, static_cast<T>(x - static_cast<Wide>(head))};
}
template <class T>
using wider = std::conditional_t<std::is_same_v<T, float>, double, long double>;

template <class T>
detail::dplr_roots<T> roots_of(index_t length) {
  index_t const bins = length / 2 + 1;
  index_t const padded = (bins + detail::most_lanes - 1) / detail::most_lanes * detail::most_lanes;
  detail::dplr_roots<T> roots;
  for (index_t k = 0; k < padded; ++k) {
    auto const [s, c] = half_angle<wider<T>>(std::min(k, bins - 1), length);
    auto const [tangent, rest] = in_two<T>(c == 0 ? wider<T>(1) : s / c);
    roots.tangent.push_back(tangent), roots.tangent_rest.push_back(rest);
  }
  return roots;
}

// By blocks from here on: interpolation costs 8 d multiply-adds a root whatever the poles, a pole root by root some 28.
template <class T>
constexpr index_t least_poles = 2 * detail::block_nodes<T>;
constexpr index_t least_roots = 256;

// The blocks that the pole is near, outwards from the one that it lies in.
template <class T>
detail::block_range range_of(complex lambda, double half_step, index_t length, detail::dplr_blocks<T> const& blocks) {
  constexpr double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  double const angle = std::atan(std::abs(lambda.imag()) * half_step);
  index_t const own = std::min(
      static_cast<index_t>(angle / std::numbers::pi * static_cast<double>(length)) / blocks.size, blocks.count - 1);
  auto const is_far = [&](index_t block) {
    return block < 0 || block >= blocks.count || detail::far_error(lambda, half_step, block, length, blocks) <= u;
  };
  detail::block_range made{own, own + 1};
  while (!is_far(made.first - 1)) --made.first;
  while (!is_far(made.past)) ++made.past;
  return made;
}

template <class T>
std::vector<detail::dplr_pole<T>> poles_of(dplr_system const& truncated) {
  using wide = wider<T>;
  using wide_complex = std::complex<wide>;
  std::vector<detail::dplr_pole<T>> poles;
  for (index_t n = 0; n < truncated.size(); ++n) {
    wide_complex const lambda = static_cast<wide>(truncated.step) / 2 * wide_complex(truncated.lambda[at(n)]);
    detail::dplr_pole<T> pole{};
    std::tie(pole.modulus, pole.modulus_rest) = in_two<T>(std::hypot(lambda.real(), lambda.imag()));
    pole.damping = static_cast<T>(-2 * lambda.real());
    wide_complex const b(truncated.b[at(n)]), c(truncated.c[at(n)]), p(truncated.p[at(n)]);
    wide_complex const values[4] = {times(c, b), times(c, p), times(std::conj(p), b), times(std::conj(p), p)};
    for (int j = 0; j < 4; ++j) {
      pole.value[j] = static_cast<T>(2 * values[j].real());
      pole.turned[j] = static_cast<T>(2 * times(values[j], std::conj(lambda)).real());
    }
    poles.push_back(pole);
  }
  return poles;
}

}  // namespace

std::vector<double> dplr_kernel_by_roots(dplr_system const& system, index_t length) {
  detail::need_length(length);
  check(system);
  need_range<double>(system);
  return kernel_by_roots(truncated_system(system, length, read_out_kind::recurrence), length);
}

template <class T>
detail::dplr_blocks<T> detail::make_dplr_blocks(index_t length) {
  using wide = wider<T>;
  constexpr int nodes = block_nodes<T>;
  dplr_blocks<T> made;
  made.roots = (length + 1) / 2;
  if (made.roots < least_roots) return made;
  made.size = most_lanes;
  while (5 * 2 * made.size * made.size < nodes * made.roots) made.size *= 2;
  made.count = (made.roots + made.size - 1) / made.size;
  wide const one = std::numbers::pi_v<wide> / static_cast<wide>(length), middle = static_cast<wide>(made.size - 1) / 2;
  wide const reach = std::tan(one * middle);
  std::vector<wide> node, x;
  for (int i = 0; i < nodes; ++i)
    node.push_back(reach * std::cos(std::numbers::pi_v<wide> * static_cast<wide>(2 * i + 1) / (2 * nodes)));
  for (index_t k = 0; k < made.size; ++k) x.push_back(std::tan(one * (static_cast<wide>(k) - middle)));
  for (index_t block = 0; block < made.count; ++block) {
    wide const angle = one * (static_cast<wide>(made.begin(block)) + middle);
    for (wide const at_node : node) {
      wide const off = std::atan(at_node);
      auto const [tangent, rest] = in_two<T>(std::tan(angle + off));
      made.node.push_back(tangent), made.node_rest.push_back(rest);
      made.node_weight.push_back(static_cast<T>(std::cos(angle + off) * std::cos(off)));
    }
    for (index_t k = 0; k < made.size; ++k) {
      wide const off = one * (static_cast<wide>(k) - middle);
      made.weight.push_back(static_cast<T>(1 / (std::cos(angle + off) * std::cos(off))));
    }
  }
  for (int i = 0; i < nodes; ++i) {
    for (wide const at_root : x) {
      wide value = 1;
      for (int m = 0; m < nodes; ++m)
        if (m != i) value *= (at_root - node[at(m)]) / (node[at(i)] - node[at(m)]);
      made.basis.push_back(static_cast<T>(value));
    }
  }
  return made;
}

// From i s - c~ lambda' = 0, tan(theta/2) = -i lambda' at the pole. |T_d(xi)| >= (rho^d - rho^-d) / 2 on the ellipse rho.
template <class T>
double detail::far_error(complex lambda, double half_step, index_t block, index_t length,
                         dplr_blocks<T> const& blocks) {
  double const one = std::numbers::pi / static_cast<double>(length), middle = static_cast<double>(blocks.size - 1) / 2,
               tangent = std::tan(one * (static_cast<double>(blocks.begin(block)) + middle));
  complex const pole = half_step * complex(std::abs(lambda.imag()), -lambda.real());
  complex const xi = (pole - tangent) / (1.0 + pole * tangent) / std::tan(one * middle);
  // (rho + 1/rho) = |xi - 1| + |xi + 1|
  double const sum = (std::abs(xi - 1.0) + std::abs(xi + 1.0)) / 2;
  double const rho = sum + std::sqrt(std::max(0.0, sum * sum - 1)), power = std::pow(rho, block_nodes<T>);
  return 2 / (power - 1 / power);
}

constexpr double too_near = 1e-7;
bool detail::on_a_pole(dplr_system const& system, double s, double c) {
  for (complex const& lambda : system.lambda) {
    complex const turned = c * (system.step / 2) * lambda;
    if (std::abs(complex(0, std::abs(s)) - turned) <= too_near * (std::abs(s) + std::abs(turned)) ||
        std::abs(complex(0, -std::abs(s)) - turned) <= too_near * (std::abs(s) + std::abs(turned)))
      return true;
  }
  return false;
}

// The Hermitian part of the spectrum, which a half spectrum's is already.
complex detail::dplr_spectrum_at(dplr_system const& truncated, index_t k, index_t length) {
  auto const half = half_angle<double>(k, length);
  double const s = half.first, c = half.second;
  bool const near = on_a_pole(truncated, s, c);
  auto const value = [&](double sine) { return near ? by_inverse(truncated, sine, c) : by_sums(truncated, sine, c); };
  if (truncated.kept == spectrum::half) return value(s);
  return (value(s) + std::conj(value(-s))) / 2.0;
}

template <class T>
detail::dplr_tables<T> detail::make_dplr_tables(std::span<dplr_system const> channels, index_t length,
                                                read_out_kind kind, int threads) {
  detail::need_length(length);
  for (dplr_system const& system : channels) {
    check(system);
    if (has_fast_sums(system)) {
      need_range<T>(system);
    } else {
      need_range<double>(system);
    }
  }
  dplr_tables<T> made;
  made.roots = roots_of<T>(length);
  made.blocks = make_dplr_blocks<T>(length);
  made.channels.resize(channels.size());
  openmp on(threads);
  on.blocks(static_cast<index_t>(channels.size()), [&](index_t k) {
    auto& channel = made.channels[at(k)];
    channel.truncated = truncated_system(channels[at(k)], length, kind);
    if (!has_fast_sums(channel.truncated)) return;
    channel.poles = poles_of<T>(channel.truncated);
    if (made.blocks.count > 0 && channel.truncated.size() >= least_poles<T>)
      for (complex const& lambda : channel.truncated.lambda)
        channel.blocks.push_back(range_of(lambda, channel.truncated.step / 2, length, made.blocks));
    if (length % 2 == 0) channel.near.push_back(length / 2);  // w = -1: its tangent is infinite
    // Root k is on a pole only where tan(pi k / L) is about step |Im lambda| / 2.
    for (complex const& lambda : channel.truncated.lambda) {
      double const angle = std::atan(std::abs(lambda.imag()) * channel.truncated.step / 2);
      index_t const guess = static_cast<index_t>(angle / std::numbers::pi * static_cast<double>(length));
      for (index_t i = std::max<index_t>(0, guess - 1); i <= std::min(guess + 1, length / 2); ++i) {
        auto const [s, c] = half_angle<double>(i, length);
        if (on_a_pole(channel.truncated, s, c)) channel.near.push_back(i);
      }
    }
  });
  return made;
}

template SSMSCAN_SSM_EXPORT detail::dplr_blocks<float> detail::make_dplr_blocks(index_t);
template SSMSCAN_SSM_EXPORT detail::dplr_blocks<double> detail::make_dplr_blocks(index_t);
template SSMSCAN_SSM_EXPORT double detail::far_error(complex, double, index_t, index_t, dplr_blocks<float> const&);
template SSMSCAN_SSM_EXPORT double detail::far_error(complex, double, index_t, index_t, dplr_blocks<double> const&);
template SSMSCAN_SSM_EXPORT detail::dplr_tables<float> detail::make_dplr_tables(std::span<dplr_system const>, index_t,
                                                                                read_out_kind, int);
template SSMSCAN_SSM_EXPORT detail::dplr_tables<double> detail::make_dplr_tables(std::span<dplr_system const>, index_t,
                                                                                 read_out_kind, int);

template <class T>
struct dplr_kernels<T>::state : detail::dplr_tables<T> {};

template <class T>
dplr_kernels<T>::dplr_kernels(std::span<dplr_system const> channels, index_t length, read_out_kind kind, int threads)
    : length_(length),
      state_(std::make_unique<state const>(state{detail::make_dplr_tables<T>(channels, length, kind, threads)})) {}

template <class T>
dplr_kernels<T>::~dplr_kernels() = default;
template <class T>
dplr_kernels<T>::dplr_kernels(dplr_kernels&&) noexcept = default;

constexpr index_t most_kept = 1 << 17;

template <class T>
void dplr_kernels<T>::generate(index_t channel, std::span<T> kernel) const {
  if (channel < 0 || channel >= static_cast<index_t>(state_->channels.size()))
    throw_invalid("channel", std::to_string(channel), "one of " + std::to_string(state_->channels.size()));
  if (static_cast<index_t>(kernel.size()) != length_)
    throw_invalid("kernel", std::to_string(kernel.size()) + " values", std::to_string(length_) + ", the length");
  auto const& of = state_->channels[at(channel)];
  if (of.poles.empty()) {
    std::vector<double> const made = kernel_by_roots(of.truncated, length_);
    for (std::size_t l = 0; l < kernel.size(); ++l) kernel[l] = static_cast<T>(made[l]);
    return;
  }
  // Of one thread, kept from call to call as convolution's are: fresh pages each time cost as much as the sums of a pole.
  static thread_local std::vector<std::complex<T>> kept;
  std::vector<std::complex<T>> own;
  auto& spectrum = state_->roots.padded() <= most_kept ? kept : own;
  spectrum.resize(at(state_->roots.padded()));
  T const half_step = static_cast<T>(of.truncated.step / 2);
  if (of.blocks.empty()) {
    detail::dplr_spectrum(state_->roots, of.poles, half_step, spectrum.data());
  } else {
    detail::dplr_spectrum_by_blocks(state_->roots, state_->blocks, of.poles, of.blocks, half_step, spectrum.data());
  }
  for (index_t const k : of.near) spectrum[at(k)] = std::complex<T>(detail::dplr_spectrum_at(of.truncated, k, length_));
  detail::real_fft<T>(length_).backward(spectrum.data(), kernel.data());
}

template class dplr_kernels<float>;
template class dplr_kernels<double>;

}  // namespace ssmscan::ssm
