#pragma once
// a, b and x stored as bfloat16 or float16, computed in float: the recurrence of <ssmscan/scan/linear_recurrence.hpp> on a
// CUDA device only.
//
// Elements are widened as they are read (exact), everything between is float's, and x is rounded once, as it is written: x is
// the float result of the widened a and b, rounded to nearest. So with u = 2^-24 and v = 2^-8 (bfloat16) or 2^-11 (float16),
// as long as x is in the range of normal numbers of its type, its error is at most that of float and v |x| more.
// initial and final are float: what goes from call to call is not rounded to 16 bits.
#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/half_floats.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {

template <class S>
concept storage_dtype = std::same_as<S, bfloat16> || std::same_as<S, float16>;

// What device::linear_recurrence takes.
template <class T>
concept device_dtype = recurrence_dtype<T> || storage_dtype<T>;

template <>
inline constexpr std::string_view dtype_name<bfloat16> = "bf16";
template <>
inline constexpr std::string_view dtype_name<float16> = "f16";

// Members as for the other types.
template <storage_dtype S>
struct recurrence<S> {
  tensor_view<S const> a{};
  tensor_view<S const> b{};
  tensor_view<S> x{};
  tensor_view<float const> initial{};
  tensor_view<float> final{};
  std::span<index_t const> offsets{};
  std::span<std::uint8_t const> reset{};
  ssmscan::direction direction = direction::forward;
  ssmscan::operation operation = operation::affine;
};

namespace detail {

// What is computed in.
template <class T>
struct arithmetic_of {
  using type = T;
};
template <storage_dtype S>
struct arithmetic_of<S> {
  using type = float;
};
template <class T>
using arithmetic = typename arithmetic_of<T>::type;

template <storage_dtype S>
struct recurrence_problem<S> {
  extent size;
  lane_view<S const> a, b;
  lane_view<S> x;
  lane_view<float const> initial;
  lane_view<float> final;
  std::span<index_t const> offsets{};

  SSMSCAN_HOST_DEVICE index_t sequence_at(index_t t) const {
    return count_not_above(offsets.data(), static_cast<index_t>(offsets.size()), t) - 1;
  }
};

// The part of a problem that sequences without steps need.
template <class T>
recurrence_problem<T> const& states_of(recurrence_problem<T> const& problem) {
  return problem;
}
template <storage_dtype S>
recurrence_problem<float> states_of(recurrence_problem<S> const& problem) {
  recurrence_problem<float> made;
  made.size = problem.size, made.initial = problem.initial, made.final = problem.final, made.offsets = problem.offsets;
  return made;
}

}  // namespace detail
}  // namespace ssmscan
