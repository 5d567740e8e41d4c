#pragma once
// The shortest way through the door, for calls so short that the door's own work would be most of them: one dense
// sequence, forward, affine, nothing enters or leaves, by `automatic`, which then walks along. What is accepted here
// passes every check of check_recurrence.hpp, and runs by the loop that simd::sequential would run; all else, whatever
// is wrong included, is left to the door. No strings, no tables, no memory.
#include <ssmscan/scan/detail/automatic.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#if !defined(SSMSCAN_WITHOUT_SIMD)
#include <ssmscan/scan/backends/simd/sequential.hpp>
#endif

namespace ssmscan::detail {

// Where a name's length is known to the compiler, a comparison or two of machine words.
[[gnu::always_inline]] inline bool is_text(std::string_view given, std::string_view name) {
  return given.size() == name.size() && __builtin_memcmp(given.data(), name.data(), name.size()) == 0;
}

// n elements: there, aligned, and well within the address space. One branch for all of the shape.
template <class T>
bool is_dense(tensor_view<T> const& v, index_t n) {
  auto const at = reinterpret_cast<std::uintptr_t>(v.data);
  index_t const differs = (v.shape.batch ^ 1) | (v.shape.channel ^ 1) | (v.shape.time ^ n) | (v.stride.time ^ 1);
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
  index_t const n = r.x.shape.time;
  return n >= 0 && n < worth_a_tree && is_dense(r.a, n) && is_dense(r.b, n) && is_dense(r.x, n) &&
         one_or_apart<T>(r.x.data, r.a.data, n) && one_or_apart<T>(r.x.data, r.b.data, n) &&
         r.initial.data == nullptr && r.final.data == nullptr && r.offsets.data() == nullptr && r.offsets.empty() &&
         r.reset.data() == nullptr && r.reset.empty() && r.direction == direction::forward &&
         r.operation == operation::affine && is_text(how.algorithm, "automatic") && how.inner.empty() &&
         how.threads >= 0 && how.threads <= most_threads;
}

#if !defined(SSMSCAN_WITHOUT_SIMD)
template <class T>
void run_short_call(recurrence<T> const& r) {
  T state{};
  simd::best<T>().lanes.fold({.a = {r.a.data, 1, 1},
                              .b = {r.b.data, 1, 1},
                              .x = r.x.data,
                              .x_lane_stride = 1,
                              .x_time_stride = 1,
                              .lanes = 1,
                              .time = r.x.shape.time,
                              .state = &state,
                              .starts = true,
                              .how = simd::write::through_the_cache});
}

// Flattened, strings so short are a few stores.
template <class B>
[[gnu::flatten]] choice short_choice() {
  constexpr algorithm_info const& info = simd::sequential::info;
  return {std::string(info.name), std::string(), std::string(B::name), std::string(info.tree), std::string()};
}
#endif

}  // namespace ssmscan::detail
