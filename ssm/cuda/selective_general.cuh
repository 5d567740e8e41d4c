#pragma once
// The selective scan of whatever the fused kernel does not take: complex numbers, the other rules, any number of states, any
// strides, constant B and C. A warp walks along one sequence of one channel; its threads share the states, which lie in
// shared memory, or in the workspace where they are more than fit there.
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_math.cuh>
#include <ssmscan/ssm/cuda/selective_slots.cuh>
#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::device {

inline constexpr int general_warps = 4;

template <class V, class IO>
struct general_arguments {
  ssm::selective_problem<V, IO> problem;
  index_t batch, channels, time, states, sequences;
  V* workspace;  // none: shared memory
  // As range_of asks for them.
  index_t const *offsets, *begin, *end;
  index_t chunk;
};

template <class V, class T>
__device__ V widened_as(T x) {
  if constexpr (std::is_same_v<T, V>) {
    return x;
  } else {
    return V(widened(x));
  }
}

template <class V, class IO, ssm::selective_rule Rule>
__global__ void __launch_bounds__(32 * general_warps) selective_general_kernel(general_arguments<V, IO> const q) {
  using Real = typename ssm::real_part_of<V>::type;
  extern __shared__ __align__(16) unsigned char shared[];
  auto const& p = q.problem;
  int const warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  index_t const row = static_cast<index_t>(blockIdx.x) * general_warps + warp;
  if (row >= q.batch * q.channels * q.sequences) return;
  index_t const k = row % q.sequences, c = row / q.sequences % q.channels, batch = row / q.sequences / q.channels;
  slot_range const range = range_of(q, batch, k);
  V* const x = q.workspace != nullptr ? q.workspace + row * q.states : reinterpret_cast<V*>(shared) + warp * q.states;
  for (index_t n = lane; n < q.states; n += 32)
    x[n] = p.initial.data == nullptr ? V(0)
                                     : p.initial.data[batch * p.initial.stride.batch + c * p.initial.stride.channel +
                                                      k * p.initial.stride.sequence + n * p.initial.stride.state];
  auto const row_of = [&](auto const& view) { return view.data + batch * view.stride.batch + c * view.stride.channel; };
  auto const group_of = [&](auto const& of) {
    return of.data + batch * of.stride.batch + c / (q.channels / of.groups) * of.stride.group;
  };
  auto const *const u_row = row_of(p.u), *const delta_row = row_of(p.delta), *const z_row = row_of(p.z);
  auto* const y_row = row_of(p.y);
  auto const *const B = group_of(p.B), *const C = group_of(p.C);
  V const* const A = p.A.data + c * p.A.row_stride;
  Real const bias = p.delta_bias.data() != nullptr ? p.delta_bias.data()[c] : Real(0);
  for (index_t t = range.begin; t < range.end; ++t) {
    Real step = Real(widened(delta_row[t * p.delta.stride.time]));
    if (p.delta_bias.data() != nullptr) step += bias;
    if (p.activation == ssm::delta_activation::softplus) step = softplus(step);
    Real const u = Real(widened(u_row[t * p.u.stride.time]));
    Real sum = 0;
    for (index_t n = lane; n < q.states; n += 32) {
      auto const made =
          ssm::detail::discrete_step(Rule, step, u, A[n], widened_as<V>(B[n * p.B.stride.state + t * p.B.stride.time]));
      x[n] = multiply_add(made.a, x[n], made.b);
      sum = ssm::detail::read_out(widened_as<V>(C[n * p.C.stride.state + t * p.C.stride.time]), x[n], sum);
    }
    for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, distance);
    if (lane == 0) {
      if constexpr (is_complex<V>) sum *= 2;
      if (p.D.data() != nullptr) sum = fma(p.D.data()[c], u, sum);
      if (p.z.data != nullptr) sum *= silu(Real(widened(z_row[t * p.z.stride.time])));
      y_row[t * p.y.stride.time] = narrowed<IO>(sum);
    }
  }
  if (p.final.data == nullptr) return;
  for (index_t n = lane; n < q.states; n += 32)
    p.final.data[batch * p.final.stride.batch + c * p.final.stride.channel + k * p.final.stride.sequence +
                 n * p.final.stride.state] = x[n];
}

// y = 0 outside [begin, end); a block for each row.
template <class IO>
__global__ void clear_padding_kernel(tensor_view<IO> const y, index_t const* begin, index_t const* end) {
  index_t const batch = blockIdx.x / y.shape.channel, c = blockIdx.x % y.shape.channel;
  index_t const a = clamped(begin[batch], y.shape.time), b = clamped(end[batch], y.shape.time);
  IO* const row = y.data + batch * y.stride.batch + c * y.stride.channel;
  for (index_t t = threadIdx.x; t < y.shape.time; t += blockDim.x)
    if (t < a || t >= b) row[t * y.stride.time] = IO{};
}

}  // namespace ssmscan::device
