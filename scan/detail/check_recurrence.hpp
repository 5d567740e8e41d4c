#pragma once
// The door of linear_recurrence: everything that can be wrong with a recurrence is found here, before anything is
// written, and what passes is turned into a recurrence_problem.
#include <string>
#include <vector>

#include <ssmscan/scan/detail/overlap.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

inline std::string to_string(tensor_shape const& s) {
  return "(" + std::to_string(s.batch) + ", " + std::to_string(s.channel) + ", " + std::to_string(s.time) + ")";
}

// The mirror image in time: index 0 becomes the last one.
template <class T>
tensor_view<T> reversed(tensor_view<T> v) {
  if (v.data != nullptr && v.shape.time > 0) v.data += (v.shape.time - 1) * v.stride.time;
  v.stride.time = -v.stride.time;
  return v;
}

// Ascending offsets of the sequences, for either way of packing.
inline std::vector<index_t> offsets_of(std::span<index_t const> offsets, std::span<std::uint8_t const> reset,
                                       index_t time) {
  if (reset.data() == nullptr) {
    if (offsets.empty() || offsets.front() != 0)
      throw_invalid("offsets", offsets.empty() ? "no values" : "first = " + std::to_string(offsets.front()),
                    "first = 0");
    for (std::size_t k = 1; k < offsets.size(); ++k)
      if (offsets[k] < offsets[k - 1])
        throw_invalid("offsets",
                      std::to_string(offsets[k - 1]) + " then " + std::to_string(offsets[k]) + " at position " +
                          std::to_string(k),
                      "ascending values");
    if (offsets.back() != time)
      throw_invalid("offsets", "last = " + std::to_string(offsets.back()), "last = time = " + std::to_string(time));
    return {offsets.begin(), offsets.end()};
  }
  if (static_cast<index_t>(reset.size()) != time)
    throw_invalid("reset", std::to_string(reset.size()) + " values", "one per time step = " + std::to_string(time));
  std::vector<index_t> made;
  for (index_t t = 0; t < time; ++t)
    if (t == 0 || reset[static_cast<std::size_t>(t)] != 0) made.push_back(t);
  made.push_back(time);
  return made;
}

template <class T>
class checked_recurrence {
 public:
  explicit checked_recurrence(recurrence<T> const& given) : given_(given) {
    tensor_shape const shape = given.x.shape;
    if (shape.batch < 0 || shape.channel < 0 || shape.time < 0)
      throw_invalid("x", "shape " + to_string(shape), "no negative size");
    need_shape("a", given.a, shape);
    need_shape("b", given.b, shape);
    need_data("a", given.a), need_data("b", given.b), need_data("x", given.x);

    bool const packed = given.offsets.data() != nullptr || given.reset.data() != nullptr;
    if (given.offsets.data() != nullptr && given.reset.data() != nullptr)
      throw_invalid("offsets, reset", "both", "one of them");
    if (packed) offsets_ = offsets_of(given.offsets, given.reset, shape.time);
    index_t const sequences = packed ? static_cast<index_t>(offsets_.size()) - 1 : 1;
    tensor_shape const states{shape.batch, shape.channel, sequences};
    if (given.initial.data != nullptr) need_shape("initial", given.initial, states);
    if (given.final.data != nullptr) need_shape("final", given.final, states);
    need_disjoint(given);
    assemble(packed);
  }

  // Refers into this object.
  recurrence_problem<T> const& problem() const { return problem_; }

  // A sequence without steps leaves its initial state (zero when absent); no store ever sees it.
  void finish_empty_sequences() const {
    if (!problem_.final) return;
    index_t const sequences = given_.final.shape.time;
    for (index_t lane = 0; lane < problem_.size.lanes; ++lane)
      for (index_t k = 0; k < sequences; ++k)
        if (offsets_.empty() ? problem_.size.time == 0
                             : offsets_[static_cast<std::size_t>(k)] == offsets_[static_cast<std::size_t>(k) + 1])
          problem_.final(lane, k) = problem_.initial ? problem_.initial(lane, k) : T(0);
  }

 private:
  static void need_shape(char const* name, tensor_view<T const> const& v, tensor_shape const& needed) {
    if (v.shape != needed) throw_invalid(name, "shape " + to_string(v.shape), to_string(needed));
  }
  static void need_data(char const* name, tensor_view<T const> const& v) {
    if (v.data == nullptr && !v.empty())
      throw_invalid(name, "a null pointer", "shape " + to_string(v.shape) + " values");
  }

  static void need_disjoint(recurrence<T> const& r) {
    auto const same = [](tensor_view<T const> const& v, tensor_view<T const> const& w) {
      return v.data == w.data && v.shape == w.shape && v.stride == w.stride;
    };
    if (overlaps_itself(r.x))
      throw_invalid("x", "strides that write one place twice", "a place of its own for each element");
    if (overlaps_itself(r.final))
      throw_invalid("final", "strides that write one place twice", "a place of its own for each element");
    auto const need = [](char const* out, char const* in, bool overlap, char const* needed) {
      if (overlap) throw_invalid(out, std::string("memory that overlaps ") + in, needed);
    };
    need("x", "a", !same(r.x, r.a) && overlap(r.x, r.a), "the same pointer and strides as a, or no overlap");
    need("x", "b", !same(r.x, r.b) && overlap(r.x, r.b), "the same pointer and strides as b, or no overlap");
    need("x", "initial", overlap(r.x, r.initial), "no overlap");
    need("x", "final", overlap(r.x, r.final), "no overlap");
    need("final", "a", overlap(r.final, r.a), "no overlap");
    need("final", "b", overlap(r.final, r.b), "no overlap");
    need("final", "initial", overlap(r.final, r.initial), "no overlap");
    need("x", "offsets", overlap(r.x, r.offsets), "no overlap");
    need("x", "reset", overlap(r.x, r.reset), "no overlap");
    need("final", "offsets", overlap(r.final, r.offsets), "no overlap");
    need("final", "reset", overlap(r.final, r.reset), "no overlap");
  }

  void assemble(bool packed) {
    auto const in_time = [&](auto view) { return given_.direction == direction::reverse ? reversed(view) : view; };
    tensor_shape const shape = given_.x.shape;
    problem_.size = {shape.batch * shape.channel, shape.time};
    problem_.a = lane_view<T const>(in_time(given_.a));
    problem_.b = lane_view<T const>(in_time(given_.b));
    problem_.x = lane_view<T>(in_time(given_.x));
    problem_.initial = lane_view<T const>(in_time(given_.initial));
    problem_.final = lane_view<T>(in_time(given_.final));
    if (!packed) return;
    if (given_.direction == direction::reverse) {
      std::ranges::reverse(offsets_);
      for (index_t& offset : offsets_) offset = shape.time - offset;
    }
    heads_.assign(static_cast<std::size_t>(shape.time) + 1, 0);
    for (index_t const offset : offsets_) heads_[static_cast<std::size_t>(offset)] = 1;
    problem_.heads = heads_.data();
    problem_.offsets = offsets_;
  }

  recurrence<T> given_;
  recurrence_problem<T> problem_;
  std::vector<index_t> offsets_;     // packed: ascending along the direction of time
  std::vector<std::uint8_t> heads_;  // packed
};

}  // namespace ssmscan::detail
