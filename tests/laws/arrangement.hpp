#pragma once
// Where the values of a call lie in memory: any order of the axes, gaps, padding, negative strides, misaligned bases, and
// for inputs stride 0. A call on such views is made of dense sequences and gives a dense outcome; that every element
// outside the views, and every input, is as it was is seen to here.
#include <array>

#include "tests/laws/call.hpp"

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

  // From a dense (batch, channel, time) array; where broadcast, the last value stays.
  arranged& fill(std::vector<T> const& dense) {
    std::size_t i = 0;
    each([&](T& v) { v = dense[i++]; });
    return *this;
  }
  // What reading the view gives, dense.
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
    auto const all = view();
    for (index_t b = 0; b < shape_.batch; ++b)
      for (index_t c = 0; c < shape_.channel; ++c)
        for (index_t t = 0; t < shape_.time; ++t) visit(all(b, c, t));
  }
  static index_t& of(tensor_shape& s, axis a) {
    return a == batch_axis ? s.batch : a == channel_axis ? s.channel : s.time;
  }
  static index_t of(tensor_shape const& s, axis a) { return of(const_cast<tensor_shape&>(s), a); }

  tensor_shape shape_, stride_{};
  index_t base_ = 0;
  fenced<T> memory_;
};

inline arrangement const& nth(index_t i, index_t among) { return arrangements[static_cast<std::size_t>(i % among)]; }

// How lanes divide into batches and channels, and how each view of them lies; where x is a or b, that view lies as x.
struct placement {
  index_t batch, channel;
  arrangement const &a, &b, &x, &initial, &final;
};

// The views of one call, filled from dense sequences of batch * channel lanes.
template <class T>
class laid_out {
 public:
  laid_out(placement const& p, sequences<T> const& dense, aliasing alias)
      : dense_(dense),
        alias_(alias),
        a_(alias == aliasing::x_is_a ? p.x : p.a, shape(p, dense.time)),
        b_(alias == aliasing::x_is_b ? p.x : p.b, shape(p, dense.time)),
        apart_(p.x, shape(p, dense.time)),
        initial_(p.initial, shape(p, dense.segments())),
        final_(p.final, shape(p, dense.segments())) {
    a_.fill(dense.a), b_.fill(dense.b);
    dense_.a = a_.read(), dense_.b = b_.read();
    if (dense.initial.empty()) return;
    dense_.initial = initial_.fill(dense.initial).read();
  }

  // The sequences that the views hold: those given, but one value for all along an axis that is broadcast.
  sequences<T> const& given() const { return dense_; }

  outcome<T> call(subject<T> const& s, direction d, int threads = 0) const {
    laid_out after = *this, needed = *this;
    recurrence<T> problem;
    problem.a = after.a_.view(), problem.b = after.b_.view(), problem.x = after.x().view();
    if (!dense_.initial.empty()) problem.initial = after.initial_.view();
    problem.final = after.final_.view();
    if (!dense_.offsets.empty()) problem.offsets = dense_.offsets;
    if (!dense_.reset.empty()) problem.reset = dense_.reset;
    problem.direction = d;
    s.run(problem, threads);

    outcome<T> made{after.x().read(), after.final_.read(), ""};
    needed.x().fill(made.x), needed.final_.fill(made.final);
    made.fault = after.changed_beside(needed);
    return made;
  }

 private:
  static tensor_shape shape(placement const& p, index_t time) { return {p.batch, p.channel, time}; }
  arranged<T>& x() { return alias_ == aliasing::x_is_a ? a_ : alias_ == aliasing::x_is_b ? b_ : apart_; }

  std::string changed_beside(laid_out const& needed) const {
    if (!a_.same_memory(needed.a_)) return "changed a, or memory around it";
    if (!b_.same_memory(needed.b_)) return "changed b, or memory around it";
    if (!apart_.same_memory(needed.apart_)) return "changed memory around x";
    if (!initial_.same_memory(needed.initial_)) return "changed initial, or memory around it";
    if (!final_.same_memory(needed.final_)) return "changed memory around final";
    return "";
  }

  sequences<T> dense_;
  aliasing alias_;
  arranged<T> a_, b_, apart_, initial_, final_;
};

}  // namespace ssmscan::laws
