#pragma once
// The selective scan unfused: a and b are written to memory, (channel x state) lanes contiguous in time, device::linear_recurrence
// scans them by any of its algorithms, in place of b, and y is read out of the states. What the fused forms are compared with;
// any rule, type and strides. Some channels at a time, so that a and b stay inside unfused_bytes.
#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/selective_call.hpp>
#include <ssmscan/ssm/cuda/selective_general.cuh>

namespace ssmscan::device {

inline constexpr int unfused_threads = 256;

// Channels [first, first + count) of batch row `row`.
template <class V, class IO>
struct unfused_arguments {
  ssm::selective_problem<V, IO> problem;
  index_t row, first, count, states, time;
  V *a, *b;  // (channel, state, time)
  V* enter;  // (channel, state, sequence), or none
  index_t sequences;
};

// A channel and a step to each thread, steps along the threads.
struct unfused_place {
  index_t i, t;
};
__device__ inline unfused_place unfused_place_of(index_t time) {
  index_t const blocks = (time + unfused_threads - 1) / unfused_threads;
  return {blockIdx.x / blocks, blockIdx.x % blocks * unfused_threads + threadIdx.x};
}
template <class V, class IO>
__device__ bool is_inside(ssm::selective_problem<V, IO> const& p, index_t row, index_t t) {
  return p.begin.data() == nullptr || (p.begin.data()[row] <= t && t < p.end.data()[row]);
}

template <class V, class IO, ssm::selective_rule Rule>
__global__ void __launch_bounds__(unfused_threads) selective_fill_kernel(unfused_arguments<V, IO> const q) {
  using Real = typename ssm::real_part_of<V>::type;
  auto const& p = q.problem;
  auto const [i, t] = unfused_place_of(q.time);
  if (t >= q.time) return;
  index_t const c = q.first + i;
  bool const inside = is_inside(p, q.row, t);
  Real step = 0, u = 0;
  if (inside) {
    step = Real(
        widened(p.delta.data[q.row * p.delta.stride.batch + c * p.delta.stride.channel + t * p.delta.stride.time]));
    if (p.delta_bias.data() != nullptr) step += p.delta_bias.data()[c];
    if (p.activation == ssm::delta_activation::softplus) step = softplus(step);
    u = Real(widened(p.u.data[q.row * p.u.stride.batch + c * p.u.stride.channel + t * p.u.stride.time]));
  }
  auto const* const B = p.B.data + q.row * p.B.stride.batch + c / (p.u.shape.channel / p.B.groups) * p.B.stride.group +
                        t * p.B.stride.time;
  V const* const A = p.A.data + c * p.A.row_stride;
  for (index_t n = 0; n < q.states; ++n) {
    ssm::detail::selective_step<V> made{V(1), V(0)};  // of padding: x stays as it is
    if (inside) made = ssm::detail::discrete_step(Rule, step, u, A[n], widened_as<V>(B[n * p.B.stride.state]));
    index_t const at = (i * q.states + n) * q.time + t;
    q.a[at] = made.a, q.b[at] = made.b;
  }
}

// What each lane enters with, which linear_recurrence may not find where it leaves its last: a thread for each.
template <class V, class IO>
__global__ void __launch_bounds__(unfused_threads) selective_enter_kernel(unfused_arguments<V, IO> const q) {
  index_t const at = static_cast<index_t>(blockIdx.x) * unfused_threads + threadIdx.x;
  if (at >= q.count * q.states * q.sequences) return;
  auto const& from = q.problem.initial;
  index_t const k = at % q.sequences, n = at / q.sequences % q.states, i = at / q.sequences / q.states;
  q.enter[at] = from.data[q.row * from.stride.batch + (q.first + i) * from.stride.channel + k * from.stride.sequence +
                          n * from.stride.state];
}

// y from the states, which stand where b stood.
template <class V, class IO>
__global__ void __launch_bounds__(unfused_threads) selective_read_kernel(unfused_arguments<V, IO> const q) {
  using Real = typename ssm::real_part_of<V>::type;
  auto const& p = q.problem;
  auto const [i, t] = unfused_place_of(q.time);
  if (t >= q.time || !is_inside(p, q.row, t)) return;
  index_t const c = q.first + i;
  auto const* const C = p.C.data + q.row * p.C.stride.batch + c / (p.u.shape.channel / p.C.groups) * p.C.stride.group +
                        t * p.C.stride.time;
  Real sum = 0;
  for (index_t n = 0; n < q.states; ++n)
    sum = ssm::detail::read_out(widened_as<V>(C[n * p.C.stride.state]), q.b[(i * q.states + n) * q.time + t], sum);
  if constexpr (is_complex<V>) sum *= 2;
  if (p.D.data() != nullptr)
    sum = fma(p.D.data()[c],
              Real(widened(p.u.data[q.row * p.u.stride.batch + c * p.u.stride.channel + t * p.u.stride.time])), sum);
  if (p.z.data != nullptr)
    sum *= silu(Real(widened(p.z.data[q.row * p.z.stride.batch + c * p.z.stride.channel + t * p.z.stride.time])));
  p.y.data[q.row * p.y.stride.batch + c * p.y.stride.channel + t * p.y.stride.time] = narrowed<IO>(sum);
}

namespace detail {

template <class V, class IO>
void launch_unfused(ssm::selective_problem<V, IO> const& p, selective_call const& call, device::stream stream,
                    V* workspace) {
  unfused_workspace<V> const at(call, workspace);
  auto const fill = [&] {
    switch (p.rule) {
      case ssm::selective_rule::mamba:
        return &selective_fill_kernel<V, IO, ssm::selective_rule::mamba>;
      case ssm::selective_rule::zoh:
        return &selective_fill_kernel<V, IO, ssm::selective_rule::zoh>;
      default:
        return &selective_fill_kernel<V, IO, ssm::selective_rule::bilinear>;
    }
  }();
  auto const blocks_of = [](index_t threads) { return (threads + unfused_threads - 1) / unfused_threads; };
  for (index_t row = 0; row < call.batch; ++row) {
    for (index_t first = 0; first < call.channels; first += call.at_once) {
      index_t const count = std::min(call.at_once, call.channels - first);
      unfused_arguments<V, IO> const q{p,         row,  first, count,    call.states,
                                       call.time, at.a, at.b,  at.enter, call.sequences};
      launch_shape const steps{count * blocks_of(call.time), unfused_threads};
      launch(stream, steps, fill, q);
      if (p.initial.data != nullptr)
        launch(stream, {blocks_of(count * call.states * call.sequences), unfused_threads},
               &selective_enter_kernel<V, IO>, q);
      device::linear_recurrence(unfused_recurrence(p, call, row, first, count, at),
                                {.algorithm = call.made.algorithm,
                                 .inner = call.made.inner,
                                 .stream = stream,
                                 .workspace = {at.rest, call.scan_bytes}});
      launch(stream, steps, &selective_read_kernel<V, IO>, q);
    }
  }
}

}  // namespace detail
}  // namespace ssmscan::device
