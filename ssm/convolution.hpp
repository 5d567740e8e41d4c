#pragma once
// Causal convolution y[t] = sum_{k <= t} kernel[k] input[t-k]: by that definition, and by the FFT (a product of
// spectra, padded with zeros so that the circular wrap-around stays out of the result; of 2n points as a cyclic and a
// negacyclic product of n, a step of the FFT by radix 2 taken outside it, where it is known which half is zero). The
// kernel may be shorter or longer than the input. float and double, real.
#include <span>
#include <string_view>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

enum class convolution_method { direct, fft };
SSMSCAN_SSM_EXPORT std::string_view name_of(convolution_method which);

// output[row, t] = sum_k kernel[k] input[row, t-k] for `rows` rows of input.size() / rows samples each, one after the
// other; output is as large as input and does not overlap it or the kernel. One kernel serves all rows.
// direct: length^2 / 2 products per row. fft: O(n log n), n = padded_length(...), spectrum of the kernel taken once.
// Same bits from run to run and for any number of rows. Throws std::invalid_argument on sizes that do not agree and on an output
// that overlaps.
SSMSCAN_SSM_EXPORT void causal_convolution(std::span<double const> kernel, std::span<double const> input, index_t rows,
                                           std::span<double> output, convolution_method method);
SSMSCAN_SSM_EXPORT void causal_convolution(std::span<float const> kernel, std::span<float const> input, index_t rows,
                                           std::span<float> output, convolution_method method);

// The least power of two that is at least kernel_length + input_length (2L when they agree): powers of two, for which a
// transform's error is least.
SSMSCAN_SSM_EXPORT index_t padded_length(index_t kernel_length, index_t input_length);

// "pocketfft" or "eigen-kissfft" (several times slower; chosen by CMake only where no pocketfft header is found).
SSMSCAN_SSM_EXPORT std::string_view fft_backend();

// Bound of the fft method for one row: ||computed - exact||_2 <= fft_convolution_bound<T>(n, norms of kernel, of
// input).
//
// A transform errs by at most e ||X||_2 in the 2-norm (detail/real_fft.hpp: for n = 2^m, e = m h / (1 - m h)). With
// spectra U and K, ||U||_2 = sqrt(n) ||u||_2, |K_k| <= ||k||_1 and |U_k| <= ||u||_1, the product's error is at most
// sqrt(n) [ e ||k||_1 ||u||_2 + e (1+e) ||u||_1 ||k||_2 ] plus sqrt(5) u for the products, and the inverse adds e
// ||k||_1 ||u||_2:
//   (2e + sqrt(5) u) ||k||_1 ||u||_2 + e ||u||_1 ||k||_2,   times 1 + 8e + 8u for the products of roundings.
// A bound by c log(n) u ||k||_2 ||u||_2, often quoted, cannot hold: ||y||_2 itself may be sqrt(n) times larger.
struct vector_norms {
  double one;
  double two;
};
SSMSCAN_SSM_EXPORT vector_norms norms_of(std::span<double const> values);
SSMSCAN_SSM_EXPORT vector_norms norms_of(std::span<float const> values);
template <class T>
double fft_convolution_bound(index_t padded, vector_norms kernel, vector_norms input) = delete;
template <>
SSMSCAN_SSM_EXPORT double fft_convolution_bound<double>(index_t padded, vector_norms kernel, vector_norms input);
template <>
SSMSCAN_SSM_EXPORT double fft_convolution_bound<float>(index_t padded, vector_norms kernel, vector_norms input);

// Bound of the direct method, componentwise: |computed - exact| <= g sum_k |kernel[k]| |input[t-k]|, g = m u / (1 - m
// u), m = the number of terms (each term passes one product and at most m - 1 sums that round: the first sum is 0 + p,
// exact).
SSMSCAN_SSM_EXPORT double direct_convolution_factor(index_t terms, double unit_roundoff);

}  // namespace ssmscan::ssm
