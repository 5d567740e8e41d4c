#pragma once
// The shortest way through the door, for calls so short that the door's own work would be a good part of them: dense
// lanes in either layout, forward, affine, nothing enters or leaves, by `automatic`, and few enough elements for one
// worker. What is accepted here passes every check of check_recurrence.hpp, and runs by the loops that simd::sequential
// and simd::look_back would run; all else, whatever is wrong included, is left to the door. No strings, no tables, no memory.
#if !defined(SSMSCAN_WITHOUT_SIMD)
#include <ssmscan/scan/backends/simd/look_back.hpp>
#include <ssmscan/scan/backends/simd/sequential.hpp>
#include <ssmscan/scan/detail/automatic.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>

namespace ssmscan::detail {

// So that states fit the stack, and a look_back is one chunk of each lane.
inline constexpr index_t most_short_lanes = 64, most_short_steps = chunked::length;

// Where a name's length is known to the compiler, a comparison or two of machine words.
[[gnu::always_inline]] inline bool is_text(std::string_view given, std::string_view name) {
  return given.size() == name.size() && __builtin_memcmp(given.data(), name.data(), name.size()) == 0;
}

// Steps from an element to the next of its lane, and to the same of the next lane.
struct dense_steps {
  index_t time, lane;
};

// `lanes` by n elements: there, aligned, and well within the address space. One branch for all of the shape.
template <class T>
bool is_dense(tensor_view<T> const& v, index_t lanes, index_t n, dense_steps step) {
  auto const at = reinterpret_cast<std::uintptr_t>(v.data);
  index_t const other_lane = lanes == 1 ? 0 : v.stride.channel ^ step.lane;
  index_t const differs =
      (v.shape.batch ^ 1) | (v.shape.channel ^ lanes) | (v.shape.time ^ n) | (v.stride.time ^ step.time) | other_lane;
  std::uintptr_t const misplaced = at % alignof(T) | at >> 62;
  return (differs | static_cast<index_t>(misplaced)) == 0 && (at != 0 || n == 0);
}

// Of n dense elements each: one place, or two places apart.
template <class T>
bool one_or_apart(T const* p, T const* q, index_t n) {
  auto const at = reinterpret_cast<std::uintptr_t>(p), other = reinterpret_cast<std::uintptr_t>(q);
  std::uintptr_t const bytes = static_cast<std::uintptr_t>(n) * sizeof(T);
  return at == other || at + bytes <= other || other + bytes <= at;
}

template <class T>
bool is_short_call(recurrence<T> const& r, execution const& how) {
  index_t const n = r.x.shape.time, lanes = r.x.shape.channel;
  if (n < 0 || n > most_short_steps || lanes < 1 || lanes > most_short_lanes || lanes * n >= 2 * simd::least_share)
    return false;
  dense_steps const step = r.x.stride.time == 1 ? dense_steps{1, n} : dense_steps{lanes, 1};
  return is_dense(r.a, lanes, n, step) && is_dense(r.b, lanes, n, step) && is_dense(r.x, lanes, n, step) &&
         one_or_apart<T>(r.x.data, r.a.data, lanes * n) && one_or_apart<T>(r.x.data, r.b.data, lanes * n) &&
         r.initial.data == nullptr && r.final.data == nullptr && r.offsets.data() == nullptr && r.offsets.empty() &&
         r.reset.data() == nullptr && r.reset.empty() && r.direction == direction::forward &&
         r.operation == operation::affine && is_text(how.algorithm, "automatic") && how.inner.empty() &&
         how.threads >= 0 && how.threads <= most_threads;
}

template <class T>
[[gnu::always_inline]] inline void walk_along(recurrence<T> const& r, dense_steps step, index_t lanes, T* states) {
  simd::best<T>().lanes.fold({.a = {r.a.data, step.lane, step.time},
                              .b = {r.b.data, step.lane, step.time},
                              .x = r.x.data,
                              .x_lane_stride = step.lane,
                              .x_time_stride = step.time,
                              .lanes = lanes,
                              .time = r.x.shape.time,
                              .state = states,
                              .starts = true,
                              .how = simd::write::through_the_cache});
}
template <class T>
[[gnu::noinline]] void walk_lanes_along(recurrence<T> const& r, dense_steps step) {
  index_t const lanes = r.x.shape.time > 0 ? r.x.shape.channel : 0;
  using parts = simd::parts_of<T>;
  typename parts::real memory[parts::count * most_short_lanes];  // of complex numbers, all would be made zeros first
  auto* const states = reinterpret_cast<T*>(memory);
  std::fill_n(states, lanes, T(0));
  walk_along(r, step, lanes, states);
}
template <class T>
void walk_one_along(recurrence<T> const& r) {
  T state{};
  walk_along(r, {1, 1}, 1, &state);
}

// Each lane is one chunk. Nothing enters its first step, so that no product with a[0] is ever used, and b[0] is right as it is.
template <class T>
[[gnu::noinline]] void run_look_back(recurrence<T> const& r) {
  simd::chunk_scratch<T> scratch;
  auto const& tile = simd::best<T>().chunk;
  index_t const n = r.x.shape.time;
  for (index_t at = 0; at < r.x.shape.channel * n; at += n)
    tile.walk({.a = r.a.data + at, .b = r.b.data + at, .a_stride = 1, .b_stride = 1, .n = n, .first = nullptr}, scratch,
              nullptr, {.x = r.x.data + at, .stride = 1, .how = simd::write::through_the_cache});
}

// Flattened, strings so short are a few stores.
template <class A, class B>
[[gnu::flatten]] choice short_choice() {
  constexpr algorithm_info const& info = A::info;
  return {std::string(info.name), std::string(), std::string(B::name), std::string(info.tree), std::string()};
}

// On backend B, by what `automatic` would choose.
template <class B, class T>
choice run_short_call(recurrence<T> const& r) {
  constexpr tree_price price =
      price_of_a_tree<T>(operation::affine, packing::one_sequence, arrangement::time_beside_time);
  static_assert(price.block == simd::block && most_short_steps == simd::chunk &&
                price.abreast == simd::lanes_abreast<T>);
  static_assert(tree_price::woken_share == 2 * simd::least_share);  // so short a call is one thread's in both
  index_t const lanes = r.x.shape.channel, n = r.x.shape.time;
  if (r.x.stride.time == 1 && price.is_worth({lanes, n}, 1)) {
    run_look_back(r);
    return short_choice<simd::look_back, B>();
  }
  if (lanes == 1) {
    walk_one_along(r);
  } else {
    walk_lanes_along(r, r.x.stride.time == 1 ? dense_steps{1, n} : dense_steps{lanes, 1});
  }
  return short_choice<simd::sequential, B>();
}
}  // namespace ssmscan::detail
#endif
