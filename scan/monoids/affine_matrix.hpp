#pragma once
// The recurrence of a whole state, x -> A x + b with a dense N x N matrix A: maps compose, (A1, b1) then (A2, b2) =
// (A2 A1, A2 b1 + b2). One combine costs N^3 + N^2 fused multiply-adds, in one fixed order (k runs up), so the bits
// depend on the bracketing alone. affine_matrix<uint32_t, N> (mod 2^32) is exactly associative.
//
// affine_matrix<T, N>        N known to the compiler: values are plain arrays, with no memory of their own
// affine_matrix<T, dynamic>  N given to the monoid: values own vectors, combine allocates (and may throw bad_alloc)
#include <array>
#include <cstddef>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/error.hpp>

namespace ssmscan {

inline constexpr index_t dynamic = -1;

// x -> a x + b; a row by row.
template <class T, index_t N>
struct affine_matrix_map {
  std::array<T, static_cast<std::size_t>(N* N)> a{};
  std::array<T, static_cast<std::size_t>(N)> b{};
  friend bool operator==(affine_matrix_map const&, affine_matrix_map const&) = default;
};
template <class T>
struct affine_matrix_map<T, dynamic> {
  std::vector<T> a{};
  std::vector<T> b{};
  friend bool operator==(affine_matrix_map const&, affine_matrix_map const&) = default;
};

template <class T, index_t N>
requires(N == dynamic || N > 0) class affine_matrix {
 public:
  using scalar = T;
  using value_type = affine_matrix_map<T, N>;

  constexpr affine_matrix() requires(N != dynamic) = default;
  explicit affine_matrix(index_t size) requires(N == dynamic) : size_(size) {
    if (size < 1) throw_invalid("size", std::to_string(size), "at least 1");
  }

  SSMSCAN_HOST_DEVICE constexpr index_t size() const { return size_; }

  // A = I, b = 0. Neutral for finite values, as in the affine monoid: 0 * inf is NaN, and -0 + 0 is 0.
  SSMSCAN_HOST_DEVICE constexpr value_type identity() const {
    value_type made = zero();
    for (index_t i = 0; i < size_; ++i) made.a[at(i, i)] = T(1);
    return made;
  }

  // Both operands of this monoid's size.
  SSMSCAN_HOST_DEVICE constexpr value_type operator()(value_type const& earlier, value_type const& later) const {
    value_type made = zero();
    for (index_t i = 0; i < size_; ++i) {
      for (index_t j = 0; j < size_; ++j) {
        T sum = multiply(later.a[at(i, 0)], earlier.a[at(0, j)]);
        for (index_t k = 1; k < size_; ++k) sum = multiply_add(later.a[at(i, k)], earlier.a[at(k, j)], sum);
        made.a[at(i, j)] = sum;
      }
      T sum = later.b[at(i)];
      for (index_t k = 0; k < size_; ++k) sum = multiply_add(later.a[at(i, k)], earlier.b[at(k)], sum);
      made.b[at(i)] = sum;
    }
    return made;
  }

  // The first step of a sequence, whose state becomes b whatever came before; and the state that a prefix leaves.
  template <class Vector>
  SSMSCAN_HOST_DEVICE constexpr value_type start(Vector const& b) const {
    value_type made = zero();
    for (index_t i = 0; i < size_; ++i) made.b[at(i)] = b[static_cast<decltype(b.size())>(i)];
    return made;
  }
  SSMSCAN_HOST_DEVICE static constexpr auto const& state(value_type const& prefix) { return prefix.b; }

 private:
  SSMSCAN_HOST_DEVICE static constexpr std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
  SSMSCAN_HOST_DEVICE constexpr std::size_t at(index_t i, index_t j) const { return at(i * size_ + j); }

  SSMSCAN_HOST_DEVICE constexpr value_type zero() const {
    if constexpr (N == dynamic) {
      return {std::vector<T>(at(size_ * size_)), std::vector<T>(at(size_))};
    } else {
      return {};
    }
  }

  index_t size_ = N;
};

}  // namespace ssmscan
