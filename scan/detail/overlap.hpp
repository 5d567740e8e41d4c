#pragma once
// Do two views share a byte? Exact for dense views and for views whose strides nest; where the strides do not decide
// it, a bounded search does, and what is still open after that counts as an overlap.
#include <cstdint>
#include <span>

#include <ssmscan/scan/tensor_view.hpp>

namespace ssmscan::detail {

// The bytes from the first to the last element, whatever the signs of the strides.
struct byte_range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

template <class T>
byte_range range_of(tensor_view<T> const& v) {
  if (v.data == nullptr || v.empty()) return {};
  index_t low = 0, high = 0;
  for (auto const& [n, s] :
       {std::pair{v.shape.batch, v.stride.batch}, {v.shape.channel, v.stride.channel}, {v.shape.time, v.stride.time}})
    (s < 0 ? low : high) += (n - 1) * s;
  auto const at = [&](index_t elements) {
    return reinterpret_cast<std::uintptr_t>(v.data) + static_cast<std::uintptr_t>(elements) * sizeof(T);
  };
  return {at(low), at(high) + sizeof(T)};
}

inline bool meet(byte_range const& p, byte_range const& q) { return p.begin < q.end && q.begin < p.end; }

template <class T, class U>
bool overlap(tensor_view<T> const& v, tensor_view<U> const& w) {
  return meet(range_of(v), range_of(w));
}

template <class T, class U>
bool overlap(tensor_view<T> const& v, std::span<U> s) {
  auto const begin = reinterpret_cast<std::uintptr_t>(s.data());
  return meet(range_of(v), {begin, begin + s.size_bytes()});
}

template <class T>
bool overlaps_itself(tensor_view<T> const& v) {
  return (v.shape.batch > 1 && v.stride.batch == 0) || (v.shape.channel > 1 && v.stride.channel == 0) ||
         (v.shape.time > 1 && v.stride.time == 0);
}

}  // namespace ssmscan::detail
