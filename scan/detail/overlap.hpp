#pragma once
// Do two views share a byte, does one view hold two elements in one place? Byte ranges answer almost every question;
// where they meet (interleaved views), the strides decide, as a bounded linear Diophantine problem. Nested strides
// (each at least as long as all that lies within it) are decided at once, any others by a search over at most
// bounded_diophantine::default_nodes nodes. What is still open then counts as an overlap: a view is never wrongly
// accepted.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include <ssmscan/scan/detail/diophantine.hpp>
#include <ssmscan/scan/tensor_view.hpp>

namespace ssmscan::detail {

// The bytes from the first to the last element, whatever the signs of the strides: [begin, end).
struct byte_range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool empty() const { return begin == end; }
};

inline bool meet(byte_range const& p, byte_range const& q) {
  return !p.empty() && !q.empty() && p.begin < q.end && q.begin < p.end;
}

// Nothing where an element would lie outside the 64-bit address space, whose last byte nothing ends behind. On every
// call's path, several times: 64-bit sums, which say where they overflow.
template <class T>
std::optional<byte_range> checked_range_of(tensor_view<T> const& v) {
  if (v.data == nullptr || v.empty()) return byte_range{};
  auto const first = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(v.data));
  std::uint64_t below = 0, above = sizeof(T);
  bool outside = false;
  auto const along = [&](index_t n, index_t stride) {
    index_t elements = 0, bytes = 0;
    outside |= __builtin_mul_overflow(n - 1, stride, &elements);
    outside |= __builtin_mul_overflow(elements, static_cast<index_t>(sizeof(T)), &bytes);
    auto& reach = bytes < 0 ? below : above;
    outside |= __builtin_add_overflow(
        reach, bytes < 0 ? -static_cast<std::uint64_t>(bytes) : static_cast<std::uint64_t>(bytes), &reach);
  };
  along(v.shape.batch, v.stride.batch), along(v.shape.channel, v.stride.channel), along(v.shape.time, v.stride.time);
  byte_range made;
  outside |= __builtin_sub_overflow(first, below, &made.begin);
  outside |= __builtin_add_overflow(first, above, &made.end);
  // Differences of positions must fit in index_t, in bytes, as pointer arithmetic needs.
  return !outside && made.end - made.begin < std::uint64_t{1} << 63 ? std::optional(made) : std::nullopt;
}

// For views that passed the check above.
template <class T>
byte_range range_of(tensor_view<T> const& v) {
  return checked_range_of(v).value_or(byte_range{0, ~std::uint64_t{0}});
}
template <class T>
byte_range range_of(std::span<T> s) {
  auto const first = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(s.data()));
  return {first, first + s.size_bytes()};
}

inline int128 magnitude(int128 p) { return p < 0 ? -p : p; }

// v's elements from its lowest, all strides made positive, as terms of an equation in bytes.
template <class T>
void add_terms(bounded_diophantine& equation, tensor_view<T> const& v) {
  equation.add(magnitude(v.stride.batch) * int128{sizeof(T)}, int128{v.shape.batch} - 1);
  equation.add(magnitude(v.stride.channel) * int128{sizeof(T)}, int128{v.shape.channel} - 1);
  equation.add(magnitude(v.stride.time) * int128{sizeof(T)}, int128{v.shape.time} - 1);
}

// A byte in common. Elements at p of v and q of w meet where -sizeof(U) < q - p < sizeof(T). Measuring p from the
// lowest element of v and q down from the highest of w makes every term positive.
template <class T, class U>
verdict share_memory(tensor_view<T> const& v, tensor_view<U> const& w) {
  byte_range const p = range_of(v), q = range_of(w);
  if (!meet(p, q)) return verdict::no;
  bounded_diophantine equation;
  add_terms(equation, v);
  add_terms(equation, w);
  int128 const distance = int128{q.end} - int128{sizeof(U)} - int128{p.begin};  // highest of w minus lowest of v
  return equation.reaches(distance - int128{sizeof(T)} + 1, distance + int128{sizeof(U)} - 1);
}

template <class T, class U>
bool overlap(tensor_view<T> const& v, tensor_view<U> const& w) {
  return share_memory(v, w) != verdict::no;
}

template <class T, class U>
bool overlap(tensor_view<T> const& v, std::span<U> s) {
  return overlap(v, tensor_view<U>(s.data(), static_cast<index_t>(s.size())));
}

// Two index triples in one place: some differences d, not all 0, with |d[k]| < n[k] and sum of stride[k] * d[k] = 0. None
// where each stride is longer than all shorter ones reach. Else the first d that is not 0 may be taken as positive.
template <class T>
bool overlaps_itself(tensor_view<T> const& v) {
  if (v.data == nullptr || v.empty()) return false;
  if (v.shape.batch == 1 && v.shape.channel == 1) return v.shape.time > 1 && v.stride.time == 0;
  struct dimension {
    int128 stride, last;
  };
  std::array<dimension, 3> dimensions{{{magnitude(v.stride.batch), v.shape.batch - 1},
                                       {magnitude(v.stride.channel), v.shape.channel - 1},
                                       {magnitude(v.stride.time), v.shape.time - 1}}};
  std::ranges::sort(dimensions, std::ranges::less{}, &dimension::stride);
  int128 reach = 0;
  bool nested = true;
  for (auto const& [stride, last] : dimensions) {
    nested = nested && (last == 0 || stride > reach);
    reach += stride * last;
  }
  if (nested) return false;

  for (std::size_t first = dimensions.size(); first-- > 0;) {
    auto const [stride, last] = dimensions[first];
    if (last == 0) continue;
    if (stride == 0) return true;
    bounded_diophantine equation;  // stride (1 + y) + sum of stride[k] (z[k] - last[k]) = 0, 0 <= z[k] <= 2 last[k]
    equation.add(stride, last - 1);
    int128 target = -stride;
    for (std::size_t k = 0; k < first; ++k) {
      equation.add(dimensions[k].stride, 2 * dimensions[k].last);
      target += dimensions[k].stride * dimensions[k].last;
    }
    if (equation.reaches(target, target) != verdict::no) return true;
  }
  return false;
}

}  // namespace ssmscan::detail
