#include <ssmscan/ssm/cuda/layers/few_rows.cuh>
#include <ssmscan/ssm/cuda/mamba_step.hpp>
#include <ssmscan/ssm/cuda/selective_math.cuh>
#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::device::detail {
namespace {

static_assert(most_step_rows == most_few_rows);

// A tap of the convolution for each thread of a warp: they are at most 16.
struct convolved_output {
  static constexpr int blocks = 3;  // then in_proj's 3072 rows of mamba-130m have a warp each
  step_conv to;

  struct constants_type {
    float bias, weight, conv_bias;
  };
  template <int Rows>
  struct variables_type {
    float past[Rows];
  };
  template <int Rows>
  __device__ constants_type constants(index_t o, int lane) const {
    bool const is_u = o < to.inner;
    return {to.bias != nullptr ? to.bias[o] : 0.0f, is_u && lane < to.width ? to.weight[o * to.width + lane] : 0.0f,
            is_u && to.conv_bias != nullptr ? to.conv_bias[o] : 0.0f};
  }
  template <int Rows>
  __device__ variables_type<Rows> variables(index_t o, int lane, index_t tokens) const {
    variables_type<Rows> made;
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      bool const is_there = to.past != nullptr && o < to.inner && r < tokens && lane + 1 < to.width;
      made.past[r] = is_there ? to.past[(r * to.inner + o) * (to.width - 1) + lane] : 0.0f;
    }
    return made;
  }
  template <int Rows>
  __device__ void finish(index_t o, int lane, index_t tokens, float const (&sum)[Rows], constants_type const& given,
                         variables_type<Rows> const& before) const {
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      if (r >= tokens) break;
      float const value = sum[r] + given.bias;
      if (o >= to.inner) {
        if (lane == 0) to.z.data[r * to.z.stride + o - to.inner] = value;
        continue;
      }
      float const sample = lane + 1 == to.width ? value : before.past[r];
      float convolved = given.weight * sample;
      for (int distance = 8; distance > 0; distance /= 2)
        convolved += __shfl_xor_sync(0xffffffffu, convolved, distance);
      if (lane == 0) to.u.data[r * to.u.stride + o] = silu(convolved + given.conv_bias);
      if (to.past != nullptr && lane > 0 && lane < to.width)
        to.past[(r * to.inner + o) * (to.width - 1) + lane - 1] = sample;
    }
  }
};

// Row r by thread r.
struct stored_output {
  static constexpr int blocks = 2;
  float* y;
  index_t stride;
  float const* bias;
  into how;

  template <int Rows>
  __device__ float constants(index_t o, int) const {
    return bias != nullptr ? bias[o] : 0.0f;
  }
  template <int Rows>
  __device__ float variables(index_t o, int lane, index_t tokens) const {
    return how == into::add && lane < tokens ? y[lane * stride + o] : 0.0f;
  }
  template <int Rows>
  __device__ void finish(index_t o, int lane, index_t tokens, float const (&sum)[Rows], float of_bias,
                         float before) const {
#pragma unroll
    for (int r = 0; r < Rows; ++r)
      if (lane == r && r < tokens) y[r * stride + o] = before + (sum[r] + of_bias);
  }
};

// A channel of a token for each group of threads, a state for each thread of it at a time.
constexpr int group_threads = 16, scan_threads = 128;

// Of every thread of the group.
__device__ float sum_of_group(float x) {
  for (int distance = group_threads / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(0xffffffffu, x, distance);
  return x;
}

constexpr int early_weights = 4;  // of dt_proj's row, for each thread: a rank of 64

template <class W>
__global__ void __launch_bounds__(scan_threads)
    step_scan_kernel(weight_rows<W> const dt_proj, step_scan const q, index_t channels) {
  cudaTriggerProgrammaticLaunchCompletion();
  index_t const channel = (static_cast<index_t>(blockIdx.x) * scan_threads + threadIdx.x) / group_threads;
  int const lane = threadIdx.x % group_threads;
  bool const is_one = channel < channels;
  index_t const r = is_one ? channel / q.inner : 0, c = is_one ? channel % q.inner : 0;
  W const* const weight_row = dt_proj.data + c * dt_proj.stride;
  float const* const A = q.A + c * q.states;
  bool const has_state = lane < q.states;
  // What no kernel writes, before those before are done.
  float weight[early_weights];
#pragma unroll
  for (int j = 0; j < early_weights; ++j) {
    index_t const k = lane + j * group_threads;
    weight[j] = k < q.rank ? float(widened(weight_row[k])) : 0.0f;
  }
  float const first_A = has_state ? A[lane] : 0.0f, dt_bias = q.dt_bias[c], D = q.D[c];
  cudaGridDependencySynchronize();

  float const* const projected = q.projected.data + r * q.projected.stride;
  float const *const B = projected + q.rank, *const C = B + q.states;
  float* const state = q.state != nullptr ? q.state + (r * q.inner + c) * q.states : nullptr;
  float const u = q.u.data[r * q.u.stride + c], z = q.z.data[r * q.z.stride + c];
  float const first_B = has_state ? B[lane] : 0.0f, first_C = has_state ? C[lane] : 0.0f;
  float const first_state = has_state && state != nullptr ? state[lane] : 0.0f;
  float low_rank[early_weights];
#pragma unroll
  for (int j = 0; j < early_weights; ++j) {
    index_t const k = lane + j * group_threads;
    low_rank[j] = k < q.rank ? projected[k] : 0.0f;
  }
  float delta = 0;
#pragma unroll
  for (int j = 0; j < early_weights; ++j) delta = fmaf(weight[j], low_rank[j], delta);
  for (index_t k = lane + early_weights * group_threads; k < q.rank; k += group_threads)
    delta = fmaf(widened(weight_row[k]), projected[k], delta);
  float const step = softplus(sum_of_group(delta) + dt_bias);

  auto const advance = [&](index_t n, float a, float b, float c_n, float before, float sum) {
    auto const made = ssm::detail::discrete_step(ssm::selective_rule::mamba, step, u, a, b);
    float const x = fmaf(made.a, before, made.b);
    if (state != nullptr && is_one) state[n] = x;
    return ssm::detail::read_out(c_n, x, sum);
  };
  float sum = has_state ? advance(lane, first_A, first_B, first_C, first_state, 0.0f) : 0.0f;
  for (index_t n = lane + group_threads; n < q.states; n += group_threads)
    sum = advance(n, A[n], B[n], C[n], state != nullptr ? state[n] : 0.0f, sum);
  sum = sum_of_group(sum);
  if (lane == 0 && is_one) q.y.data[r * q.y.stride + c] = fmaf(D, u, sum) * silu(z);
}

}  // namespace

void launch_step_conv(device_matrix const& in_proj, step_rows residual, step_norm norm, index_t tokens,
                      step_conv const& conv, int multiprocessors, device::stream stream) {
  normal_input const x{residual.data, residual.stride, tokens, norm.weight, norm.epsilon};
  in_proj.visit(
      [&](auto const& weight) { launch_few_rows(weight, x, convolved_output{conv}, multiprocessors, stream); });
}

void launch_step_product(device_matrix const& weight, step_rows x, step_norm const* norm, index_t tokens,
                         float const* bias, step_rows y, int multiprocessors, device::stream stream) {
  stored_output const output{y.data, y.stride, bias, into::replace};
  weight.visit([&](auto const& rows) {
    if (norm == nullptr)
      launch_few_rows(rows, plain_input{x.data, x.stride, tokens}, output, multiprocessors, stream);
    else
      launch_few_rows(rows, normal_input{x.data, x.stride, tokens, norm->weight, norm->epsilon}, output,
                      multiprocessors, stream);
  });
}

void launch_step_sum(device_matrix const& out_proj, step_rows y, index_t tokens, float const* bias, step_rows residual,
                     int multiprocessors, device::stream stream) {
  stored_output const output{residual.data, residual.stride, bias, into::add};
  out_proj.visit([&](auto const& weight) {
    launch_few_rows(weight, plain_input{y.data, y.stride, tokens}, output, multiprocessors, stream);
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
