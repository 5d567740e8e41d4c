#include <ssmscan/ssm/cuda/layers/few_rows.cuh>
#include <ssmscan/ssm/cuda/mamba_step.hpp>
#include <ssmscan/ssm/cuda/selective_math.cuh>
#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::device::detail {
namespace {

static_assert(most_step_rows == most_few_rows);

struct convolved_output {
  step_conv to;

  __device__ void ask(index_t r, index_t o) const {
    if (to.bias != nullptr) ask_for(to.bias + o);
    if (o >= to.inner) return;
    ask_for(to.weight + o * to.width);
    if (to.conv_bias != nullptr) ask_for(to.conv_bias + o);
    if (to.past != nullptr) ask_for(to.past + (r * to.inner + o) * (to.width - 1));
  }
  __device__ void operator()(index_t r, index_t o, float value) const {
    if (to.bias != nullptr) value += to.bias[o];
    if (o >= to.inner) {
      to.z.data[r * to.z.stride + o - to.inner] = value;
      return;
    }
    float const* const weight = to.weight + o * to.width;
    float sum = to.conv_bias != nullptr ? to.conv_bias[o] : 0.0f;
    if (to.past != nullptr) {
      float* const past = to.past + (r * to.inner + o) * (to.width - 1);
      for (index_t w = 0; w + 1 < to.width; ++w) {
        float const sample = past[w];
        sum = fmaf(weight[w], sample, sum);
        if (w > 0) past[w - 1] = sample;
      }
      if (to.width > 1) past[to.width - 2] = value;
    }
    to.u.data[r * to.u.stride + o] = silu(fmaf(weight[to.width - 1], value, sum));
  }
};

struct stored_output {
  float* y;
  index_t stride;
  float const* bias;
  into how;

  __device__ void ask(index_t, index_t o) const {
    if (bias != nullptr) ask_for(bias + o);
  }
  __device__ void operator()(index_t r, index_t o, float value) const {
    if (bias != nullptr) value += bias[o];
    float& to = y[r * stride + o];
    to = how == into::add ? to + value : value;
  }
};

few_rows_input input_of(step_rows x, index_t tokens, step_norm const* norm) {
  return norm == nullptr ? few_rows_input{x.data, x.stride, tokens}
                         : few_rows_input{x.data, x.stride, tokens, norm->weight, norm->epsilon};
}

// A channel of a token for each group of threads, a state for each thread of it at a time.
constexpr int group_threads = 16, scan_threads = 128;

// Of every thread of the group.
__device__ float sum_of_group(float x) {
  for (int distance = group_threads / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(0xffffffffu, x, distance);
  return x;
}

template <class W>
__global__ void __launch_bounds__(scan_threads)
    step_scan_kernel(weight_rows<W> const dt_proj, step_scan const q, index_t channels) {
  cudaTriggerProgrammaticLaunchCompletion();
  index_t const channel = (static_cast<index_t>(blockIdx.x) * scan_threads + threadIdx.x) / group_threads;
  int const lane = threadIdx.x % group_threads;
  bool const is_one = channel < channels;
  index_t const r = is_one ? channel / q.inner : 0, c = is_one ? channel % q.inner : 0;
  W const* const weight = dt_proj.data + c * dt_proj.stride;
  float const* const A = q.A + c * q.states;
  float* const state = q.state != nullptr ? q.state + (r * q.inner + c) * q.states : nullptr;
  for (index_t k = lane; k < q.rank; k += group_threads) ask_for(weight + k);
  for (index_t n = lane; n < q.states; n += group_threads) {
    ask_for(A + n);
    if (state != nullptr) ask_for(state + n);
  }
  if (lane == 0) ask_for(q.dt_bias + c), ask_for(q.D + c);
  cudaGridDependencySynchronize();

  float const* const projected = q.projected.data + r * q.projected.stride;
  float const *const B = projected + q.rank, *const C = B + q.states;
  float const u = q.u.data[r * q.u.stride + c], z = q.z.data[r * q.z.stride + c];
  float delta = 0;
  for (index_t k = lane; k < q.rank; k += group_threads) delta = fmaf(widened(weight[k]), projected[k], delta);
  float const step = softplus(sum_of_group(delta) + q.dt_bias[c]);
  float sum = 0;
  for (index_t n = lane; n < q.states; n += group_threads) {
    auto const made = ssm::detail::discrete_step(ssm::selective_rule::mamba, step, u, A[n], B[n]);
    float const x = fmaf(made.a, state != nullptr ? state[n] : 0.0f, made.b);
    if (state != nullptr && is_one) state[n] = x;
    sum = ssm::detail::read_out(C[n], x, sum);
  }
  sum = sum_of_group(sum);
  if (lane == 0 && is_one) q.y.data[r * q.y.stride + c] = fmaf(q.D[c], u, sum) * silu(z);
}

}  // namespace

void launch_step_conv(device_matrix const& in_proj, step_rows residual, step_norm norm, index_t tokens,
                      step_conv const& conv, int multiprocessors, device::stream stream) {
  in_proj.visit([&](auto const& weight) {
    launch_few_rows(weight, input_of(residual, tokens, &norm), convolved_output{conv}, multiprocessors, stream);
  });
}

void launch_step_product(device_matrix const& weight, step_rows x, step_norm const* norm, index_t tokens,
                         float const* bias, step_rows y, int multiprocessors, device::stream stream) {
  weight.visit([&](auto const& rows) {
    launch_few_rows(rows, input_of(x, tokens, norm), stored_output{y.data, y.stride, bias, into::replace},
                    multiprocessors, stream);
  });
}

void launch_step_sum(device_matrix const& out_proj, step_rows y, index_t tokens, float const* bias, step_rows residual,
                     int multiprocessors, device::stream stream) {
  out_proj.visit([&](auto const& weight) {
    launch_few_rows(weight, input_of(y, tokens, nullptr),
                    stored_output{residual.data, residual.stride, bias, into::add}, multiprocessors, stream);
  });
}

void launch_step_scan(device_matrix const& dt_proj, step_scan const& scan, index_t tokens, device::stream stream) {
  constexpr index_t channels_of_block = scan_threads / group_threads;
  index_t const channels = tokens * scan.inner;
  dt_proj.visit([&]<class W>(weight_rows<W> const& weight) {
    launch(stream, {(channels + channels_of_block - 1) / channels_of_block, scan_threads, 0, 1, start::beside_the_last},
           &step_scan_kernel<W>, weight, scan, channels);
  });
}

}  // namespace ssmscan::device::detail
