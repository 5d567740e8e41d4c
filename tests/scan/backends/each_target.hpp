#pragma once
// What the tests of the SIMD targets share: the dtypes, the targets that run here, one after the other, and numbers.
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/simd/functions.hpp>

namespace ssmscan::simd {

using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;

// Chunks are walked by either monoid.
using monoids = testing::Types<affine<float>, affine<double>, affine<std::complex<float>>, affine<std::complex<double>>,
                               affine<std::uint32_t>, semi_log<float>, semi_log<double>>;
template <class M, class T>
chunk_functions<T> const& chunk_of(functions<T> const& made) {
  if constexpr (std::same_as<M, affine<T>>) {
    return made.chunk;
  } else {
    return made.semi_log.chunk;
  }
}

// judge(functions) of every target that is compiled in and runs here. Those that do not run here are named, and skipped.
template <class T, class Judge>
void judge_targets(Judge const& judge) {
  index_t ran = 0;
  for (target<T> const& t : targets<T>()) {
    if (!t.runs_here) {
      std::cout << "not run here: " << t.name << '\n';
      continue;
    }
    SCOPED_TRACE(std::string(t.name));
    judge(*t.made);
    ++ran;
  }
  EXPECT_GE(ran, 1);
}

template <class T>
T random_number(std::mt19937& random, double least, double most) {
  if constexpr (std::same_as<T, std::uint32_t>) {
    return static_cast<T>(random());
  } else {
    using real = typename parts_of<T>::real;
    std::uniform_real_distribution<double> distribution(least, most);
    if constexpr (is_complex<T>)
      return T(static_cast<real>(distribution(random) / 2), static_cast<real>(distribution(random) / 2));
    else
      return static_cast<real>(distribution(random));
  }
}

template <class T>
std::vector<T> random_numbers(index_t n, double least, double most) {
  std::mt19937 random(static_cast<unsigned>(n));
  std::vector<T> made;
  for (index_t i = 0; i < n; ++i) made.push_back(random_number<T>(random, least, most));
  return made;
}

}  // namespace ssmscan::simd
