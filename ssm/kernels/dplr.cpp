#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <tuple>

#include <Eigen/LU>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/circle.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/dplr_tables.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// K^ at the point of the circle that has theta/2 for its angle, of sine and cosine `sine` and `cosine`, by Cauchy sums and
// Woodbury: those of A itself, h R(v) = sum v / (s/h - c~ lambda), which no step makes too large.
complex by_sums(dplr_system const& truncated, double sine, double cosine, index_t length) {
  index_t const n = truncated.size(), rank = truncated.rank();
  double const h = truncated.step / 2, half = detail::half_sigma<double>(length), sinh = std::sinh(half),
               cosh = std::cosh(half);
  complex const s(sinh * cosine, cosh * sine), c(cosh * cosine, sinh * sine);
  std::vector<complex> inverse, inverse_of_partner;
  for (complex const& lambda : truncated.lambda) {
    inverse.push_back(over(complex(1), s / h - times(c, lambda)));
    inverse_of_partner.push_back(over(complex(1), s / h - times(c, std::conj(lambda))));
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
      through(r, q) += times(c, sum([&](index_t i) { return times(std::conj(p(r, i)), p(q, i)); }));
  }
  complex const direct = sum([&](index_t i) { return times(truncated.c[at(i)], truncated.b[at(i)]); });
  complex const low_rank = times(c, (out * through.partialPivLu().solve(in)).value());
  return std::exp(half) * times(complex(cosine, sine), direct - low_rank);
}

// Others go root by root, in double.
bool has_fast_sums(dplr_system const& system) { return system.kept == spectrum::half && system.rank() == 1; }

// by_sums divides by |s/h - c~ lambda|^2: at least the least of it and at most the greatest are to be normal numbers.
void need_range(dplr_system const& system, index_t length) {
  double const rate = 2 / system.step, tau = std::tanh(detail::half_sigma<double>(length));
  for (std::size_t n = 0; n < system.lambda.size(); ++n) {
    double const least = std::norm(tau * rate - system.lambda[n]) / 2,
                 greatest = 2 * std::norm(rate + std::abs(system.lambda[n]));
    if (std::isnormal(least) && std::isnormal(greatest)) continue;
    throw_invalid(
        "step",
        detail::text_of(system.step) + ", with lambda = " + detail::text_of(std::abs(system.lambda[n])) + " at index " +
            std::to_string(n),
        "2/step and lambda whose squares neither overflow nor underflow over " + std::to_string(length) + " samples");
  }
}

dplr_system truncated_system(dplr_system system, index_t length, read_out_kind kind) {
  if (kind == read_out_kind::truncated) system.c = recurrent_output(system, length);
  system.c = truncated_output(system, length, detail::circle_power);
  return system;
}

std::vector<double> kernel_by_roots(dplr_system const& truncated, index_t length) {
  detail::real_fft<double> const fft(length);
  std::vector<complex> spectrum(at(fft.bins()));
  for (index_t k = 0; k < fft.bins(); ++k) spectrum[at(k)] = detail::dplr_spectrum_at(truncated, k, length);
  std::vector<double> kernel(at(length));
  fft.backward(spectrum.data(), kernel.data());
  for (index_t l = 0; l < length; ++l) kernel[at(l)] *= detail::circle_growth<double>(l, length);
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
    auto const [s, c] = detail::half_angle<wider<T>>(std::min(k, bins - 1), length);
    auto const [tangent, rest] = in_two<T>(c == 0 ? wider<T>(1) : s / c);
    roots.tangent.push_back(tangent), roots.tangent_rest.push_back(rest);
  }
  roots.tau = static_cast<T>(std::tanh(detail::half_sigma<wider<T>>(length)));
  for (index_t l = 0; l < length; ++l) roots.growth.push_back(static_cast<T>(detail::circle_growth<double>(l, length)));
  return roots;
}

// By blocks from here on: interpolation costs 8 d multiply-adds a root whatever the poles, a pole root by root some 28.
// Of 256 roots the blocks' nodes are half as many (make_dplr_blocks: 16 blocks of 16 with d = 8, 8 of 32 with 16), of
// fewer more than half.
template <class T>
constexpr index_t least_poles = 2 * detail::block_nodes<T>;
constexpr index_t least_roots = 256;

// The blocks that the pole is near, outwards from the one that it lies in: at the angle of (1 + mu) / (1 - mu), which a
// rotation of the circle moves with the roots.
template <class T>
detail::block_range range_of(complex mu, index_t length, detail::dplr_blocks<T> const& blocks) {
  constexpr double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  double const angle = std::atan2(2 * std::abs(mu.imag()), 1 - std::norm(mu)) / 2;
  index_t const own = std::min(
      static_cast<index_t>(angle / std::numbers::pi * static_cast<double>(length)) / blocks.size, blocks.count - 1);
  auto const is_far = [&](index_t block) {
    return block < 0 || block >= blocks.count || detail::far_error(mu, block, length, blocks) <= u;
  };
  detail::block_range made{own, own + 1};
  while (!is_far(made.first - 1)) --made.first;
  while (!is_far(made.past)) ++made.past;
  return made;
}

// In long double of either T, whose range holds the square of every |lambda'|.
template <class T>
std::vector<detail::dplr_pole<T>> poles_of(dplr_system const& truncated, index_t length) {
  using wide = long double;
  using wide_complex = std::complex<wide>;
  wide const tau = std::tanh(detail::half_sigma<wide>(length)), h = static_cast<wide>(truncated.step) / 2;
  std::vector<detail::dplr_pole<T>> poles;
  for (index_t n = 0; n < truncated.size(); ++n) {
    auto const [mu, weight] = detail::damped_pole<wide>(truncated.lambda[at(n)], h, tau);
    detail::dplr_pole<T> pole{};
    std::tie(pole.modulus, pole.modulus_rest) = in_two<T>(std::hypot(mu.real(), mu.imag()));
    pole.damping = static_cast<T>(-2 * mu.real());
    wide_complex const b(truncated.b[at(n)]), c((1 + tau) * wide_complex(truncated.c[at(n)])), p(truncated.p[at(n)]);
    wide_complex const values[4] = {times(c, b), times(c, p), times(std::conj(p), b), times(std::conj(p), p)};
    for (int j = 0; j < 4; ++j) {
      wide_complex const value = times(values[j], weight);
      pole.value[j] = static_cast<T>(2 * value.real());
      pole.turned[j] = static_cast<T>(2 * times(value, std::conj(mu)).real());
    }
    poles.push_back(pole);
  }
  return poles;
}

// Whether no sum of a channel, nor the products of three that Woodbury's quotient takes, leaves the range of T: as
// |s/c~ - lambda'| >= Re s/c~ - Re lambda' and Re s/c~ >= tau, a sum f r(v) is at most that of 2 h |v| / (tau - Re lambda').
template <class T>
bool is_in_range(dplr_system const& truncated, index_t length) {
  double const h = truncated.step / 2, tau = std::tanh(detail::half_sigma<double>(length));
  double out = 0, in = 0, through = 0;
  for (std::size_t n = 0; n < truncated.lambda.size(); ++n) {
    double const most = 2 * h / (tau - h * truncated.lambda[n].real()), p = std::abs(truncated.p[n]);
    out += most * std::abs(truncated.c[n]) * p, in += most * std::abs(truncated.b[n]) * p, through += most * p * p;
  }
  double const below = 1 + through, limit = static_cast<double>(std::numeric_limits<T>::max()) / 16;
  return below * below <= limit && out * in * below <= limit;
}

}  // namespace

std::vector<double> dplr_kernel_by_roots(dplr_system const& system, index_t length) {
  detail::need_length(length);
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
      made.node_weight.push_back(static_cast<T>(std::cos(off) / std::cos(angle + off)));
    }
    for (index_t k = 0; k < made.size; ++k) {
      wide const off = one * (static_cast<wide>(k) - middle);
      made.weight.push_back(static_cast<T>(std::cos(angle + off) / std::cos(off)));
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

// From i t - mu = 0, t = -i mu at the pole. On the ellipse rho |T_d(xi)| >= (rho^d - rho^-d) / 2.
template <class T>
double detail::far_error(complex mu, index_t block, index_t length, dplr_blocks<T> const& blocks) {
  double const one = std::numbers::pi / static_cast<double>(length), middle = static_cast<double>(blocks.size - 1) / 2,
               tangent = std::tan(one * (static_cast<double>(blocks.begin(block)) + middle));
  complex const pole(std::abs(mu.imag()), -mu.real());
  complex const xi = (pole - tangent) / (1.0 + pole * tangent) / std::tan(one * middle);
  // (rho + 1/rho) = |xi - 1| + |xi + 1|
  double const sum = (std::abs(xi - 1.0) + std::abs(xi + 1.0)) / 2;
  double const rho = sum + std::sqrt(std::max(0.0, sum * sum - 1)), power = std::pow(rho, block_nodes<T>);
  return 2 / (power - 1 / power);
}

// The Hermitian part of the spectrum, which a half spectrum's is already.
complex detail::dplr_spectrum_at(dplr_system const& truncated, index_t k, index_t length) {
  auto const [sine, cosine] = half_angle<double>(k, length);
  complex const value = by_sums(truncated, sine, cosine, length);
  if (truncated.kept == spectrum::half) return value;
  return (value + std::conj(by_sums(truncated, -sine, cosine, length))) / 2.0;
}

template <class T>
detail::dplr_tables<T> detail::make_dplr_tables(std::span<dplr_system const> channels, index_t length,
                                                read_out_kind kind, int threads) {
  need_length(length);
  for (dplr_system const& system : channels) check(system), need_range(system, length);
  dplr_tables<T> made;
  made.roots = roots_of<T>(length);
  made.blocks = make_dplr_blocks<T>(length);
  made.channels.resize(channels.size());
  openmp on(threads);
  on.blocks(static_cast<index_t>(channels.size()), [&](index_t k) {
    auto& channel = made.channels[at(k)];
    channel = dplr_channel_of<T>(truncated_system(channels[at(k)], length, kind), length, made.blocks);
  });
  return made;
}

template <class T>
detail::dplr_channel<T> detail::dplr_channel_of(dplr_system truncated, index_t length, dplr_blocks<T> const& blocks) {
  dplr_channel<T> made;
  made.truncated = std::move(truncated);
  if (!has_fast_sums(made.truncated) || !is_in_range<T>(made.truncated, length)) return made;
  made.poles = poles_of<T>(made.truncated, length);
  if (blocks.count > 0 && made.truncated.size() >= least_poles<T>) {
    long double const tau = std::tanh(half_sigma<long double>(length));
    for (complex const& lambda : made.truncated.lambda)
      made.blocks.push_back(
          range_of(complex(damped_pole<long double>(lambda, made.truncated.step / 2, tau).mu), length, blocks));
  }
  if (length % 2 == 0) made.last = dplr_spectrum_at(made.truncated, length / 2, length);
  return made;
}

template SSMSCAN_SSM_EXPORT detail::dplr_blocks<float> detail::make_dplr_blocks(index_t);
template SSMSCAN_SSM_EXPORT detail::dplr_blocks<double> detail::make_dplr_blocks(index_t);
template SSMSCAN_SSM_EXPORT double detail::far_error(complex, index_t, index_t, dplr_blocks<float> const&);
template SSMSCAN_SSM_EXPORT double detail::far_error(complex, index_t, index_t, dplr_blocks<double> const&);
template SSMSCAN_SSM_EXPORT detail::dplr_channel<float> detail::dplr_channel_of(dplr_system, index_t,
                                                                                dplr_blocks<float> const&);
template SSMSCAN_SSM_EXPORT detail::dplr_channel<double> detail::dplr_channel_of(dplr_system, index_t,
                                                                                 dplr_blocks<double> const&);
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
  // Of one thread, kept from call to call as convolution's are: fresh pages each time cost as much as the sums of a
  // pole.
  static thread_local std::vector<std::complex<T>> kept;
  std::vector<std::complex<T>> own;
  auto& spectrum = state_->roots.padded() <= most_kept ? kept : own;
  spectrum.resize(at(state_->roots.padded()));
  if (of.blocks.empty()) {
    detail::dplr_spectrum(state_->roots, of.poles, spectrum.data());
  } else {
    detail::dplr_spectrum_by_blocks(state_->roots, state_->blocks, of.poles, of.blocks, spectrum.data());
  }
  if (length_ % 2 == 0) spectrum[at(length_ / 2)] = std::complex<T>(of.last);
  detail::real_fft<T>(length_).backward(spectrum.data(), kernel.data());
  for (std::size_t l = 0; l < kernel.size(); ++l) kernel[l] *= state_->roots.growth[l];
}

template class dplr_kernels<float>;
template class dplr_kernels<double>;

}  // namespace ssmscan::ssm
