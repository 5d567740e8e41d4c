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

// A team larger than this is a mistake, not a machine; OpenMP would end the process where it cannot start one.
inline constexpr int most_threads = 4096;

inline std::string to_string(tensor_shape const& s) {
  return "(" + std::to_string(s.batch) + ", " + std::to_string(s.channel) + ", " + std::to_string(s.time) + ")";
}

inline void check_execution(execution const& how) {
  if (how.threads < 0 || how.threads > most_threads)
    throw_invalid("threads", std::to_string(how.threads),
                  "0 (as many as OpenMP would use) to " + std::to_string(most_threads));
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

// Ascending offsets of the sequences.
inline std::vector<index_t> offsets_of(std::span<index_t const> offsets, index_t time) {
  need_aligned("offsets", offsets.data());
  if (offsets.empty()) throw_invalid("offsets", "no values", "the number of sequences + 1, first 0");
  if (offsets.front() != 0) throw_invalid("offsets", "first = " + std::to_string(offsets.front()), "first = 0");
  for (std::size_t k = 1; k < offsets.size(); ++k)
    if (offsets[k] < offsets[k - 1])
      throw_invalid(
          "offsets",
          std::to_string(offsets[k - 1]) + " then " + std::to_string(offsets[k]) + " at position " + std::to_string(k),
          "ascending values");
  if (offsets.back() != time)
    throw_invalid("offsets", "last = " + std::to_string(offsets.back()), "last = time = " + std::to_string(time));
  return {offsets.begin(), offsets.end()};
}

// The same from a reset mask: a sequence starts at 0 in any case, even where there is no time.
inline std::vector<index_t> offsets_of(std::span<std::uint8_t const> reset, index_t time) {
  if (static_cast<index_t>(reset.size()) != time)
    throw_invalid("reset", std::to_string(reset.size()) + " values", "one per time step = " + std::to_string(time));
  std::vector<index_t> made{0};
  for (index_t t = 1; t < time; ++t)
    if (reset[static_cast<std::size_t>(t)] != 0) made.push_back(t);
  made.push_back(time);
  return made;
}

template <class T>
class checked_recurrence {
 public:
  explicit checked_recurrence(recurrence<T> const& given) : given_(given) {
    tensor_shape const shape = given.x.shape;
    need_sizes(shape);
    need_view("a", given.a, shape);
    need_view("b", given.b, shape);
    need_view<T const>("x", given.x, shape);
    need_data("a", given.a), need_data("b", given.b), need_data<T const>("x", given.x);
    if (given.direction != direction::forward && given.direction != direction::reverse)
      throw_invalid("direction", std::to_string(static_cast<int>(given.direction)), "forward or reverse");
    if (given.operation != operation::affine && given.operation != operation::semi_log)
      throw_invalid("operation", std::to_string(static_cast<int>(given.operation)), "affine or semi_log");

    bool const by_offsets = present("offsets", given.offsets), by_reset = present("reset", given.reset);
    bool const packed = by_offsets || by_reset;
    if (by_offsets && by_reset) throw_invalid("offsets, reset", "both", "one of them");
    if (packed) offsets_ = by_offsets ? offsets_of(given.offsets, shape.time) : offsets_of(given.reset, shape.time);
    index_t const sequences = packed ? static_cast<index_t>(offsets_.size()) - 1 : 1;
    tensor_shape const states{shape.batch, shape.channel, sequences};
    if (given.initial.data != nullptr) need_view("initial", given.initial, states);
    if (given.final.data != nullptr) need_view<T const>("final", given.final, states);
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
  // Offsets into scratch are lane * time + t; a pair of values is the largest element there is.
  static void need_sizes(tensor_shape const& shape) {
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
  static bool present(char const* name, std::span<U const> s) {
    if (s.data() == nullptr && !s.empty())
      throw_invalid(name, "a null pointer to " + std::to_string(s.size()) + " values", "a pointer, or an empty span");
    return s.data() != nullptr;
  }
  template <class U>
  static void need_view(char const* name, tensor_view<U> const& v, tensor_shape const& needed) {
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
  static void need_data(char const* name, tensor_view<U> const& v) {
    if (v.data == nullptr && !v.empty())
      throw_invalid(name, "a null pointer", "a pointer to " + to_string(v.shape) + " values");
  }

  static void need_disjoint(recurrence<T> const& r) {
    if (overlaps_itself(r.x))
      throw_invalid("x", "strides " + to_string(r.x.stride) + " that write one place twice",
                    "a place of its own for each element");
    if (overlaps_itself(r.final))
      throw_invalid("final", "strides " + to_string(r.final.stride) + " that write one place twice",
                    "a place of its own for each element");
    auto const need = [](char const* out, char const* in, bool overlap, char const* needed) {
      if (overlap) throw_invalid(out, std::string("memory that overlaps ") + in, needed);
    };
    need("x", "a", !same_view(r.x, r.a) && overlap(r.x, r.a), "the same pointer and strides as a, or no overlap");
    need("x", "b", !same_view(r.x, r.b) && overlap(r.x, r.b), "the same pointer and strides as b, or no overlap");
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
    auto const in_time = [&](auto view) {  // the strides of a view without elements may be anything: not used
      if (view.empty()) return decltype(view){};
      return given_.direction == direction::reverse ? reversed(view) : view;
    };
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
