#include <cstddef>

#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/layers/step_of_channels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // compiles what follows once for each target

#include <ssmscan/ssm/layers/step_of_channels.hpp>
#include <ssmscan/ssm/simd/exponential-inl.hpp>
#include <ssmscan/ssm/simd/transpose-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {

using detail::conv_step;
using detail::scan_step;
using detail::upcoming_weight;

using one = hn::CappedTag<float, 1>;
using many = hn::CappedTag<float, 16>;
template <class D>
constexpr index_t lanes_of = static_cast<index_t>(hn::MaxLanes(D()));

// Asks memory for `count` numbers.
HWY_INLINE void ask_for(float const* at, index_t count) {
  constexpr index_t line = 16;
  for (index_t i = 0; i < count; i += line)
    hwy::Prefetch(reinterpret_cast<char const*>(at) + i * index_t{sizeof(float)});
}

// Channels by vectors where the width is Mamba's: what a channel has lies beside one another and comes as a vector of each.
HWY_INLINE void convolve_four(conv_step const& of, index_t c) {
  many const d;
  hn::Vec<many> weight[4], sample[4];
  hn::LoadInterleaved4(d, of.weight + 4 * c, weight[0], weight[1], weight[2], weight[3]);
  hn::LoadInterleaved3(d, of.before + 3 * c, sample[0], sample[1], sample[2]);
  sample[3] = hn::LoadU(d, of.x + c);
  hn::StoreInterleaved3(sample[1], sample[2], sample[3], d, of.before + 3 * c);
  auto sum = of.bias == nullptr ? hn::Zero(d) : hn::LoadU(d, of.bias + c);
  for (index_t w = 0; w < 4; ++w) sum = hn::Add(sum, hn::Mul(weight[w], sample[w]));
  hn::StoreU(silu(d, sum), d, of.y + c);
}

HWY_INLINE void convolve_one(conv_step const& of, index_t c) {
  one const d;
  float* const before = of.before + c * (of.width - 1);
  float const x = of.x[c];
  float sum = of.bias == nullptr ? 0 : of.bias[c];
  for (index_t w = 0; w < of.width; ++w) {
    float const sample = w + 1 < of.width ? before[w] : x;
    sum += of.weight[c * of.width + w] * sample;
    if (w > 0) before[w - 1] = sample;
  }
  hn::StoreU(silu(d, hn::Set(d, sum)), d, of.y + c);
}

void convolution(conv_step const& of, index_t first, index_t count) {
  constexpr index_t lanes = lanes_of<many>,
                    ahead = 4 * lanes;  // channels: some hundred cycles, in which memory answers
  index_t c = first;
  for (; of.width == 4 && c + lanes <= first + count; c += lanes) {
    if (c + ahead + lanes <= first + count)
      ask_for(of.weight + 4 * (c + ahead), 4 * lanes), ask_for(of.before + 3 * (c + ahead), 3 * lanes);
    convolve_four(of, c);
  }
  for (; c < first + count; ++c) convolve_one(of, c);
}

// The states [n, n + lanes) of one channel.
template <class D>
HWY_INLINE void update(D d, scan_step const& of, index_t c, index_t n, float step, float step_u) {
  float* const state = of.state + c * of.states + n;
  auto const a = exp(d, hn::Mul(hn::Set(d, step), hn::LoadU(d, of.A + c * of.states + n)));
  auto const b = hn::Mul(hn::Set(d, step_u), hn::LoadU(d, of.B + n));
  hn::StoreU(fused(d, a, hn::LoadU(d, state), b), d, state);
}

// A vector of channels: each one's states by vectors, then turned round, as their sum is taken in order.
template <class D>
HWY_INLINE void scan(D d, scan_step const& of, index_t c) {
  constexpr index_t lanes = lanes_of<D>;
  index_t const whole = of.states / lanes * lanes;
  auto const u = hn::LoadU(d, of.u + c);
  auto const step = softplus(d, hn::Add(hn::LoadU(d, of.delta + c), hn::LoadU(d, of.delta_bias + c)));
  HWY_ALIGN float steps[std::size_t{lanes}], steps_u[std::size_t{lanes}];
  hn::Store(step, d, steps), hn::Store(hn::Mul(step, u), d, steps_u);
  for (index_t lane = 0; lane < lanes; ++lane) {
    for (index_t n = 0; n < whole; n += lanes) update(d, of, c + lane, n, steps[lane], steps_u[lane]);
    for (index_t n = whole; n < of.states; ++n) update(one(), of, c + lane, n, steps[lane], steps_u[lane]);
  }
  float const* const state = of.state + c * of.states;
  auto sum = hn::Zero(d);
  for (index_t n = 0; n < whole; n += lanes)
    transpose(
        d, [&](index_t lane) { return state + lane * of.states + n; },
        [&](index_t k, hn::Vec<D> x) HWY_ATTR { sum = fused(d, hn::Set(d, of.C[n + k]), x, sum); });
  for (index_t n = whole; n < of.states; ++n) {
    HWY_ALIGN float x[std::size_t{lanes}];
    for (index_t lane = 0; lane < lanes; ++lane) x[lane] = state[lane * of.states + n];
    sum = fused(d, hn::Set(d, of.C[n]), hn::Load(d, x), sum);
  }
  sum = fused(d, hn::LoadU(d, of.D + c), u, sum);
  hn::StoreU(hn::Mul(sum, silu(d, hn::LoadU(d, of.z + c))), d, of.y + c);
}

void all_scans(scan_step const& of, index_t first, index_t count, upcoming_weight next) {
  constexpr index_t lanes = lanes_of<many>, ahead = 2 * lanes;
  // Of each of four streams: as many lines as A and the states have. More of them made the scan wait for memory.
  constexpr std::uintptr_t asked = lanes / 2;
  index_t c = first;
  for (; c + lanes <= first + count; c += lanes) {
    next.ask(asked);
    if (c + ahead + lanes <= of.channels)
      ask_for(of.A + (c + ahead) * of.states, lanes * of.states),
          ask_for(of.state + (c + ahead) * of.states, lanes * of.states);
    scan(many(), of, c);
  }
  for (; c < first + count; ++c) scan(one(), of, c);
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ssmscan::ssm::detail {

HWY_EXPORT(convolution);
HWY_EXPORT(all_scans);

void step_convolution(conv_step const& of, index_t first, index_t count) {
  HWY_DYNAMIC_DISPATCH(convolution)(of, first, count);
}
void step_scan(scan_step const& of, index_t first, index_t count, upcoming_weight next) {
  HWY_DYNAMIC_DISPATCH(all_scans)(of, first, count, next);
}

}  // namespace ssmscan::ssm::detail
#endif
