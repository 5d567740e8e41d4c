#pragma once
// What can be wrong with a recurrence and is found without reading through a pointer, so that the same checks stand
// before arrays in the caller's memory and in a device's.
#include <string>

#include <ssmscan/scan/detail/overlap.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

// No `"(" + std::string`, in which g++ 12 sees overlaps that are not there.
inline std::string to_string(tensor_shape const& s) {
  std::string text = "(";
  text += std::to_string(s.batch);
  text += ", ";
  text += std::to_string(s.channel);
  text += ", ";
  text += std::to_string(s.time);
  return text += ")";
}

// The mirror image in time: index 0 becomes the last one. A stride that is never stepped along may be anything.
template <class T>
tensor_view<T> reversed(tensor_view<T> v) {
  if (v.data == nullptr || v.shape.time <= 1) return v;
  v.data += (v.shape.time - 1) * v.stride.time;
  v.stride.time = -v.stride.time;
  return v;
}

// The same elements in the same order.
template <class T, class U>
bool same_view(tensor_view<T> const& v, tensor_view<U> const& w) {
  return v.data == w.data && v.shape == w.shape && (v.shape.batch < 2 || v.stride.batch == w.stride.batch) &&
         (v.shape.channel < 2 || v.stride.channel == w.stride.channel) &&
         (v.shape.time < 2 || v.stride.time == w.stride.time);
}

template <class T>
bool aligned(T const* p) {
  return reinterpret_cast<std::uintptr_t>(p) % alignof(T) == 0;
}

template <class T>
void need_aligned(char const* name, T const* p) {
  if (!aligned(p))
    throw_invalid(name, "an address that is no multiple of " + std::to_string(alignof(T)),
                  "elements aligned as their type is");
}

// Offsets into scratch are lane * time + t; a pair of values is the largest element there is.
template <class T>
void need_sizes(tensor_shape const& shape) {
  if (shape.batch < 0 || shape.channel < 0 || shape.time < 0)
    throw_invalid("x", "shape " + to_string(shape), "no negative size");
  index_t lanes = 0, elements = 0, bytes = 0;
  if (__builtin_mul_overflow(shape.batch, shape.channel, &lanes) ||
      __builtin_mul_overflow(lanes, shape.time, &elements) ||
      __builtin_mul_overflow(elements, static_cast<index_t>(4 * sizeof(T)), &bytes))
    throw_invalid("x", "shape " + to_string(shape), "batch * channel * time elements that 64 bits can count");
}

// A span says "absent" by a null pointer.
template <class U>
bool present(char const* name, std::span<U const> s) {
  if (s.data() == nullptr && !s.empty())
    throw_invalid(name, "a null pointer to " + std::to_string(s.size()) + " values", "a pointer, or an empty span");
  return s.data() != nullptr;
}

template <class U>
void need_view(char const* name, tensor_view<U> const& v, tensor_shape const& needed) {
  if (v.shape != needed) {
    bool const state = name[0] == 'i' || name[0] == 'f';
    throw_invalid(name, "shape " + to_string(v.shape),
                  to_string(needed) + (state ? " = (batch, channel, sequences)" : ", the shape of x"));
  }
  need_aligned(name, v.data);
  if (!checked_range_of(v))
    throw_invalid(name, "shape " + to_string(v.shape) + " with strides " + to_string(v.stride),
                  "elements inside the address space");
}

template <class U>
void need_data(char const* name, tensor_view<U> const& v) {
  if (v.data == nullptr && !v.empty())
    throw_invalid(name, "a null pointer", "a pointer to " + to_string(v.shape) + " values");
}

enum class packed_by { nothing, offsets, reset };

// Everything but the states and what overlaps, which need the number of sequences; says what gives that number.
template <class T>
packed_by check_arrays(recurrence<T> const& given) {
  tensor_shape const shape = given.x.shape;
  need_sizes<T>(shape);
  need_view("a", given.a, shape);
  need_view("b", given.b, shape);
  need_view<T const>("x", given.x, shape);
  need_data("a", given.a), need_data("b", given.b), need_data<T const>("x", given.x);
  if (given.direction != direction::forward && given.direction != direction::reverse)
    throw_invalid("direction", std::to_string(static_cast<int>(given.direction)), "forward or reverse");
  if (given.operation != operation::affine && given.operation != operation::semi_log)
    throw_invalid("operation", std::to_string(static_cast<int>(given.operation)), "affine or semi_log");

  bool const by_offsets = present("offsets", given.offsets), by_reset = present("reset", given.reset);
  if (by_offsets && by_reset) throw_invalid("offsets, reset", "both", "one of them");
  return by_offsets ? packed_by::offsets : by_reset ? packed_by::reset : packed_by::nothing;
}

// A mask has one byte for each time step.
inline void need_length(std::span<std::uint8_t const> reset, index_t time) {
  if (static_cast<index_t>(reset.size()) != time)
    throw_invalid("reset", std::to_string(reset.size()) + " values", "one per time step = " + std::to_string(time));
}

inline void need_offsets(std::span<index_t const> offsets) {
  need_aligned("offsets", offsets.data());
  if (offsets.empty()) throw_invalid("offsets", "no values", "the number of sequences + 1, first 0");
}

template <class T>
void check_states(recurrence<T> const& given, index_t sequences) {
  tensor_shape const states{given.x.shape.batch, given.x.shape.channel, sequences};
  if (given.initial.data != nullptr) need_view("initial", given.initial, states);
  if (given.final.data != nullptr) need_view<T const>("final", given.final, states);
}

template <class T>
void check_overlaps(recurrence<T> const& r) {
  if (overlaps_itself(r.x))
    throw_invalid("x", "strides " + to_string(r.x.stride) + " that write one place twice",
                  "a place of its own for each element");
  if (overlaps_itself(r.final))
    throw_invalid("final", "strides " + to_string(r.final.stride) + " that write one place twice",
                  "a place of its own for each element");
  // What lies apart as a whole needs no closer look.
  auto const need = [](char const* out, auto const& v, byte_range const& of_v, char const* in, auto const& w,
                       byte_range const& of_w, char const* needed) {
    if (meet(of_v, of_w) && overlap(v, w)) throw_invalid(out, std::string("memory that overlaps ") + in, needed);
  };
  byte_range const a = range_of(r.a), b = range_of(r.b), x = range_of(r.x);
  if (!same_view(r.x, r.a)) need("x", r.x, x, "a", r.a, a, "the same pointer and strides as a, or no overlap");
  if (!same_view(r.x, r.b)) need("x", r.x, x, "b", r.b, b, "the same pointer and strides as b, or no overlap");
  byte_range const initial = range_of(r.initial), final = range_of(r.final);
  need("x", r.x, x, "initial", r.initial, initial, "no overlap");
  need("x", r.x, x, "final", r.final, final, "no overlap");
  need("final", r.final, final, "a", r.a, a, "no overlap");
  need("final", r.final, final, "b", r.b, b, "no overlap");
  need("final", r.final, final, "initial", r.initial, initial, "no overlap");
  byte_range const offsets = range_of(r.offsets), reset = range_of(r.reset);
  need("x", r.x, x, "offsets", r.offsets, offsets, "no overlap");
  need("x", r.x, x, "reset", r.reset, reset, "no overlap");
  need("final", r.final, final, "offsets", r.offsets, offsets, "no overlap");
  need("final", r.final, final, "reset", r.reset, reset, "no overlap");
}

// The problem as the algorithms see it, except for what is packed.
template <class T>
recurrence_problem<T> assembled(recurrence<T> const& given) {
  auto const in_time = [&](auto view) {  // the strides of a view without elements may be anything: not used
    if (view.empty()) return decltype(view){};
    return given.direction == direction::reverse ? reversed(view) : view;
  };
  recurrence_problem<T> problem;
  problem.size = {given.x.shape.batch * given.x.shape.channel, given.x.shape.time};
  problem.a = lane_view<T const>(in_time(given.a));
  problem.b = lane_view<T const>(in_time(given.b));
  problem.x = lane_view<T>(in_time(given.x));
  problem.initial = lane_view<T const>(in_time(given.initial));
  problem.final = lane_view<T>(in_time(given.final));
  return problem;
}

}  // namespace ssmscan::detail
