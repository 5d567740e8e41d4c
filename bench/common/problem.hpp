#pragma once
// What is timed: one recurrence, with data made from a seed by position, so that a longer problem continues a shorter
// one, and nothing depends on who asks first.
//
// The question's own data ("") decay slowly and forget now and then: a in [0.995, 1), and a = 0 at every 9973rd step.
// The resets are there because a product of a over a whole share of the data would otherwise become subnormal and stay
// there (0.9 * denorm_min rounds to denorm_min), and every multiply with it then costs a hundred cycles. family:mid,
// a in [0.8, 1), shows that trap; family:slow is the question's own without the resets. family:near1, a in [1 - 1e-6, 1),
// forgets nothing within millions of steps: on the CPU one lane is then shared out another way (look_back).
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::bench {

struct problem_shape {
  ssmscan::operation operation = operation::affine;
  index_t lanes = 1;
  index_t time = 0;
  ssmscan::layout layout = layout::lane_major;
  std::string family = "";  // "", mid, slow, near1, constant (a broadcast along time by stride 0)
  int threads = 0;
  ssmscan::direction direction = direction::forward;
  index_t packed = 0;
  bool state = false;
  bool cold = false;
  friend bool operator==(problem_shape const&, problem_shape const&) = default;

  index_t elements() const { return lanes * time; }
  bool plain() const {  // what contenders without our options can compute
    return operation == operation::affine && direction == direction::forward && packed == 0 && !state &&
           family != "constant" && threads == 0;
  }
};

// 64 random bits for each position of a stream (Steele, Lea, Flood 2014: SplitMix64).
inline std::uint64_t random_bits(std::uint64_t stream, index_t position) {
  std::uint64_t z = (static_cast<std::uint64_t>(position) + (stream << 40)) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}
inline double random_unit(std::uint64_t stream, index_t position) {  // [0, 1)
  return static_cast<double>(random_bits(stream, position) >> 11) * 0x1p-53;
}

inline constexpr index_t reset_distance = 9973;  // a prime: out of step with every tile

// What a, b and x hold, as the arithmetic has it, and a real number as they hold it: rounded once where that is 16 bits.
template <class T>
detail::arithmetic<T> widened(T x) {
  if constexpr (std::same_as<T, bfloat16>) {
    return from_bfloat16(x.bits);
  } else if constexpr (std::same_as<T, float16>) {
    return from_half(x.bits);
  } else {
    return x;
  }
}
template <class T>
T stored(double x) {
  if constexpr (std::same_as<T, bfloat16>) {
    return {to_bfloat16(static_cast<float>(x))};
  } else if constexpr (std::same_as<T, float16>) {
    return {to_half(static_cast<float>(x))};
  } else if constexpr (is_complex<T>) {
    return T(static_cast<typename T::value_type>(x));
  } else {
    return static_cast<T>(x);
  }
}

// The value of a, as a magnitude; a complex a turns by up to a tenth of a radian.
inline double decay(std::string const& family, index_t i) {
  if (family == "constant") return 0.9975;
  if (family == "mid") return 0.8 + 0.2 * random_unit(1, i);
  if (family == "near1") return 1 - 1e-6 * random_unit(1, i);
  double const slow = 0.995 + 0.005 * random_unit(1, i);
  return family.empty() && i % reset_distance == reset_distance - 1 ? 0.0 : slow;
}

template <class T>
T coefficient(std::string const& family, index_t i) {
  if constexpr (std::same_as<T, std::uint32_t>) {
    return static_cast<T>(random_bits(1, i) | 1U);
  } else if constexpr (is_complex<T>) {
    using R = typename T::value_type;
    return T(std::polar(static_cast<R>(decay(family, i)), static_cast<R>(0.1 * random_unit(2, i))));
  } else {
    return stored<T>(decay(family, i));
  }
}

template <class T>
T input(std::uint64_t stream, index_t i) {
  if constexpr (std::same_as<T, std::uint32_t>) {
    return static_cast<T>(random_bits(stream, i));
  } else if constexpr (is_complex<T>) {
    using R = typename T::value_type;
    return T(static_cast<R>(2 * random_unit(stream, i) - 1), static_cast<R>(2 * random_unit(stream + 1, i) - 1));
  } else {
    return stored<T>(2 * random_unit(stream, i) - 1);
  }
}

template <class T>
struct problem {
  using state = detail::arithmetic<T>;
  problem_shape shape;
  std::vector<T> a, b, x;
  std::vector<state> initial, final;
  std::vector<index_t> offsets;

  explicit problem(problem_shape const& s) : shape(s) {
    auto const n = static_cast<std::size_t>(s.elements());
    a.resize(s.family == "constant" ? static_cast<std::size_t>(s.lanes) : n), b.resize(n), x.resize(n);
#pragma omp parallel for
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = coefficient<T>(s.family, static_cast<index_t>(i));
#pragma omp parallel for
    for (std::size_t i = 0; i < n; ++i) b[i] = input<T>(4, static_cast<index_t>(i));
    auto const states = static_cast<std::size_t>(s.lanes * std::max<index_t>(s.packed, 1));
    if (s.state) {
      initial.resize(states), final.resize(states);
      for (std::size_t i = 0; i < states; ++i) initial[i] = input<state>(6, static_cast<index_t>(i));
    }
    // Sequences of random lengths, empty ones among them where they are many and short.
    for (index_t k = 0; s.packed > 0 && k <= s.packed; ++k)
      offsets.push_back(k == 0          ? 0
                        : k == s.packed ? s.time
                                        : static_cast<index_t>(random_unit(8, k) * static_cast<double>(s.time)));
    std::ranges::sort(offsets);
  }

  // The call under test. Lanes are channels of one batch.
  recurrence<T> call() {
    tensor_shape const whole{1, shape.lanes, shape.time};
    tensor_shape const states{1, shape.lanes, std::max<index_t>(shape.packed, 1)};
    recurrence<T> r;
    r.a = tensor_view<T const>(a.data(), whole, shape.layout);
    if (shape.family == "constant") r.a.stride = {shape.lanes, 1, 0};
    r.b = tensor_view<T const>(b.data(), whole, shape.layout);
    r.x = tensor_view<T>(x.data(), whole, shape.layout);
    if (shape.state) {
      r.initial = tensor_view<state const>(initial.data(), states);
      r.final = tensor_view<state>(final.data(), states);
    }
    r.offsets = offsets;
    r.direction = shape.direction;
    r.operation = shape.operation;
    return r;
  }

  // The declared model: what must cross the memory bus, whatever an algorithm makes of it.
  double bytes_per_element() const { return (shape.family == "constant" ? 2.0 : 3.0) * sizeof(T); }
};

}  // namespace ssmscan::bench
