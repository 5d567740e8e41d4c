#include <algorithm>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/mamba_step.hpp>
#include <ssmscan/ssm/layers/causal_conv1d.hpp>
#include <ssmscan/ssm/layers/embedding.hpp>
#include <ssmscan/ssm/layers/linear.hpp>
#include <ssmscan/ssm/layers/rms_norm.hpp>
#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::ssm {
namespace {

using in = matrix_view<float const>;
using out = matrix_view<float>;

std::size_t size(index_t n) { return static_cast<std::size_t>(n); }

bool no_elements(mamba_matrix const& matrix) {
  return std::visit([](auto const& values) { return values.empty(); }, matrix);
}

void project(in x, mamba_matrix const& weight, std::span<float const> bias, out y) {
  std::visit(
      [&]<class W>(std::vector<W> const& values) {
        linear(x, matrix_view<W const>(values.data(), y.columns, x.columns), bias, y);
      },
      weight);
}

}  // namespace

mamba_matrix const& mamba_model::head() const { return no_elements(head_) ? embedding_ : head_; }

mamba_cache mamba_model::make_cache(index_t batch) const {
  if (batch < 0) throw_invalid("batch", std::to_string(batch), "0 or more");
  mamba_cache cache{batch, {}, {}};
  cache.conv.assign(blocks_.size(), std::vector<float>(size(batch * config_.inner * (config_.width - 1))));
  cache.state.assign(blocks_.size(), std::vector<float>(size(batch * config_.inner * config_.states)));
  return cache;
}

std::size_t mamba_model::bytes_per_token() const {
  auto const bytes_of = [](mamba_matrix const& matrix) {
    return std::visit([](auto const& values) { return values.size() * sizeof values[0]; }, matrix);
  };
  std::size_t bytes = bytes_of(head()) + sizeof(float) * final_norm_.size();
  for (mamba_block const& b : blocks_) {
    for (auto const* matrix : {&b.in_proj, &b.x_proj, &b.dt_proj, &b.out_proj}) bytes += bytes_of(*matrix);
    for (auto const* values : {&b.norm, &b.in_bias, &b.conv, &b.conv_bias, &b.dt_bias, &b.A, &b.D, &b.out_bias})
      bytes += sizeof(float) * values->size();
  }
  return bytes;
}

namespace {

// The convolution of all channels, so many by a thread at a time: each is by itself.
void convolve(causal_conv1d_problem<float> const& all) {
  constexpr index_t at_once = 128, worth_threads = index_t{1} << 10;  // outputs: some 30 us
  index_t const channels = all.x.shape.channel, outputs = all.x.shape.batch * channels * all.x.shape.time;
  if (all.weight.columns < 1 || all.weight.columns > greatest_conv_width)
    return causal_conv1d(all);  // which refuses it, as no thread may
#pragma omp parallel for schedule(static) if (outputs >= worth_threads)
  for (index_t first = 0; first < channels; first += at_once) {
    index_t const count = std::min(at_once, channels - first);
    causal_conv1d_problem<float> part = all;
    part.x.data += first * all.x.stride.channel, part.x.shape.channel = count;
    part.y.data += first * all.y.stride.channel, part.y.shape.channel = count;
    part.weight = {all.weight.row(first), count, all.weight.columns, all.weight.row_stride};
    if (!all.bias.empty()) part.bias = all.bias.subspan(size(first), size(count));
    if (all.initial.data != nullptr) part.initial.data += first * all.initial.stride.channel;
    if (all.final.data != nullptr) part.final.data += first * all.final.stride.channel;
    causal_conv1d(part);
  }
}

}  // namespace

// Activations are (tokens, features): the scan sees channels contiguous and time strided.
void mamba_model::block(mamba_block const& w, std::size_t layer, index_t batch, index_t time,
                        std::vector<float>& residual, mamba_run const& run) const {
  mamba_config const& c = config_;
  index_t const tokens = batch * time, parameters = c.rank + 2 * c.states;
  if (tokens == 0) return;  // nothing to add, and the cache stays as it is
  std::vector<float> normal(size(tokens * c.hidden)), xz(size(tokens * 2 * c.inner)), x(size(tokens * c.inner)),
      projected(size(tokens * parameters)), delta(size(tokens * c.inner));
  rms_norm<float>(in(residual.data(), tokens, c.hidden), w.norm, static_cast<float>(c.epsilon),
                  out(normal.data(), tokens, c.hidden));
  project(in(normal.data(), tokens, c.hidden), w.in_proj, w.in_bias, out(xz.data(), tokens, 2 * c.inner));

  tensor_shape const shape{batch, c.inner, time};
  auto const strided = [&](index_t row) { return tensor_shape{time * row, 1, row}; };  // tokens `row` floats apart
  causal_conv1d_problem<float> conv;
  conv.x = {xz.data(), shape, strided(2 * c.inner)};
  conv.weight = {w.conv.data(), c.inner, c.width};
  conv.bias = w.conv_bias;
  conv.y = {x.data(), shape, strided(c.inner)};
  conv.activation = conv_activation::silu;
  if (run.cache != nullptr && c.width > 1) {
    conv.final = dense_state(run.cache->conv[layer].data(), c.inner, c.width - 1);
    conv.initial = {conv.final.data, {conv.final.stride.batch, conv.final.stride.channel, 0, 1}};
  }
  convolve(conv);

  project(in(x.data(), tokens, c.inner), w.x_proj, {}, out(projected.data(), tokens, parameters));
  project(in(projected.data(), tokens, c.rank, parameters), w.dt_proj, {}, out(delta.data(), tokens, c.inner));

  selective_problem<float> scan;
  scan.u = tensor_view<float const>(x.data(), shape, strided(c.inner));
  scan.delta = tensor_view<float const>(delta.data(), shape, strided(c.inner));
  scan.A = {w.A.data(), c.inner, c.states};
  scan.B = {projected.data() + c.rank, 1, {time * parameters, 0, 1, parameters}};
  scan.C = {projected.data() + c.rank + c.states, 1, {time * parameters, 0, 1, parameters}};
  scan.D = w.D;
  scan.delta_bias = w.dt_bias;
  scan.activation = delta_activation::softplus;
  scan.z = tensor_view<float const>(xz.data() + c.inner, shape, strided(2 * c.inner));
  scan.y = {x.data(), shape, strided(c.inner)};  // in the place of u
  if (run.cache != nullptr) {
    scan.final = dense_state(run.cache->state[layer].data(), c.inner, c.states);
    scan.initial = {scan.final.data, {scan.final.stride.batch, scan.final.stride.channel, 0, 1}};
  }
  selective_scan(scan, run.scan);

  project(in(x.data(), tokens, c.inner), w.out_proj, w.out_bias, out(normal.data(), tokens, c.hidden));
  for (std::size_t i = 0; i < residual.size(); ++i) residual[i] += normal[i];
}

void mamba_model::logits(std::span<index_t const> ids, index_t batch, std::span<float> logits,
                         mamba_run const& run) const {
  mamba_config const& c = config_;
  if (batch < 1 || static_cast<index_t>(ids.size()) % batch != 0)
    throw_invalid("batch", std::to_string(batch), "a number that divides the " + std::to_string(ids.size()) + " ids");
  index_t const tokens = static_cast<index_t>(ids.size()), time = tokens / batch;
  bool const last = run.outputs == mamba_outputs::last;
  if (last && time == 0) throw_invalid("ids", "no ids", "at least one in each sequence");
  index_t const rows = last ? batch : tokens;
  detail::require_size("out", logits.size(), rows * c.vocabulary);
  if (run.cache != nullptr && (run.cache->batch != batch || run.cache->conv.size() != blocks_.size() ||
                               run.cache->state.size() != blocks_.size()))
    throw_invalid("cache", "one of another model or batch",
                  "one of this model's make_cache(" + std::to_string(batch) + ")");

  if (detail::is_mamba_step(*this, tokens, run)) return detail::mamba_step(*this, ids[0], *run.cache, logits);
  std::vector<float> residual(size(tokens * c.hidden));
  std::visit(
      [&]<class W>(std::vector<W> const& table) {
        ssm::embedding(ids, matrix_view<W const>(table.data(), c.vocabulary, c.hidden),
                       out(residual.data(), tokens, c.hidden));
      },
      embedding_);
  for (std::size_t layer = 0; layer < blocks_.size(); ++layer) {
    block(blocks_[layer], layer, batch, time, residual, run);
    if (run.hidden) run.hidden(residual);
  }
  rms_norm<float>(in(residual.data(), tokens, c.hidden), final_norm_, static_cast<float>(c.epsilon),
                  out(residual.data(), tokens, c.hidden));
  if (run.hidden) run.hidden(residual);
  in const read = last ? in(residual.data() + (time - 1) * c.hidden, batch, c.hidden, time * c.hidden)
                       : in(residual.data(), tokens, c.hidden);
  project(read, head(), {}, out(logits.data(), rows, c.vocabulary));
}

}  // namespace ssmscan::ssm
