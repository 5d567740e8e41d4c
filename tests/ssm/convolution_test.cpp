// Causal convolution: exact on integers, SciPy's numbers, and the two bounds against long double sums.
#include <cstdint>

#include "tests/ssm/numbers.hpp"
#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/convolution.hpp>

namespace ssmscan::ssm {
namespace {

using test::reference;

// Small integers, in [-8, 8).
class integers {
 public:
  explicit integers(std::uint32_t seed) : source_(seed) {}
  int next() { return static_cast<int>(source_.bits() >> 28) - 8; }

 private:
  test::numbers source_;
};

template <class T>
std::vector<T> draw(integers& source, std::size_t size) {
  std::vector<T> values(size);
  for (T& value : values) value = static_cast<T>(source.next());
  return values;
}

// The definition in another order and arithmetic: scatter each input sample.
template <class Sum, class T>
std::vector<Sum> by_scattering(std::vector<T> const& kernel, std::vector<T> const& input) {
  std::vector<Sum> output(input.size(), Sum(0));
  for (std::size_t s = 0; s < input.size(); ++s) {
    for (std::size_t k = 0; k < kernel.size() && s + k < input.size(); ++k) {
      output[s + k] += static_cast<Sum>(kernel[k]) * static_cast<Sum>(input[s]);
    }
  }
  return output;
}

template <class T>
class Convolution : public testing::Test {};
using reals = testing::Types<float, double>;
TYPED_TEST_SUITE(Convolution, reals);

TYPED_TEST(Convolution, DirectIsExactOnIntegers) {
  integers source(7);
  int cases = 0;
  for (std::size_t length = 0; length <= 33; ++length) {
    for (std::size_t const taps : {std::size_t{0}, std::size_t{1}, length / 2, length, length + 5}) {
      auto const kernel = draw<TypeParam>(source, taps);
      auto const input = draw<TypeParam>(source, length);
      std::vector<TypeParam> output(length, TypeParam(99));
      causal_convolution(kernel, input, length == 0 ? 0 : 1, output, convolution_method::direct);
      auto const expected = by_scattering<std::int64_t>(kernel, input);
      for (std::size_t t = 0; t < length; ++t)
        ASSERT_EQ(output[t], static_cast<TypeParam>(expected[t])) << length << taps;
      ++cases;
    }
  }
  EXPECT_EQ(cases, 34 * 5);
}

enum class family { noise, ones, impulse, alternating, decay };

template <class T>
std::vector<T> make(family which, std::size_t size, integers& source) {
  std::vector<T> values(size);
  for (std::size_t i = 0; i < size; ++i) {
    double const x = static_cast<double>(i);
    switch (which) {
      case family::noise:
        values[i] = static_cast<T>(source.next() + source.next() / 17.0);
        break;
      case family::ones:
        values[i] = T(1);
        break;
      case family::impulse:
        values[i] = i == size / 3 ? T(3) : T(0);
        break;
      case family::alternating:
        values[i] = i % 2 == 0 ? T(1) : T(-1);
        break;
      case family::decay:
        values[i] = static_cast<T>(std::exp(-0.01 * x) * std::cos(0.3 * x));
        break;
    }
  }
  return values;
}

template <class T>
double distance(std::vector<T> const& computed, std::vector<long double> const& exact) {
  long double squares = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    long double const difference = static_cast<long double>(computed[i]) - exact[i];
    squares += difference * difference;
  }
  return static_cast<double>(std::sqrt(squares));
}

template <class T>
vector_norms norms(std::vector<T> const& values) {
  return norms_of(std::span<T const>(values));
}

// The bounds are theorems; the oracle sums in long double, whose error, L 2^-64, is 2^-11 of the least bound here.
TYPED_TEST(Convolution, StaysInsideItsBounds) {
  using T = TypeParam;
  double const u = std::is_same_v<T, float> ? 0x1p-24 : 0x1p-53;
  integers source(11);
  double largest = 0;
  for (std::size_t const length : std::initializer_list<std::size_t>{1, 2, 3, 5, 17, 64, 127, 1000, 2048}) {
    for (family const kernel_family :
         {family::noise, family::ones, family::impulse, family::alternating, family::decay}) {
      for (family const input_family : {family::noise, family::ones, family::impulse, family::alternating}) {
        auto const kernel = make<T>(kernel_family, length, source);
        auto const input = make<T>(input_family, length, source);
        auto const exact = by_scattering<long double>(kernel, input);
        auto const sizes = by_scattering<long double>(
            [&] {
              auto k = kernel;
              for (T& x : k) x = std::abs(x);
              return k;
            }(),
            [&] {
              auto v = input;
              for (T& x : v) x = std::abs(x);
              return v;
            }());
        std::vector<T> output(length);
        causal_convolution(kernel, input, 1, output, convolution_method::direct);
        double const factor = direct_convolution_factor(static_cast<index_t>(length), u);
        for (std::size_t t = 0; t < length; ++t) {
          ASSERT_LE(std::abs(static_cast<double>(output[t] - exact[t])),
                    1.001 * factor * static_cast<double>(sizes[t]));
        }
        causal_convolution(kernel, input, 1, output, convolution_method::fft);
        index_t const n = static_cast<index_t>(length);
        double const bound = fft_convolution_bound<T>(padded_length(n, n), norms(kernel), norms(input));
        double const error = distance(output, exact);
        ASSERT_LE(error, bound) << length;
        if (bound > 0) largest = std::max(largest, error / bound);
      }
    }
  }
  EXPECT_GT(largest, 1e-3);  // errors of the bound's size are seen; a typical one is far smaller
}

// What the padding is for: a transform of length L would wrap around, and the bound would notice.
TEST(ConvolutionBound, RejectsWrapAround) {
  integers source(3);
  auto const kernel = draw<double>(source, 64);
  auto const input = draw<double>(source, 64);
  auto const exact = by_scattering<long double>(kernel, input);
  std::vector<double> wrapped(exact.begin(), exact.end());
  wrapped[0] += kernel[63] * input[1];
  ASSERT_NE(kernel[63] * input[1], 0);
  EXPECT_GT(distance(wrapped, exact), fft_convolution_bound<double>(128, norms(kernel), norms(input)));
}

TEST(ConvolutionReference, BothMethodsGiveScipysNumbers) {
  auto const kernel = reference<double>("scipy/convolution_kernel");
  auto const input = reference<double>("scipy/convolution_input");
  auto const expected = reference<double>("scipy/convolution_output");
  std::vector<long double> const exact(expected.begin(), expected.end());
  std::vector<double> output(input.size());
  // SciPy's direct sum has at most 130 terms; so has ours.
  double const direct = 2 * direct_convolution_factor(130, 0x1p-53) * norms(kernel).one * norms(input).two;
  causal_convolution(kernel, input, 1, output, convolution_method::direct);
  EXPECT_LE(distance(output, exact), direct);
  causal_convolution(kernel, input, 1, output, convolution_method::fft);
  EXPECT_LE(distance(output, exact),
            direct + fft_convolution_bound<double>(padded_length(130, 257), norms(kernel), norms(input)));
}

// The Annotated S4 convolves by an FFT of 2L points in JAX, with the same kind of error.
TEST(ConvolutionReference, IsThatOfTheAnnotatedS4) {
  for (std::string const name : {"annotated_s4/a", "annotated_s4/c"}) {
    auto const kernel = reference<double>(name + ".K");
    auto const input = reference<double>(name + ".u");
    auto const expected = reference<double>(name + ".y");
    std::vector<double> output(input.size());
    index_t const n = static_cast<index_t>(input.size());
    double const bound = fft_convolution_bound<double>(padded_length(n, n), norms(kernel), norms(input));
    for (convolution_method const method : {convolution_method::direct, convolution_method::fft}) {
      causal_convolution(kernel, input, 1, output, method);
      EXPECT_LE(distance(output, {expected.begin(), expected.end()}), 2 * bound) << name;
    }
  }
}

TYPED_TEST(Convolution, RowsAreIndependentBitForBit) {
  integers source(5);
  auto const kernel = draw<TypeParam>(source, 40);
  auto const input = make<TypeParam>(family::noise, 7 * 50, source);
  for (convolution_method const method : {convolution_method::direct, convolution_method::fft}) {
    std::vector<TypeParam> together(input.size());
    causal_convolution(kernel, input, 7, together, method);
    for (std::size_t row = 0; row < 7; ++row) {
      std::vector<TypeParam> alone(50);
      causal_convolution(kernel, std::span<TypeParam const>(input).subspan(row * 50, 50), 1, alone, method);
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(row * 50)));
    }
  }
}

TEST(ConvolutionDoor, SizesAndRefusals) {
  EXPECT_EQ(padded_length(1, 1), 2);
  EXPECT_EQ(padded_length(784, 784), 2048);
  EXPECT_EQ(padded_length(1024, 1024), 2048);
  EXPECT_EQ(padded_length(0, 0), 2);
  std::vector<double> const six(6);
  std::vector<double> out(6);
  EXPECT_EQ(test::refusal([&] { causal_convolution(six, six, 4, out, convolution_method::fft); }),
            "rows: got 4; need a number that divides the 6 samples");
  out.resize(5);
  EXPECT_EQ(test::refusal([&] { causal_convolution(six, six, 1, out, convolution_method::direct); }),
            "output: got 5 samples; need 6, as the input");
  std::vector<double> shared(18);
  std::span<double> const all(shared);
  for (convolution_method const method : {convolution_method::direct, convolution_method::fft}) {
    for (std::size_t const first : {0u, 5u})
      EXPECT_EQ(test::refusal([&] { causal_convolution(six, all.first(6), 1, all.subspan(first, 6), method); }),
                "output: got memory that overlaps input; need memory of its own");
    EXPECT_EQ(test::refusal([&] { causal_convolution(all.first(6), six, 1, all.subspan(5, 6), method); }),
              "output: got memory that overlaps kernel; need memory of its own");
    causal_convolution(all.first(6), all.subspan(6, 6), 1, all.subspan(12), method);  // side by side
  }
  EXPECT_EQ(test::refusal([&] { causal_convolution(six, six, 1, all.first(6), convolution_method(9)); }),
            "convolution_method: got 9; need direct or fft");
  EXPECT_EQ(test::refusal([] { padded_length(index_t{1} << 62, 1); }),
            "kernel_length + input_length: got more than 2^60; need at most 2^60");
  EXPECT_TRUE(fft_backend() == "pocketfft" || fft_backend() == "eigen-kissfft");
}

}  // namespace
}  // namespace ssmscan::ssm
