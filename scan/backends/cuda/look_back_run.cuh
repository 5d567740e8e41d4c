#pragma once
// A thread's run as it lies in a slot of look_back's ring: folded into a map, and walked by the recurrence, x taking b's
// place. Runs go through registers, but for those in which states are read or left and some of the short ones: element by element.
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/backends/cuda/look_back_steps.cuh>
#include <ssmscan/scan/backends/cuda/look_back_storage.cuh>
#include <ssmscan/scan/backends/cuda/packed_pieces.cuh>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device {

// How a run is gone through: as it comes, or with a look at each element, whether a sequence starts there.
enum class elements { in_one_run, separately };

template <class Steps, copies How>
struct slot_run {
  using T = typename Steps::scalar;
  using stored = typename Steps::stored;
  using state_t = typename Steps::state;
  using map = typename Steps::map;
  static constexpr int length = look_back_tile<T>::run;
  static constexpr bool reversed = How == copies::bulk_reversed;
  static constexpr int onward = reversed ? -1 : 1;  // from one element to the next
  // A run that is cut short goes through registers too, each step of it a choice, where a step is a few instructions; reversed,
  // what would be read with it lies before the slot.
  static constexpr bool short_by_choice = !reversed && std::is_same_v<map, affine_map<T>>;

  // What goes through registers at a time: all of a run, or of half four words of five, as ptxas widens all that is loaded before it
  // computes, and would spill.
  static constexpr int words = 5, together = std::is_same_v<stored, float16> ? 4 : words;
  using run = elements_in_registers<T, stored, length>;
  using part = elements_in_registers<T, stored, together*(length / words)>;
  using rest = elements_in_registers<T, stored, std::max(length - part::length, length / words)>;

  typename Steps::tables const& tables;
  detail::recurrence_problem<stored> const& p;
  stored const* a;  // the first element's
  stored* b;
  int count;                                        // of elements, at least one
  index_t lane, t;                                  // of the first one
  detail::starts_of_piece const* pieces = nullptr;  // packed: where they are known, and states asked for

  // heads: packed, bits of the elements and of the one after, the first lowest, set where a sequence starts. how: `separately`
  // where there is one inside; a warp of whom one does takes no longer if all do.
  SSMSCAN_HOST_DEVICE map fold(std::uint32_t heads, elements how) const {
    if (is_packed<Steps> && how == elements::separately) return fold_packed(heads);
    typename Steps::folding own;
    if constexpr (Steps::by_fours) {
      int e = 0;
#pragma unroll 1
      for (; e + 4 <= count; e += 4) {
        auto const [four_a, four_b] = fours(e);
        own.steps(tables, four_a, four_b);
      }
      for (; e < count; ++e) {
        if (e == 0) {
          begin(own, a_at(0), b_at(0));
        } else {
          own.step(tables, a_at(e), b_at(e));
        }
      }
      return own.result(tables);
    }
    if (count == length) {
      fold_in_registers<all_of_run>(own);
      return own.result(tables);
    }
    if constexpr (short_by_choice) {
      fold_in_registers<part_of_run>(own);
    } else {
      for (int e = 0; e < count; ++e) fold_one(own, e, a_at(e), b_at(e));
    }
    return own.result(tables);
  }

  // From the state that enters; the last x. Packed, it leaves the states of sequences that end.
  SSMSCAN_HOST_DEVICE T recur(state_t entering, std::uint32_t heads, elements how) const {
    if (is_packed<Steps> && how == elements::separately) return recur_packed(entering, heads);
    typename Steps::running x{entering};
    if constexpr (Steps::by_fours) {
      if (starts_lane()) x.start(0);
      T last{};
      int e = 0;
#pragma unroll 1
      for (; e + 4 <= count; e += 4) {
        auto const [four_a, four_b] = fours(e);
        float4 const made = x.steps(tables, four_a, four_b);
        *reinterpret_cast<float4*>(b + (reversed ? -e - 3 : e)) =
            reversed ? make_float4(made.w, made.z, made.y, made.x) : made;
        last = made.w;
      }
      for (; e < count; ++e) {
        step(x, e);
        last = b[e * onward];
      }
      return last;
    }
    if (count == length) {
      recur_in_registers<all_of_run>(x);
      return x.value(tables);
    }
    if constexpr (short_by_choice) {
      recur_in_registers<part_of_run>(x);
    } else {
      for (int e = 0; e < count; ++e) step(x, e);
    }
    return x.value(tables);
  }

  SSMSCAN_HOST_DEVICE static bool starts_inside(std::uint32_t heads, int elements) {
    return is_packed<Steps> && (heads & ((1u << elements) - 1)) != 0;
  }

 private:
  SSMSCAN_HOST_DEVICE void begin(typename Steps::folding& own, T first_a, T first_b) const {
    if (starts_lane()) {
      own.start(first_x(0, first_a, first_b));
    } else {
      own.first(tables, first_a, first_b);
    }
  }
  SSMSCAN_HOST_DEVICE T a_at(int e) const { return widened(a[e * onward]); }
  SSMSCAN_HOST_DEVICE T b_at(int e) const { return widened(b[e * onward]); }
  SSMSCAN_HOST_DEVICE void put_at(int e, T x) const { b[e * onward] = narrowed<stored>(x); }

  SSMSCAN_HOST_DEVICE bool starts_lane() const { return !is_packed<Steps> && t == 0; }
  SSMSCAN_HOST_DEVICE T first_x(index_t sequence, T first_a, T first_b) const {
    return p.initial ? multiply_add(first_a, p.initial(lane, sequence), first_b) : first_b;
  }

  SSMSCAN_HOST_DEVICE void fold_one(typename Steps::folding& own, int e, T a_e, T b_e) const {
    if (e == 0) {
      begin(own, a_e, b_e);
    } else {
      own.step(tables, a_e, b_e);
    }
  }
  // Of a part of a run each step is a choice, and the last element is not in it.
  enum much { all_of_run, part_of_run };
  template <much Of>
  SSMSCAN_HOST_DEVICE void fold_in_registers(typename Steps::folding& own) const {
    fold_several<part, Of>(own, 0);
    if constexpr (part::length < length) fold_several<rest, Of>(own, part::length);
  }
  template <class Several, much Of>
  SSMSCAN_HOST_DEVICE void fold_several(typename Steps::folding& own, int first) const {
    Several const several_a = loaded<Several>(a, first), several_b = loaded<Several>(b, first);
#pragma unroll
    for (int k = 0; k < Several::length; ++k)
      if (reaches<Of>(first + k)) fold_one(own, first + k, several_a.values[k], several_b.values[k]);
  }
  template <much Of>
  SSMSCAN_HOST_DEVICE void recur_in_registers(typename Steps::running& x) const {
    recur_several<part, Of>(x, 0);
    if constexpr (part::length < length) recur_several<rest, Of>(x, part::length);
  }
  template <class Several, much Of>
  SSMSCAN_HOST_DEVICE void recur_several(typename Steps::running& x, int first) const {
    Several const several_a = loaded<Several>(a, first);
    Several several_b = loaded<Several>(b, first);
#pragma unroll
    for (int k = 0; k < Several::length; ++k)
      if (reaches<Of>(first + k))
        several_b.values[k] = recur_one(x, first + k, several_a.values[k], several_b.values[k]);
    put(several_b, first);
  }
  template <much Of>
  SSMSCAN_HOST_DEVICE bool reaches(int e) const {
    return Of == all_of_run || e == 0 || (e < length - 1 && e < count);
  }
  SSMSCAN_HOST_DEVICE T recur_one(typename Steps::running& x, int e, T a_e, T b_e) const {
    if (e == 0 && starts_lane()) {
      x.start(first_x(0, a_e, b_e));
    } else {
      x.step(tables, a_e, b_e);
    }
    return x.value(tables);
  }
  SSMSCAN_HOST_DEVICE void step(typename Steps::running& x, int e) const {
    put_at(e, recur_one(x, e, a_at(e), b_at(e)));
  }

  // Several from e on; the first in time is the last in memory where that runs down.
  template <class Several>
  SSMSCAN_HOST_DEVICE static Several loaded(stored const* first, int e) {
    Several made;
    made.load(reversed ? first - e - (Several::length - 1) : first + e);
    if constexpr (reversed) made = made.reversed();
    return made;
  }
  template <class Several>
  SSMSCAN_HOST_DEVICE void put(Several const& x, int e) const {
    if constexpr (reversed) {
      x.reversed().store(b - e - (Several::length - 1));
    } else {
      x.store(b + e);
    }
  }
  // Four elements of a and b, from e on. What starts the lane is its first x: as if after 0, times 1.
  struct two_fours {
    float4 a, b;
  };
  SSMSCAN_HOST_DEVICE two_fours fours(int e) const {
    two_fours made{four(a, e), four(b, e)};
    if (e == 0 && starts_lane()) made.b.x = first_x(0, made.a.x, made.b.x), made.a.x = 1;
    return made;
  }
  SSMSCAN_HOST_DEVICE static float4 four(T const* first, int e) {
    if constexpr (reversed) {
      float4 const raw = *reinterpret_cast<float4 const*>(first - e - 3);
      return make_float4(raw.w, raw.z, raw.y, raw.x);
    } else {
      return *reinterpret_cast<float4 const*>(first + e);
    }
  }

  // Whole runs without states to read or leave go through registers as others do.
  SSMSCAN_HOST_DEVICE map fold_packed(std::uint32_t heads) const {
    typename Steps::folding own;
    if (count == length && !p.initial) {
      run const ra = loaded<run>(a, 0), rb = loaded<run>(b, 0);
#pragma unroll
      for (int e = 0; e < length; ++e) {
        if ((heads >> e & 1) != 0) {
          own.start(rb.values[e]);
        } else if (e == 0) {
          own.first(tables, ra.values[e], rb.values[e]);
        } else {
          own.step(tables, ra.values[e], rb.values[e]);
        }
      }
      return own.result(tables);
    }
    for (int e = 0; e < count; ++e) {
      T const a_e = a_at(e), b_e = b_at(e);
      if ((heads >> e & 1) != 0) {
        own.start(first_x(sequence_of(e), a_e, b_e));
      } else if (e == 0) {
        own.first(tables, a_e, b_e);
      } else {
        own.step(tables, a_e, b_e);
      }
    }
    return own.result(tables);
  }

  SSMSCAN_HOST_DEVICE T recur_packed(state_t entering, std::uint32_t heads) const {
    typename Steps::running x{entering};
    if (count == length && !p.initial && !p.final) {
      run const ra = loaded<run>(a, 0);
      run rb = loaded<run>(b, 0);
#pragma unroll
      for (int e = 0; e < length; ++e) {
        if ((heads >> e & 1) != 0) {
          x.start(rb.values[e]);
        } else {
          x.step(tables, ra.values[e], rb.values[e]);
        }
        rb.values[e] = x.value(tables);
      }
      put(rb, 0);
      return rb.values[length - 1];
    }
    for (int e = 0; e < count; ++e) {
      T const a_e = a_at(e), b_e = b_at(e);
      if ((heads >> e & 1) != 0) {
        x.start(first_x(sequence_of(e), a_e, b_e));
      } else {
        x.step(tables, a_e, b_e);
      }
      put_at(e, x.value(tables));
      if (p.final && (heads >> (e + 1) & 1) != 0) p.final(lane, sequence_at(e)) = x.value(tables);
    }
    return x.value(tables);
  }
  // Asked for only where there are initial states: it may be a search.
  SSMSCAN_HOST_DEVICE index_t sequence_of(int e) const { return p.initial ? sequence_at(e) : 0; }
  SSMSCAN_HOST_DEVICE index_t sequence_at(int e) const {
    if (pieces == nullptr) return p.sequence_at(t + e);
    constexpr int steps = detail::starts_of_piece::steps;
    index_t const at_piece = (t + e) / steps;
    return device::sequence_of(p, pieces[at_piece], at_piece, static_cast<int>((t + e) % steps));
  }
};

}  // namespace ssmscan::device
