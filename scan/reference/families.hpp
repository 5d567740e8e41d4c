#pragma once
// The data on which everything is compared: twelve families of (a, b), and a ladder of distances from a = 1. Element t
// is a function of (family, seed, t) and of nothing else, so that a shorter sequence is a prefix of a longer one and an
// oracle serves them all. Made in double and rounded to T; complex a take a random phase, complex b two random parts;
// uint32_t takes random odd a (units of the ring) and random b, except where a family says zero or constant.
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan::reference {

enum class family {
  slow,
  mid,
  fast,
  near1,
  sign_changing,
  zeros,
  normal,
  growth,
  transients,
  denormal,
  cancelling,
  constant
};

struct family_info {
  family id;
  std::string_view name;  // as in benchmark names
  std::string_view why;
};

inline constexpr std::array<family_info, 12> families{{
    {family::slow, "slow", "a ~ 0.999: a state-space model with a memory of 1000 steps (rate 1, step 1e-3)"},
    {family::mid, "mid", "a ~ 0.9: a memory of ten steps; products of thousands underflow"},
    {family::fast, "fast", "a ~ 0.2 (rate 16, step 0.1): the log domain reaches |a*| = 2e6 at 2^20 steps"},
    {family::near1, "near1", "a = 1 - 1e-6 U: products drift, cumulative sums nearly"},
    {family::sign_changing, "signed", "a = +-U(0.3, 1): signs, and any modulus"},
    {family::zeros, "zeros", "as mid, with 1 % of a and 10 % of b exactly zero: resets and masked inputs"},
    {family::normal, "normal", "a, b ~ N(0, 1), the test of Heinsen's README: both signs, |a| on both sides of 1"},
    {family::growth, "growth", "a = exp(c U / (t + 1)): x grows to about e^60 at 2^20 steps, as a power of t"},
    {family::transients, "transients", "a ~ 0.5, one b in 512 is 1e12 times the rest: old magnitudes must leave x"},
    {family::denormal, "denormal", "b around the smallest normal number: results are subnormal"},
    {family::cancelling, "cancelling", "a ~ 0.999, b[t] = c[t] - a[t] c[t-1]: x = c is small where S is large"},
    {family::constant, "constant", "a = 0.97, b = 1: Horner's rule, the geometric series"},
}};

inline constexpr std::string_view name_of(family f) { return families[static_cast<std::size_t>(f)].name; }

// 1 - a ~ delta on the ladder. float: below sqrt(u) = 2.4e-4 the affine trees drift.
inline constexpr std::array<double, 6> near1_deltas{1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};

template <class T>
struct sequence {
  std::vector<T> a;
  std::vector<T> b;
};

namespace detail {

// Random numbers by position: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), over (seed, stream, t).
class noise {
 public:
  noise(std::uint64_t seed, std::uint64_t t) : key_(mix(mix(seed) + t)) {}

  std::uint64_t bits(std::uint64_t stream) const { return mix(key_ + stream * golden); }
  // In (0, 1).
  double uniform(std::uint64_t stream) const { return (static_cast<double>(bits(stream) >> 12) + 0.5) * 0x1p-52; }
  double uniform(std::uint64_t stream, double low, double high) const { return low + (high - low) * uniform(stream); }
  // N(0, 1), by Box and Muller.
  double normal(std::uint64_t stream) const {
    return std::sqrt(-2 * std::log(uniform(stream))) * std::cos(2 * std::numbers::pi * uniform(stream + 1));
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;  // 2^64 / the golden ratio
  static constexpr std::uint64_t mix(std::uint64_t z) {
    z += golden;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t key_;
};

// Streams of one element: what each random number is for.
namespace stream {
enum : std::uint64_t { modulus, modulus2, phase, b, b2, b_imag, b_imag2, event_a, event_b, scale, target, target2 };
}

// a ~ exp(-rate): the rate varies by half of itself.
inline double decay(noise const& r, double rate) { return std::exp(-rate * r.uniform(stream::modulus, 0.5, 1.5)); }

inline double modulus(family f, noise const& r, index_t t) {
  switch (f) {
    case family::slow:
    case family::cancelling:
      return decay(r, 1e-3);
    case family::mid:
    case family::denormal:
      return decay(r, 0.1);
    case family::fast:
      return decay(r, 1.6);
    case family::near1:
      return 1 - 1e-6 * r.uniform(stream::modulus);
    case family::sign_changing:
      return (r.bits(stream::phase) % 2 == 0 ? 1 : -1) * r.uniform(stream::modulus, 0.3, 1);
    case family::zeros:
      return r.uniform(stream::event_a) < 0.01 ? 0 : decay(r, 0.1);
    case family::normal:
      return r.normal(stream::modulus);
    case family::growth: {
      double const power = 60 / (20 * std::numbers::ln2);  // e^60 = (2^20)^power
      return std::exp(power * r.uniform(stream::modulus, 0.5, 1.5) / static_cast<double>(t + 1));
    }
    case family::transients:
      return r.uniform(stream::modulus, 0.4, 0.6);
    case family::constant:
      return 0.97;
  }
  throw std::invalid_argument("family: got " + std::to_string(static_cast<int>(f)) + "; need one of families");
}

// A random value of T's kind, of size one in each part.
template <class T>
std::complex<double> normal_value(noise const& r) {
  return {r.normal(stream::b), is_complex<T> ? r.normal(stream::b_imag) : 0};
}

template <class T>
T rounded(std::complex<double> v) {
  if constexpr (is_complex<T>) {
    using real = typename T::value_type;
    return T(static_cast<real>(v.real()), static_cast<real>(v.imag()));
  } else {
    return static_cast<T>(v.real());
  }
}

template <class T>
T coefficient(family f, noise const& r, index_t t) {
  double const size = modulus(f, r, t);
  if constexpr (is_complex<T>) {  // a constant system turns by a constant angle
    double const angle = f == family::constant ? 0.1 : r.uniform(stream::phase, -std::numbers::pi, std::numbers::pi);
    return rounded<T>(std::polar(std::abs(size), angle));
  } else {
    return rounded<T>(size);
  }
}

template <class T>
T input(family f, std::uint64_t seed, noise const& r, index_t t, T a) {
  switch (f) {
    case family::zeros:
      return r.uniform(stream::event_b) < 0.1 ? T(0) : rounded<T>(normal_value<T>(r));
    case family::transients:
      return rounded<T>((r.uniform(stream::event_b) < 1.0 / 512 ? 1e12 : 1) * normal_value<T>(r));
    case family::denormal: {  // from far inside the subnormal numbers (2^-20 of the smallest normal) to just outside
      using real = decltype(std::abs(T()));
      double const normal_least = static_cast<double>(std::numeric_limits<real>::min());
      double const scale = std::exp2(std::floor(r.uniform(stream::scale, -20, 2)));
      auto const v = normal_value<T>(r) * scale;
      return rounded<T>({v.real() * normal_least, v.imag() * normal_least});
    }
    case family::cancelling: {
      auto const target = [&](index_t at) {
        return at < 0 ? std::complex<double>() : normal_value<T>(noise(seed, static_cast<std::uint64_t>(at)));
      };
      return rounded<T>(target(t) - std::complex<double>(a) * target(t - 1));
    }
    case family::constant:
      return T(1);
    default:
      return rounded<T>(normal_value<T>(r));
  }
}

}  // namespace detail

// The first n elements of a family. T: any dtype of the public call.
template <class T>
sequence<T> generate(family f, std::uint64_t seed, index_t n) {
  sequence<T> made;
  made.a.reserve(static_cast<std::size_t>(n));
  made.b.reserve(static_cast<std::size_t>(n));
  for (index_t t = 0; t < n; ++t) {
    detail::noise const r(seed, static_cast<std::uint64_t>(t));
    if constexpr (std::same_as<T, std::uint32_t>) {
      bool const a_is_zero = f == family::zeros && r.uniform(detail::stream::event_a) < 0.01;
      bool const b_is_zero = f == family::zeros && r.uniform(detail::stream::event_b) < 0.1;
      auto const bits = f == family::constant ? detail::noise(seed, 0) : r;
      made.a.push_back(a_is_zero ? 0 : static_cast<std::uint32_t>(bits.bits(detail::stream::modulus)) | 1U);
      made.b.push_back(b_is_zero ? 0 : static_cast<std::uint32_t>(bits.bits(detail::stream::b)));
    } else {
      made.a.push_back(detail::coefficient<T>(f, r, t));
      made.b.push_back(detail::input<T>(f, seed, r, t, made.a.back()));
    }
  }
  return made;
}

// a = 1 - delta U(0.5, 1.5), 0 <= b < 1: memory 1/delta, no sign ever cancels, so that a systematic rounding adds up.
template <class T>
sequence<T> near1_ladder(double delta, std::uint64_t seed, index_t n) {
  sequence<T> made;
  for (index_t t = 0; t < n; ++t) {
    detail::noise const r(seed, static_cast<std::uint64_t>(t));
    made.a.push_back(detail::rounded<T>(1 - delta * r.uniform(detail::stream::modulus, 0.5, 1.5)));
    made.b.push_back(detail::rounded<T>(r.uniform(detail::stream::b)));
  }
  return made;
}

}  // namespace ssmscan::reference
