#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/check_views.hpp>
#include <ssmscan/ssm/cuda/layers/causal_conv1d.hpp>
#include <ssmscan/ssm/cuda/selective_math.cuh>

namespace ssmscan::device {
namespace {

constexpr int conv_threads = 256;

// Plain pointers: a span's members are no device functions.
template <class IO>
struct conv_arguments {
  ssm::causal_conv1d_problem<float, IO> problem;
  float const* bias;
  index_t const* offsets;
  index_t sequences;
  bool silu;
};

struct sequence_range {
  index_t index, begin, end;
};

// Offsets that do not hold what they must are kept inside the signal.
template <class IO>
__device__ sequence_range range_of_sequence(conv_arguments<IO> const& q, index_t k) {
  index_t const time = q.problem.x.shape.time;
  if (q.offsets == nullptr) return {0, 0, time};
  auto const inside = [&](index_t t) { return t < 0 ? 0 : t > time ? time : t; };
  index_t const begin = inside(q.offsets[k]), end = inside(q.offsets[k + 1]);
  return {k, begin, end < begin ? begin : end};
}

// The sequence of step t: the last that begins at or before it.
template <class IO>
__device__ sequence_range sequence_at(conv_arguments<IO> const& q, index_t t) {
  index_t low = 0, high = q.offsets == nullptr ? 1 : q.sequences;
  while (high - low > 1) {
    index_t const middle = low + (high - low) / 2;
    (q.offsets[middle] <= t ? low : high) = middle;
  }
  return range_of_sequence(q, low);
}

// The sample at t, which may be one of those before its sequence.
template <class IO>
__device__ float sample_at(conv_arguments<IO> const& q, index_t batch, index_t c, sequence_range of, index_t t) {
  if (t >= of.begin) return widened(q.problem.x(batch, c, t));
  index_t const past = q.problem.weight.columns - 1, w = t - of.begin + past;
  return q.problem.initial.data == nullptr || w < 0 ? 0.0f : q.problem.initial(batch, c, of.index, w);
}

// A thread for each sample; neighbours along the axis whose samples are neighbours in memory.
template <class IO>
__global__ void __launch_bounds__(conv_threads) causal_conv1d_kernel(conv_arguments<IO> const q) {
  auto const& p = q.problem;
  index_t const samples = p.x.shape.batch * p.x.shape.channel * p.x.shape.time;
  index_t const i = static_cast<index_t>(blockIdx.x) * conv_threads + threadIdx.x;
  if (i >= samples) return;
  bool const channels_first = p.y.stride.channel == 1 && p.y.stride.time != 1;
  index_t const fast = channels_first ? p.x.shape.channel : p.x.shape.time;
  index_t const slow = channels_first ? p.x.shape.time : p.x.shape.channel;
  index_t const row = i / fast, batch = row / slow;
  index_t const c = channels_first ? i % fast : row % slow, t = channels_first ? row % slow : i % fast;
  sequence_range const of = sequence_at(q, t);
  index_t const width = p.weight.columns;
  float sum = q.bias != nullptr ? q.bias[c] : 0.0f;
  for (index_t w = 0; w < width; ++w) sum = fmaf(p.weight(c, w), sample_at(q, batch, c, of, t - (width - 1) + w), sum);
  p.y(batch, c, t) = narrowed<IO>(q.silu ? silu(sum) : sum);
}

// A thread for each sequence of a channel: ascending, as final may be initial.
template <class IO>
__global__ void __launch_bounds__(conv_threads) last_samples_kernel(conv_arguments<IO> const q) {
  auto const& p = q.problem;
  index_t const i = static_cast<index_t>(blockIdx.x) * conv_threads + threadIdx.x;
  if (i >= p.x.shape.batch * p.x.shape.channel * q.sequences) return;
  index_t const k = i % q.sequences, c = i / q.sequences % p.x.shape.channel,
                batch = i / q.sequences / p.x.shape.channel;
  sequence_range const of = range_of_sequence(q, k);
  index_t const past = p.weight.columns - 1;
  for (index_t w = 0; w < past; ++w) p.final(batch, c, k, w) = sample_at(q, batch, c, of, of.end - past + w);
}

index_t blocks_of(index_t threads) { return (threads + conv_threads - 1) / conv_threads; }

}  // namespace

template <class IO>
void causal_conv1d(ssm::causal_conv1d_problem<float, IO> const& p, device::stream stream,
                   std::span<index_t const> host_offsets) {
  index_t const sequences = ssm::detail::check_causal_conv1d(p);
  if (!p.offsets.empty() && sequences < 1) throw_invalid("offsets", "1 value", "at least 2");
  detail::need_view("x", p.x, p.x.shape, "(batch, channel, time)");
  detail::need_view("y", p.y, p.x.shape, "(batch, channel, time) of x");
  if (!host_offsets.empty()) {
    if (host_offsets.size() != p.offsets.size())
      throw_invalid("host_offsets", std::to_string(host_offsets.size()) + " values",
                    "a copy of offsets, which has " + std::to_string(p.offsets.size()));
    ssmscan::detail::check_offsets(host_offsets, p.x.shape.time);
  }
  if (ssmscan::detail::overlap(p.y, p.x)) throw_invalid("y", "memory that overlaps x", "memory of its own");
  conv_arguments<IO> const q{p, p.bias.data(), p.offsets.data(), sequences, p.activation == ssm::conv_activation::silu};
  index_t const lanes = p.x.shape.batch * p.x.shape.channel;
  launch(stream, {blocks_of(lanes * p.x.shape.time), conv_threads}, &causal_conv1d_kernel<IO>, q);
  if (p.final.data != nullptr && p.weight.columns > 1)
    launch(stream, {blocks_of(lanes * sequences), conv_threads}, &last_samples_kernel<IO>, q);
}

#define SSMSCAN_INSTANTIATE(IO)                                                                                     \
  template SSMSCAN_SSM_CUDA_EXPORT void causal_conv1d(ssm::causal_conv1d_problem<float, IO> const&, device::stream, \
                                                      std::span<index_t const>);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(ssm::bfloat16)
SSMSCAN_INSTANTIATE(ssm::float16)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::device
