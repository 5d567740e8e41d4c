#pragma once
// The short convolution before Mamba's scan: each channel by itself, over the present and the width - 1 samples before it.
#include <span>
#include <string>

#include <ssmscan/scan/detail/check_offsets.hpp>
#include <ssmscan/scan/tensor_view.hpp>
#include <ssmscan/ssm/layers/silu.hpp>
#include <ssmscan/ssm/selective_scan.hpp>  // selective_state: the same shape, samples in the place of states

namespace ssmscan::ssm {

enum class conv_activation { none, silu };

// y[t] = act(bias + sum_w weight[w] x[t - (width - 1) + w]), per channel: the last weight belongs to the present sample.
//
// x, y (batch, channel, time), any strides, y not overlapping x; weight (channel, width), width 1 to 16 (Mamba: 4); bias
// (channel) or empty. Before the first sample stand the width - 1 of `initial`, oldest first, or zeros; `final` gets the
// last width - 1 of them and the input: what `initial` of the next piece is. Packed by offsets as in selective_scan: no
// sequence reads another one's samples. width multiply-adds per sample, in order of w from the bias on (zeros included, so
// that a sequence in pieces gives the bits of one run). std::invalid_argument where the shapes do not fit.
// IO: what x and y are stored as; on the CPU, T.
template <class T, class IO = T>
struct causal_conv1d_problem {
  tensor_view<IO const> x{};
  matrix_view<T const> weight{};
  std::span<T const> bias{};
  tensor_view<IO> y{};
  conv_activation activation = conv_activation::none;
  selective_state<T const> initial{};  // (batch, channel, sequences, width - 1), or no data
  selective_state<T> final{};          // it may be initial
  std::span<index_t const> offsets{};
};

inline constexpr index_t greatest_conv_width = 16;

namespace detail {
// What can be wrong with it that no memory tells. How many sequences there are.
template <class T, class IO>
index_t check_causal_conv1d(causal_conv1d_problem<T, IO> const& p) {
  tensor_shape const shape = p.x.shape;
  index_t const width = p.weight.columns;
  if (width < 1 || width > greatest_conv_width)
    throw_invalid("weight", "a width of " + std::to_string(width), "1 to " + std::to_string(greatest_conv_width));
  require_matrix("weight", p.weight, shape.channel, width);
  if (p.y.shape != shape) throw_invalid("y", "another shape", "that of x");
  if (!p.bias.empty()) require_size("bias", p.bias.size(), shape.channel);
  return p.offsets.empty() ? 1 : static_cast<index_t>(p.offsets.size()) - 1;
}
}  // namespace detail

template <class T>
void causal_conv1d(causal_conv1d_problem<T> const& p) {
  detail::check_causal_conv1d(p);
  tensor_shape const shape = p.x.shape;
  index_t const width = p.weight.columns, past = width - 1;
  index_t const whole[2] = {0, shape.time};
  std::span<index_t const> const offsets = p.offsets.empty() ? std::span<index_t const>(whole) : p.offsets;
  ssmscan::detail::check_offsets(offsets, shape.time);

  for (index_t row = 0; row < shape.batch; ++row) {
    for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
      index_t const begin = offsets[k], end = offsets[k + 1], sequence = static_cast<index_t>(k);
      for (index_t c = 0; c < shape.channel; ++c) {
        T before[greatest_conv_width];  // samples begin - past .. begin - 1
        for (index_t w = 0; w < past; ++w)
          before[w] = p.initial.data == nullptr ? T(0) : p.initial(row, c, sequence, w);
        auto const sample = [&](index_t t) { return t < begin ? before[t - begin + past] : p.x(row, c, t); };
        T const* const weight = p.weight.row(c);
        T const bias = p.bias.empty() ? T(0) : p.bias[static_cast<std::size_t>(c)];
        for (index_t t = begin; t < end; ++t) {
          T sum = bias;
          for (index_t w = 0; w < width; ++w) sum += weight[w] * sample(t - past + w);
          p.y(row, c, t) = p.activation == conv_activation::silu ? silu(sum) : sum;
        }
        for (index_t w = 0; w < past && p.final.data != nullptr; ++w)
          p.final(row, c, sequence, w) = sample(end - past + w);
      }
    }
  }
}

}  // namespace ssmscan::ssm
