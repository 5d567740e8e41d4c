#pragma once
// B and C copied for fused_time, so that the rows of every sequence begin at 16 bytes. Blocks of channels bring them to shared
// memory some hundred times over, by words of 4 bytes where they lie anyhow; here they are read that way once.
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_slots.cuh>
#include <ssmscan/ssm/cuda/selective_tiles.cuh>

namespace ssmscan::device {

// q's B and C become the copies; how many pieces both have.
template <class IO, class Real>
index_t copied_coefficients(fused_arguments<IO, Real>& q) {
  index_t const row = copied_from(q.time, q.sequences, piece_bytes / sizeof(IO));
  IO* to = q.copied;
  for (coefficient_rows<IO>* const of : {&q.B, &q.C}) {
    index_t const groups = q.channels / of->channels;
    *of = {to, groups * q.states * row, q.states * row, row, of->channels};
    to += q.batch * groups * q.states * row;
  }
  return (to - q.copied) / (piece_bytes / index_t{sizeof(IO)});
}

// A thread for each piece of q's B and C; zeros where it has steps of no sequence.
template <class IO, class Real>
__global__ void copy_coefficients_kernel(fused_arguments<IO, Real> const p, fused_arguments<IO, Real> const q) {
  constexpr int steps = static_cast<int>(piece_bytes / sizeof(IO));
  index_t const thread = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  index_t const row_pieces = q.B.state / steps, pieces_of_B = q.batch * q.B.batch / steps;
  bool const is_B = thread < pieces_of_B;
  coefficient_rows<IO> const from = is_B ? p.B : p.C, to = is_B ? q.B : q.C;
  index_t const piece = is_B ? thread : thread - pieces_of_B;
  if (piece >= q.batch * to.batch / steps) return;
  index_t const at = piece % row_pieces * steps, row = piece / row_pieces;
  index_t const n = row % q.states, groups = q.channels / to.channels, group = row / q.states % groups;
  index_t const batch = row / q.states / groups;

  index_t k = 0, a = 0, b = p.time;
  if (p.offsets != nullptr) {
    for (index_t above = p.sequences; above - k > 1;) {
      index_t const middle = k + (above - k) / 2;
      (copied_from(clamped(p.offsets[middle], p.time), middle, steps) <= at ? k : above) = middle;
    }
    a = clamped(p.offsets[k], p.time), b = clamped(p.offsets[k + 1], p.time);
  } else if (p.begin != nullptr) {
    a = clamped(p.begin[batch], p.time), b = clamped(p.end[batch], p.time);
  }
  IO const* const values = from.data + batch * from.batch + group * from.group + n * from.state;
  index_t const t = a + (at - copied_from(a, k, steps));
  IO made[steps];
#pragma unroll
  for (int j = 0; j < steps; ++j) made[j] = a <= t + j && t + j < b ? values[t + j] : IO{};
  pack<IO, steps> packed{};
#pragma unroll
  for (int j = 0; j < steps; ++j) packed.set(j, made + j);
  const_cast<pack<IO, steps>*>(reinterpret_cast<pack<IO, steps> const*>(to.data))[piece] = packed;
}

}  // namespace ssmscan::device
