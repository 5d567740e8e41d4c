// The transforms against their definitions in long double, and their refusals. Compiled twice in every build: with the
// FFT that the library has, and with Eigen's, which stands in where pocketfft is not.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "tests/ssm/numbers.hpp"
#include "tests/worst.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/detail/real_fft.hpp>

namespace ssmscan::ssm {
namespace {

using wide = long double;
using wide_complex = std::complex<wide>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

template <class T>
std::vector<T> some_values(index_t count) {
  test::numbers source(static_cast<unsigned>(count));
  std::vector<T> made(at(count));
  for (T& x : made) x = static_cast<T>(source.next());
  return made;
}

// e^{-2 pi i k / n}
std::vector<wide_complex> roots_of(index_t n) {
  std::vector<wide_complex> made;
  for (index_t k = 0; k < n; ++k) {
    wide const angle = 2 * std::numbers::pi_v<wide> * static_cast<wide>(k) / static_cast<wide>(n);
    made.emplace_back(std::cos(angle), -std::sin(angle));
  }
  return made;
}

// ||computed - exact|| / ||exact||, of sums that are added one by one.
struct distance {
  wide off = 0, size = 0;
  template <class Computed, class Exact>
  void add(Computed const& computed, Exact const& exact, wide weight = 1) {
    off += weight * std::norm(wide_complex(computed) - wide_complex(exact)),
        size += weight * std::norm(wide_complex(exact));
  }
  double relative() const { return static_cast<double>(std::sqrt(off / size)); }
};
double ratio(distance const& forward, distance const& backward, double bound) {
  return tests::share(tests::worse(forward.relative(), backward.relative()), bound);  // of one point nothing is rounded
}

// Forward of n values, and backward of the computed spectrum, whose exact inverse is the definition again.
template <class T>
double real_ratio(index_t n) {
  detail::real_fft<T> const fft(n);
  std::vector<T> const time = some_values<T>(n);
  std::vector<std::complex<T>> spectrum(at(fft.bins()));
  fft.forward(time.data(), spectrum.data());
  auto const roots = roots_of(n);
  auto const alone = [&](index_t k) { return k == 0 || 2 * k == n; };  // the others stand for their conjugates too
  distance forward, backward;
  for (index_t k = 0; k < fft.bins(); ++k) {
    wide_complex sum = 0;
    for (index_t t = 0; t < n; ++t) sum += static_cast<wide>(time[at(t)]) * roots[at(k * t % n)];
    forward.add(spectrum[at(k)], sum, alone(k) ? 1 : 2);
  }
  std::vector<std::complex<T>> const given = spectrum;
  std::vector<T> inverse(at(n));
  fft.backward(spectrum.data(), inverse.data());
  for (index_t t = 0; t < n; ++t) {
    wide sum = 0;
    for (index_t k = 0; k < fft.bins(); ++k) {
      wide_complex const value = alone(k) ? wide_complex(given[at(k)].real()) : wide_complex(given[at(k)]);
      sum += (alone(k) ? 1 : 2) * (value * std::conj(roots[at(k * t % n)])).real();
    }
    backward.add(inverse[at(t)], sum / static_cast<wide>(n));
  }
  return ratio(forward, backward, fft.error());
}

// The odd frequencies of 2n points, likewise: with their conjugates they are n values that are unitary up to sqrt(n).
template <class T>
double odd_ratio(index_t n) {
  detail::odd_fft<T> const fft(n);
  std::vector<T> const time = some_values<T>(n);
  std::vector<std::complex<T>> spectrum(at(fft.bins()));
  fft.forward(time.data(), spectrum.data());
  auto const roots = roots_of(2 * n);
  distance forward, backward;
  for (index_t k = 0; k < fft.bins(); ++k) {
    wide_complex sum = 0;
    for (index_t t = 0; t < n; ++t) sum += static_cast<wide>(time[at(t)]) * roots[at((4 * k + 1) * t % (2 * n))];
    forward.add(spectrum[at(k)], sum);
  }
  std::vector<std::complex<T>> const given = spectrum;
  std::vector<T> inverse(at(n));
  fft.backward(spectrum.data(), inverse.data());
  for (index_t t = 0; t < n; ++t) {
    wide sum = 0;
    for (index_t k = 0; k < fft.bins(); ++k)
      sum += 2 * (wide_complex(given[at(k)]) * std::conj(roots[at((4 * k + 1) * t % (2 * n))])).real();
    backward.add(inverse[at(t)], sum / static_cast<wide>(n));
  }
  return ratio(forward, backward, detail::real_fft<T>(2 * n).error());
}

// Every length to 200, and some that are prime, twice a prime, and smooth.
std::vector<index_t> sizes() {
  std::vector<index_t> made{784, 1000, 1009, 1024, 1994, 2187, 4093};
  for (index_t n = 1; n <= 200; ++n) made.push_back(n);
  return made;
}

TEST(RealFft, StaysInsideItsError) {
  double doubles = 0, floats = 0;
  for (index_t const n : sizes()) {
    double const of_double = real_ratio<double>(n), of_float = real_ratio<float>(n);
    EXPECT_LE(of_double, 1) << n;
    EXPECT_LE(of_float, 1) << n;
    doubles = std::max(doubles, of_double), floats = std::max(floats, of_float);
  }
  EXPECT_GT(std::min(doubles, floats), 1e-2);  // of the errors' size
}

TEST(OddFft, StaysInsideTheErrorOfTwiceItsPoints) {
  double doubles = 0, floats = 0;
  for (index_t const n : sizes()) {
    if (n % 2 != 0) continue;
    double const of_double = odd_ratio<double>(n), of_float = odd_ratio<float>(n);
    EXPECT_LE(of_double, 1) << n;
    EXPECT_LE(of_float, 1) << n;
    doubles = std::max(doubles, of_double), floats = std::max(floats, of_float);
  }
  EXPECT_GT(std::min(doubles, floats), 1e-2);
}

TEST(RealFft, Refusals) {
  using testing::ThrowsMessage, testing::StrEq;
  EXPECT_THAT([] { detail::real_fft<double> const none(0); },
              ThrowsMessage<std::invalid_argument>(StrEq("points: got 0; need at least 1")));
  for (index_t const points : {0, 1, 7, -2})
    EXPECT_THAT([&] { detail::odd_fft<float> const none(points); },
                ThrowsMessage<std::invalid_argument>(
                    StrEq("points: got " + std::to_string(points) + "; need an even number, at least 2")));
}

}  // namespace
}  // namespace ssmscan::ssm
