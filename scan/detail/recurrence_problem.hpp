#pragma once
// A recurrence as the algorithms see it: checked, time always running up (reverse has become negative strides and
// mirrored offsets), lanes numbered, and read and written through two functors.
#include <algorithm>
#include <cstdint>
#include <span>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/tensor_view.hpp>

namespace ssmscan::detail {

// values(lane, t) with lane = batch * channels + channel; one multiplication where the lanes are evenly spaced.
template <class T>
class lane_view {
 public:
  lane_view() = default;
  explicit lane_view(tensor_view<T> const& v)
      : data_(v.data),
        channels_(std::max<index_t>(v.shape.channel, 1)),
        batch_stride_(v.stride.batch),
        channel_stride_(v.shape.channel == 1 ? v.stride.batch : v.stride.channel),
        time_stride_(v.stride.time),
        even_(v.shape.channel <= 1 || v.shape.batch <= 1 || v.stride.batch == v.shape.channel * v.stride.channel) {}

  SSMSCAN_HOST_DEVICE explicit operator bool() const { return data_ != nullptr; }
  SSMSCAN_HOST_DEVICE T& operator()(index_t lane, index_t t) const { return data_[offset(lane) + t * time_stride_]; }
  SSMSCAN_HOST_DEVICE index_t time_stride() const { return time_stride_; }
  SSMSCAN_HOST_DEVICE bool is_even() const { return even_; }  // every lane as far from the one before
  // Of how many lanes, from a multiple of it on, that holds, where not of all.
  SSMSCAN_HOST_DEVICE index_t even_lanes() const { return channels_; }

 private:
  SSMSCAN_HOST_DEVICE index_t offset(index_t lane) const {
    return even_ ? lane * channel_stride_ : lane / channels_ * batch_stride_ + lane % channels_ * channel_stride_;
  }

  T* data_ = nullptr;
  index_t channels_ = 1, batch_stride_ = 0, channel_stride_ = 0, time_stride_ = 0;
  bool even_ = true;
};

template <class T>
struct recurrence_problem {
  extent size;
  lane_view<T const> a, b;
  lane_view<T> x;
  lane_view<T const> initial;  // (lane, sequence)
  lane_view<T> final;
  // Packed only: heads[t] != 0 where a sequence starts, heads[size.time] = 1 (null for forms that do not read them);
  // offsets as in recurrence<T>, time running up.
  std::uint8_t const* heads = nullptr;
  std::span<index_t const> offsets{};

  // The sequence that holds t: the last that starts at or before it, so that empty ones are passed over.
  SSMSCAN_HOST_DEVICE index_t sequence_at(index_t t) const {
    return count_not_above(offsets.data(), static_cast<index_t>(offsets.size()), t) - 1;
  }
  // A sequence without steps, and the state it leaves: its initial one, zero when absent. No store ever sees it.
  SSMSCAN_HOST_DEVICE bool is_empty(index_t sequence) const {
    return offsets.empty() ? size.time == 0 : offsets.data()[sequence] == offsets.data()[sequence + 1];
  }
  SSMSCAN_HOST_DEVICE T state_of_empty(index_t lane, index_t sequence) const {
    return initial ? initial(lane, sequence) : T(0);
  }
};

// How bodies hold the problem: by address where they run in the caller's memory, by value where they do not.
template <class T>
using by_address = recurrence_problem<T> const*;
template <class T>
struct by_value {
  recurrence_problem<T> problem;
  SSMSCAN_HOST_DEVICE recurrence_problem<T> const& operator*() const { return problem; }
  SSMSCAN_HOST_DEVICE recurrence_problem<T> const* operator->() const { return &problem; }
};

// Leaves of the recurrence monoid M. The first step of a sequence takes its initial state in, and forgets what is
// earlier.
template <class M, class T>
SSMSCAN_HOST_DEVICE typename M::value_type first_step(recurrence_problem<T> const& p, index_t lane, index_t t,
                                                      index_t sequence) {
  return M::start(p.initial ? multiply_add(p.a(lane, t), p.initial(lane, sequence), p.b(lane, t)) : p.b(lane, t));
}

// `recurrence_io<M>` for one sequence per lane, `recurrence_io<segmented<M>>` for packed ones.
template <class M, template <class> class Held = by_address>
struct recurrence_io {
  using T = typename M::scalar;
  struct load {
    Held<T> p;
    SSMSCAN_HOST_DEVICE typename M::value_type operator()(index_t lane, index_t t) const {
      return t == 0 ? first_step<M>(*p, lane, t, 0) : M::step(p->a(lane, t), p->b(lane, t));
    }
  };
  struct store {
    Held<T> p;
    SSMSCAN_HOST_DEVICE void operator()(index_t lane, index_t t, typename M::value_type const& prefix) const {
      p->x(lane, t) = M::state(prefix);
      if (p->final && t == p->size.time - 1) p->final(lane, 0) = M::state(prefix);
    }
  };
};

template <class M, template <class> class Held>
struct recurrence_io<segmented<M>, Held> {
  using T = typename M::scalar;
  using value = typename segmented<M>::value_type;
  struct load {
    Held<T> p;
    SSMSCAN_HOST_DEVICE value operator()(index_t lane, index_t t) const {
      if (p->heads[t] == 0) return {M::step(p->a(lane, t), p->b(lane, t)), boundary::inside};
      return {first_step<M>(*p, lane, t, p->initial ? p->sequence_at(t) : 0), boundary::start};
    }
  };
  struct store {
    Held<T> p;
    SSMSCAN_HOST_DEVICE void operator()(index_t lane, index_t t, value const& prefix) const {
      p->x(lane, t) = M::state(prefix.value);
      if (p->final && p->heads[t + 1] != 0) p->final(lane, p->sequence_at(t)) = M::state(prefix.value);
    }
  };
};

}  // namespace ssmscan::detail
