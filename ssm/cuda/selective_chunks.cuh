#pragma once
// What lies between and after the passes over a sequence's chunks: the states they enter with, and what is no longer finite.
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_math.cuh>
#include <ssmscan/ssm/cuda/selective_slots.cuh>

namespace ssmscan::device {

// Between the passes: from what each chunk adds and shrinks by, what each enters with; a thread for each state of each
// sequence.
template <class IO, class Real>
__global__ void selective_carry_kernel(fused_arguments<IO, Real> const p) {
  index_t const states = p.batch * p.channels * p.states;
  index_t const thread = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (thread >= states * p.sequences) return;
  index_t const sequence = thread / states, place = thread % states;
  index_t const n = place % p.states, channel = place / p.states % p.channels, batch = place / p.states / p.channels;
  index_t const first_slot = p.offsets != nullptr ? clamped(p.offsets[sequence], p.time) / p.chunk + sequence : 0;
  index_t a = 0, b = p.time;
  if (p.offsets != nullptr)
    a = clamped(p.offsets[sequence], p.time), b = clamped(p.offsets[sequence + 1], p.time);
  else if (p.begin != nullptr)
    a = clamped(p.begin[batch], p.time), b = clamped(p.end[batch], p.time);
  index_t const chunks = b > a ? (b - a + p.chunk - 1) / p.chunk : 1;
  Real x = p.initial.data == nullptr ? Real(0)
                                     : p.initial.data[batch * p.initial.batch + channel * p.initial.channel +
                                                      sequence * p.initial.sequence + n * p.initial.state];
  p.poisoned[place * p.sequences + sequence] = nowhere;
  Real* const enter = p.enter + first_slot * states + place;
  Real const* const shrink = p.shrink + first_slot * states + place;
  constexpr int ahead = 8;
  for (index_t k = 0; k < chunks; k += ahead) {
    Real added[ahead], shrunk[ahead];
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      bool const has = k + i + 1 < chunks;  // the last one's are not computed
      added[i] = has ? enter[(k + i) * states] : Real(0);
      shrunk[i] = has ? shrink[(k + i) * states] : Real(0);
    }
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      if (k + i < chunks) enter[(k + i) * states] = x;
      x = fma(shrunk[i], x, added[i]);
    }
  }
}

// After the passes: a state that stopped being finite in a chunk, before the steps that the first pass looked at, stays so in
// all chunks after it. A block for each sequence of each channel.
template <class IO, class Real>
__global__ void selective_poison_kernel(fused_arguments<IO, Real> const p) {
  index_t const row = blockIdx.x, k = row % p.sequences, lane = row / p.sequences;
  index_t const c = lane % p.channels, batch = lane / p.channels;
  unsigned long long first = nowhere;
  for (index_t n = 0; n < p.states; ++n) {
    unsigned long long const from = p.poisoned[(lane * p.states + n) * p.sequences + k];
    first = from < first ? from : first;
    if (from != nowhere && p.final.data != nullptr && threadIdx.x == 0)
      p.final.data[batch * p.final.batch + c * p.final.channel + k * p.final.sequence + n * p.final.state] = Real(NAN);
  }
  if (first == nowhere) return;
  index_t end = p.time;
  if (p.offsets != nullptr)
    end = clamped(p.offsets[k + 1], p.time);
  else if (p.begin != nullptr)
    end = clamped(p.end[batch], p.time);
  for (index_t t = static_cast<index_t>(first) + threadIdx.x; t < end; t += blockDim.x)
    p.y.data[batch * p.y.batch + c * p.y.channel + t] = narrowed<IO>(Real(NAN));
}

}  // namespace ssmscan::device
