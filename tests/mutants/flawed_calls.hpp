#pragma once
// Right algorithms behind a wrong door: each takes a call, spoils it in one way, and hands it to `base`.
#include <algorithm>
#include <limits>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "tests/laws/subject.hpp"

namespace ssmscan::mutants {

using laws::subject;
using problem_f32 = recurrence<float>;
using spoil = void (*)(subject<float> const& base, problem_f32 problem, int threads);

inline void initial_ignored(subject<float> const& base, problem_f32 p, int threads) {
  p.initial = {};
  base.run(p, threads);
}
// A dense copy of a view, lane after lane.
template <class T>
std::vector<T> dense_copy(tensor_view<T const> const& v) {
  std::vector<T> made;
  for (index_t b = 0; b < v.shape.batch; ++b)
    for (index_t c = 0; c < v.shape.channel; ++c)
      for (index_t t = 0; t < v.shape.time; ++t) made.push_back(v(b, c, t));
  return made;
}
inline void initial_applied_twice(subject<float> const& base, problem_f32 p, int threads) {
  auto twice = dense_copy<float>(p.initial);
  for (float& v : twice) v *= 2;
  if (p.initial.data != nullptr) p.initial = tensor_view<float const>(twice.data(), p.initial.shape);
  base.run(p, threads);
}
// a[0] then meets a zero state, which NaN and infinity survive.
inline void absent_initial_read_as_zero(subject<float> const& base, problem_f32 p, int threads) {
  tensor_shape const states{p.x.shape.batch, p.x.shape.channel, 1};
  std::vector<float> const zeros(static_cast<std::size_t>(states.batch * states.channel), 0.0F);
  if (p.initial.data == nullptr) p.initial = tensor_view<float const>(zeros.data(), states);
  base.run(p, threads);
}
inline void reverse_ignored(subject<float> const& base, problem_f32 p, int threads) {
  p.direction = direction::forward;
  base.run(p, threads);
}
inline void final_not_written(subject<float> const& base, problem_f32 p, int threads) {
  p.final = {};
  base.run(p, threads);
}
inline void final_one_step_early(subject<float> const& base, problem_f32 p, int threads) {
  base.run(p, threads);
  index_t const time = p.x.shape.time;
  if (p.final.data == nullptr || time < 2) return;
  for (index_t b = 0; b < p.x.shape.batch; ++b)
    for (index_t c = 0; c < p.x.shape.channel; ++c)
      p.final(b, c, 0) = p.x(b, c, p.direction == direction::forward ? time - 2 : 1);
}
inline void packing_ignored(subject<float> const& base, problem_f32 p, int threads) {
  p.offsets = {}, p.reset = {};
  p.initial.shape.time = std::min<index_t>(p.initial.shape.time, 1);
  p.final.shape.time = std::min<index_t>(p.final.shape.time, 1);
  if (p.initial.shape.time == 0) p.initial = {};
  if (p.final.shape.time == 0) p.final = {};
  base.run(p, threads);
}
// A sequence begins with a = 0 instead of a boundary: right until the past is NaN.
inline void boundary_by_zero(subject<float> const& base, problem_f32 p, int threads) {
  if (p.offsets.empty()) return base.run(p, threads);
  auto a = dense_copy<float>(p.a), b = dense_copy<float>(p.b);
  auto const& [batches, channels, time] = p.x.shape;
  auto const segments = static_cast<index_t>(p.offsets.size()) - 1;
  auto const forward = p.direction == direction::forward;
  for (index_t lane = 0; lane < batches * channels; ++lane)
    for (index_t k = 0; k < segments; ++k) {
      index_t const begin = p.offsets[static_cast<std::size_t>(k)], end = p.offsets[static_cast<std::size_t>(k) + 1];
      if (begin == end) continue;
      auto const at = static_cast<std::size_t>(lane * time + (forward ? begin : end - 1));
      if (p.initial.data != nullptr) b[at] = std::fma(a[at], p.initial(lane / channels, lane % channels, k), b[at]);
      a[at] = 0;
    }
  auto const packed = p;
  p.a = tensor_view<float const>(a.data(), p.x.shape), p.b = tensor_view<float const>(b.data(), p.x.shape);
  p.offsets = {}, p.initial = {}, p.final = {};
  base.run(p, threads);
  for (index_t lane = 0; lane < batches * channels && packed.final.data != nullptr; ++lane)
    for (index_t k = 0; k < segments; ++k) {
      index_t const begin = packed.offsets[static_cast<std::size_t>(k)],
                    end = packed.offsets[static_cast<std::size_t>(k) + 1];
      index_t const row = lane / channels, column = lane % channels;
      packed.final(row, column, k) = begin < end                      ? p.x(row, column, forward ? end - 1 : begin)
                                     : packed.initial.data != nullptr ? packed.initial(row, column, k)
                                                                      : 0;
    }
}
inline void changes_an_input(subject<float> const& base, problem_f32 p, int threads) {
  base.run(p, threads);
  if (!p.x.empty() && p.b.data != p.x.data) const_cast<float*>(p.b.data)[0] += 1;
}
inline void clears_the_output_first(subject<float> const& base, problem_f32 p, int threads) {
  for (index_t b = 0; b < p.x.shape.batch; ++b)
    for (index_t c = 0; c < p.x.shape.channel; ++c)
      for (index_t t = 0; t < p.x.shape.time; ++t) p.x(b, c, t) = 0;
  base.run(p, threads);
}
inline void last_lane_left_out(subject<float> const& base, problem_f32 p, int threads) {
  for (auto* shape : {&p.a.shape, &p.b.shape, &p.x.shape, &p.initial.shape, &p.final.shape})
    if (shape->channel > 1) --shape->channel;
  base.run(p, threads);
}
inline void strides_cut_to_32_bits(subject<float> const& base, problem_f32 p, int threads) {
  for (auto* s : {&p.a.stride, &p.b.stride, &p.x.stride})
    for (index_t* stride : {&s->batch, &s->channel, &s->time}) *stride = static_cast<std::int32_t>(*stride);
  base.run(p, threads);
}
inline void sign_of_a_lost(subject<float> const& base, problem_f32 p, int threads) {
  auto a = dense_copy<float>(p.a);
  for (float& v : a) v = std::abs(v);
  if (p.a.data != p.x.data) p.a = tensor_view<float const>(a.data(), p.x.shape);
  base.run(p, threads);
}
// As the common log-domain codes do.
inline void small_b_replaced_by_1e_6(subject<float> const& base, problem_f32 p, int threads) {
  auto b = dense_copy<float>(p.b);
  for (float& v : b)
    if (std::abs(v) < 1e-6F) v = 1e-6F;
  if (p.b.data != p.x.data) p.b = tensor_view<float const>(b.data(), p.x.shape);
  base.run(p, threads);
}
inline void nan_taken_for_zero(subject<float> const& base, problem_f32 p, int threads) {
  auto b = dense_copy<float>(p.b);
  for (float& v : b)
    if (std::isnan(v)) v = 0;
  p.b = tensor_view<float const>(b.data(), p.x.shape);
  base.run(p, threads);
}
inline void infinity_cut_to_the_greatest(subject<float> const& base, problem_f32 p, int threads) {
  constexpr float greatest = std::numeric_limits<float>::max();
  auto b = dense_copy<float>(p.b);
  for (float& v : b)
    if (std::isinf(v)) v = std::copysign(greatest, v);
  p.b = tensor_view<float const>(b.data(), p.x.shape);
  base.run(p, threads);
}
inline void a_of_bfloat16(subject<float> const& base, problem_f32 p, int threads) {
  auto a = dense_copy<float>(p.a);
  constexpr float splitter = 0x1p16F + 1;  // Dekker: keeps 8 bits
  for (float& v : a) v = v * splitter - (v * splitter - v);
  p.a = tensor_view<float const>(a.data(), p.x.shape);
  base.run(p, threads);
}
#if defined(__SSE__)
inline void subnormals_flushed(subject<float> const& base, problem_f32 p, int threads) {
  unsigned const before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero
  base.run(p, threads);
  _mm_setcsr(before);
}
#endif
// x = a * x + b with two roundings, where the tree promises one.
inline void not_fused(subject<float> const&, problem_f32 p, int) {
  index_t const time = p.x.shape.time;
  bool const forward = p.direction == direction::forward;
  for (index_t b = 0; b < p.x.shape.batch; ++b)
    for (index_t c = 0; c < p.x.shape.channel; ++c) {
      float x = p.initial.data != nullptr ? p.initial(b, c, 0) : 0;
      for (index_t step = 0; step < time; ++step) {
        index_t const t = forward ? step : time - 1 - step;
        float const product = p.a(b, c, t) * x;
        p.x(b, c, t) = x = product + p.b(b, c, t);
      }
      if (p.final.data != nullptr) p.final(b, c, 0) = x;
    }
}
// Another tree every second time.
inline void tree_from_run_to_run(subject<float> const& base, problem_f32 p, int threads) {
  static int runs = 0;
  if (++runs % 2 == 0) return base.run(p, threads);
  linear_recurrence<float>(p, {.algorithm = "sequential", .backend = "serial"});
}
inline void tree_from_lanes(subject<float> const& base, problem_f32 p, int threads) {
  if (p.x.shape.channel == 1) return base.run(p, threads);
  linear_recurrence<float>(p, {.algorithm = "sequential", .backend = "serial"});
}
inline void tree_of_another(subject<float> const&, problem_f32 p, int) {
  linear_recurrence<float>(p, {.algorithm = "sequential", .backend = "serial"});
}
inline void tree_from_direction(subject<float> const& base, problem_f32 p, int threads) {
  if (p.direction == direction::forward) return base.run(p, threads);
  linear_recurrence<float>(p, {.algorithm = "sequential", .backend = "serial"});
}
// Adds a guard against division by zero that nobody needs.
inline void epsilon_added(subject<float> const& base, problem_f32 p, int threads) {
  base.run(p, threads);
  for (index_t b = 0; b < p.x.shape.batch; ++b)
    for (index_t c = 0; c < p.x.shape.channel; ++c)
      for (index_t t = 0; t < p.x.shape.time; ++t) p.x(b, c, t) += 1e-8F;
}
// x + 0, as an addition of a part that is not there gives it.
inline void minus_zero_lost(subject<float> const& base, problem_f32 p, int threads) {
  base.run(p, threads);
  auto const lose = [](tensor_view<float> const& v) {
    for (index_t b = 0; b < v.shape.batch; ++b)
      for (index_t c = 0; c < v.shape.channel; ++c)
        for (index_t t = 0; t < v.shape.time; ++t) v(b, c, t) += 0.0F;
  };
  lose(p.x);
  if (p.final.data != nullptr) lose(p.final);
}
// Another tree where more than one worker has a share worth it, which no short sequence is.
inline void tree_from_many_workers(subject<float> const& base, problem_f32 p, int threads) {
  constexpr index_t worth_sharing_out = 16 * 8192;  // values
  if (threads == 1 || p.x.shape.batch * p.x.shape.channel * p.x.shape.time < worth_sharing_out)
    return base.run(p, threads);
  linear_recurrence<float>(p, {.algorithm = "sequential", .backend = "serial"});
}
// Knows that the last value will be asked for, and that what comes after 100 steps has been forgotten.
inline void prefix_from_the_length(subject<float> const& base, problem_f32 p, int threads) {
  if (p.x.shape.time % 2 == 0) return base.run(p, threads);
  linear_recurrence<float>(p, {.algorithm = "sequential", .backend = "serial"});
}

}  // namespace ssmscan::mutants
