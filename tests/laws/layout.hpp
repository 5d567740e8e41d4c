#pragma once
// Layout never changes a bit: any order of the axes, gaps, padding, negative strides, misaligned bases, and for inputs
// stride 0; compared with one call on dense copies. Every element of every buffer that is not in a view is poison (NaN,
// 0xdeadbeef) before and after, and every input is as it was.
#include <array>

#include "tests/laws/data.hpp"
#include "tests/laws/verdict.hpp"

namespace ssmscan::laws {

enum axis : unsigned { batch_axis = 1, channel_axis = 2, time_axis = 4, no_axis = 0, every_axis = 7 };

// How (batch, channel, time) values lie in memory.
struct arrangement {
  std::string_view name;
  std::array<axis, 3> outermost_first{batch_axis, channel_axis, time_axis};
  index_t gap = 1;      // elements from one to the next along the innermost axis
  index_t padding = 0;  // elements after each row of every axis
  unsigned negative = no_axis;
  unsigned broadcast = no_axis;
  index_t misaligned = 0;  // elements between the beginning of the memory and the first of the view
};

// Legal for outputs and inputs, then for inputs only.
inline constexpr std::array arrangements{
    arrangement{"lane-major"},
    arrangement{"time-major", {batch_axis, time_axis, channel_axis}},
    arrangement{"batch innermost", {channel_axis, time_axis, batch_axis}},
    arrangement{"channel outermost", {channel_axis, batch_axis, time_axis}},
    arrangement{"padded", {batch_axis, channel_axis, time_axis}, 1, 3},
    arrangement{"every third", {batch_axis, channel_axis, time_axis}, 3},
    arrangement{"time-major, padded, every second", {batch_axis, time_axis, channel_axis}, 2, 1},
    arrangement{"time runs down", {batch_axis, channel_axis, time_axis}, 1, 0, time_axis},
    arrangement{"channels run down, padded", {batch_axis, channel_axis, time_axis}, 1, 2, channel_axis},
    arrangement{"all run down, time-major", {time_axis, batch_axis, channel_axis}, 1, 0, every_axis},
    arrangement{"one element off", {batch_axis, channel_axis, time_axis}, 1, 0, no_axis, no_axis, 1},
    arrangement{"seven elements off", {batch_axis, channel_axis, time_axis}, 1, 0, no_axis, no_axis, 7},
    arrangement{"one for all time", {batch_axis, channel_axis, time_axis}, 1, 0, no_axis, time_axis},
    arrangement{"one for all channels", {batch_axis, channel_axis, time_axis}, 1, 0, no_axis, channel_axis},
    arrangement{"one for all batches", {batch_axis, channel_axis, time_axis}, 1, 0, time_axis, batch_axis},
    arrangement{"one for all lanes", {time_axis, batch_axis, channel_axis}, 2, 0, no_axis, batch_axis | channel_axis},
    arrangement{"one value", {batch_axis, channel_axis, time_axis}, 1, 0, no_axis, every_axis, 3},
};
inline constexpr index_t arrangements_for_outputs = 12, arrangements_for_inputs = 17;
static_assert(arrangements.size() == arrangements_for_inputs);

template <class T>
class arranged {
 public:
  arranged(arrangement const& how, tensor_shape shape) : shape_(shape) {
    index_t next = how.gap;
    for (auto it = how.outermost_first.rbegin(); it != how.outermost_first.rend(); ++it) {
      index_t& stride = of(stride_, *it);
      index_t const count = of(shape, *it);
      if ((how.broadcast & *it) != 0) continue;  // stride 0
      stride = next;
      next = next * count + how.padding;
      if ((how.negative & *it) == 0 || count == 0) continue;
      base_ += (count - 1) * stride;
      stride = -stride;
    }
    base_ += how.misaligned;
    memory_ = fenced<T>(next + how.misaligned);
  }

  // From a dense (batch, channel, time) array; where broadcast, each value must be the same.
  arranged& fill(std::vector<T> const& dense) {
    std::size_t i = 0;
    each([&](T& v) { v = dense[i++]; });
    return *this;
  }
  // What reading the view gives, dense, where the memory holds `dense` at broadcast index 0.
  std::vector<T> read() {
    std::vector<T> made;
    each([&](T const& v) { made.push_back(v); });
    return made;
  }
  tensor_view<T> view() { return tensor_view<T>(memory_.data() + base_, shape_, stride_); }
  bool same_memory(arranged const& other) const {
    return memory_.intact() && same_bits(memory_.data(), other.memory_.data(), memory_.size());
  }

 private:
  template <class Visit>
  void each(Visit const& visit) {
    for (index_t b = 0; b < shape_.batch; ++b)
      for (index_t c = 0; c < shape_.channel; ++c)
        for (index_t t = 0; t < shape_.time; ++t) visit(view()(b, c, t));
  }
  static index_t& of(tensor_shape& s, axis a) {
    return a == batch_axis ? s.batch : a == channel_axis ? s.channel : s.time;
  }
  static index_t of(tensor_shape const& s, axis a) { return of(const_cast<tensor_shape&>(s), a); }

  tensor_shape shape_, stride_{};
  index_t base_ = 0;
  fenced<T> memory_;
};

inline constexpr index_t layout_batch = 2, layout_channel = 3;

inline arrangement const& nth(index_t i, index_t among) { return arrangements[static_cast<std::size_t>(i % among)]; }

template <class T>
std::string layout_broken(subject<T> const& s, index_t n, direction d, index_t input, index_t output, aliasing alias) {
  tensor_shape const shape{layout_batch, layout_channel, n}, states{layout_batch, layout_channel, 1};
  constexpr index_t lanes = layout_batch * layout_channel;
  auto const dense = random_sequences<T>(16, lanes, n, initial_state::given);
  arrangement const& for_x = nth(output, arrangements_for_outputs);
  // Different arrangements for the five views, walking at different paces so that pairs vary.
  arranged<T> a(alias == aliasing::x_is_a ? for_x : nth(input, arrangements_for_inputs), shape);
  arranged<T> b(alias == aliasing::x_is_b ? for_x : nth(7 * input + 3 + output, arrangements_for_inputs), shape);
  arranged<T> initial(nth(5 * input + 1, arrangements_for_inputs), states);
  arranged<T> final(nth(5 * output + input + 1, arrangements_for_outputs), states);
  arranged<T> apart(for_x, shape);
  arranged<T>& x = alias == aliasing::x_is_a ? a : alias == aliasing::x_is_b ? b : apart;
  a.fill(dense.a), b.fill(dense.b), initial.fill(dense.initial);

  sequences<T> const given{lanes, n, a.read(), b.read(), initial.read()};
  outcome<T> const needed = call(s, given, d);
  if (!needed.fault.empty()) return needed.fault;
  auto a_needed = a, b_needed = b, apart_needed = apart, final_needed = final;
  auto const initial_needed = initial;
  (alias == aliasing::x_is_a ? a_needed : alias == aliasing::x_is_b ? b_needed : apart_needed).fill(needed.x);
  final_needed.fill(needed.final);

  recurrence<T> problem;
  problem.a = a.view(), problem.b = b.view(), problem.x = x.view();
  problem.initial = initial.view(), problem.final = final.view();
  problem.direction = d;
  s.run(problem, 0);
  if (!a.same_memory(a_needed)) return "a, or memory around it";
  if (!b.same_memory(b_needed)) return "b, or memory around it";
  if (!apart.same_memory(apart_needed)) return "x, or memory around it";
  if (!initial.same_memory(initial_needed)) return "initial, or memory around it";
  if (!final.same_memory(final_needed)) return "final, or memory around it";
  return "";
}

template <class T>
verdict layout_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (direction const d : all_directions)
      for (index_t output = 0; output < arrangements_for_outputs; ++output)
        for (aliasing const alias : all_aliasings)
          for (index_t input = 0; input < arrangements_for_inputs; ++input) {
            found.add(layout_broken(s, n, d, input, output, alias), [&] {
              return place(s, n, d) + ", " + std::string(to_string(alias)) + ", a " +
                     std::string(nth(input, arrangements_for_inputs).name) + ", x " +
                     std::string(nth(output, arrangements_for_outputs).name);
            });
            if (!found.holds()) return found;
          }
  return found;
}

}  // namespace ssmscan::laws
