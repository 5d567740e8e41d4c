// Many tokens of Mamba's language model on a device.
#include <algorithm>
#include <limits>

#include <cuda_runtime_api.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/ssm/cuda/layers/add_bias.hpp>
#include <ssmscan/ssm/cuda/layers/causal_conv1d.hpp>
#include <ssmscan/ssm/cuda/layers/rms_norm.hpp>
#include <ssmscan/ssm/cuda/mamba_step.hpp>
#include <ssmscan/ssm/cuda/mamba_weights.hpp>

namespace ssmscan::device::detail {
namespace {

using from = activations<float const>;
using to = activations<float>;

// Rows of features begin at multiples of 32 bytes.
index_t pitch_of(index_t tokens) { return (tokens + 7) / 8 * 8; }

// Of the largest x of a product, where weights are kept in bfloat16; else 0.
index_t most_x_values(mamba_weights const& model, index_t tokens) {
  if (model.embedding.storage == ssm::matrix_storage::float32) return 0;
  return std::max(tokens * step_stride(model.config.hidden),
                  std::max(model.config.inner, model.config.rank) * pitch_of(tokens));
}

// What stands in the workspace but for the scan's. By features but for residual and normal.
struct scan_memory {
  index_t pitch;
  arena_array<float> residual, normal;  // (tokens, hidden), normal's rows step_stride apart
  arena_array<float> xz, x, delta;      // (2 inner, tokens), (inner, tokens) twice
  arena_array<float> projected;         // (rank + 2 states, tokens)
  arena_array<std::byte> products;

  scan_memory(arena& of, mamba_call const& call)
      : pitch(pitch_of(call.tokens())),
        residual(of, call.tokens() * call.model.config.hidden),
        normal(of, call.tokens() * step_stride(call.model.config.hidden)),
        xz(of, 2 * call.model.config.inner * pitch),
        x(of, call.model.config.inner * pitch),
        delta(of, call.model.config.inner * pitch),
        projected(of, (call.model.config.rank + 2 * call.model.config.states) * pitch),
        products(of, static_cast<index_t>(matrix_products::workspace_bytes(most_x_values(call.model, call.tokens())))) {
  }
};

// (batch, inner, time) of rows of features.
tensor_view<float> channels_of(mamba_call const& call, scan_memory const& memory, float* rows) {
  return {rows, {call.batch, call.model.config.inner, call.time}, {call.time, memory.pitch, 1}};
}

ssm::selective_problem<float> scan_of(mamba_call const& call, scan_memory const& memory, std::size_t block) {
  ssm::mamba_config const& c = call.model.config;
  device_block const& w = call.model.blocks[block];
  std::size_t const inner = static_cast<std::size_t>(c.inner);
  ssm::selective_problem<float> scan;
  scan.u = channels_of(call, memory, memory.x.data());
  scan.delta = channels_of(call, memory, memory.delta.data());
  scan.A = {w.A.get(), c.inner, c.states};
  float const* const B = memory.projected.data() + c.rank * memory.pitch;
  scan.B = {B, 1, {call.time, 0, memory.pitch, 1}};
  scan.C = {B + c.states * memory.pitch, 1, {call.time, 0, memory.pitch, 1}};
  scan.D = {w.D.get(), inner};
  scan.delta_bias = {w.dt_bias.get(), inner};
  scan.activation = ssm::delta_activation::softplus;
  scan.z = channels_of(call, memory, memory.xz.data() + c.inner * memory.pitch);
  scan.y = channels_of(call, memory, memory.x.data());  // in the place of u
  if (float* const state = call.state(block); state != nullptr) {
    scan.final = ssm::dense_state(state, c.inner, c.states);
    scan.initial = ssm::dense_state<float const>(state, c.inner, c.states);
  }
  return scan;
}

selective_execution scan_how(mamba_call const& call) {
  selective_execution how{.stream = call.run.stream};
  how.form = call.run.form, how.algorithm = call.run.algorithm;
  return how;
}

void run_block(mamba_call const& call, scan_memory const& memory, std::size_t block, std::span<std::byte> rest) {
  ssm::mamba_config const& c = call.model.config;
  device_block const& w = call.model.blocks[block];
  index_t const tokens = call.tokens(), pitch = memory.pitch, parameters = c.rank + 2 * c.states;
  device::stream const stream = call.run.stream;
  std::size_t const inner = static_cast<std::size_t>(c.inner), hidden = static_cast<std::size_t>(c.hidden);
  auto const by_features = [&](float* data, index_t features) {
    return to{data, tokens, features, pitch, rows_of::features};
  };
  auto const read = [](to const& of) { return from{of.data, of.tokens, of.features, of.stride, of.order}; };
  to const normal{memory.normal.data(), tokens, c.hidden, step_stride(c.hidden), rows_of::tokens};
  to const residual{memory.residual.data(), tokens, c.hidden, c.hidden, rows_of::tokens};
  to const xz = by_features(memory.xz.data(), 2 * c.inner), x = by_features(memory.x.data(), c.inner);
  to const projected = by_features(memory.projected.data(), parameters);
  to const low_rank = by_features(memory.projected.data(), c.rank), delta = by_features(memory.delta.data(), c.inner);
  auto const product = [&](device_matrix const& weight, to const& of, to const& made, into how) {
    call.model.products.run(weight, read(of), made, how, stream, memory.products.data());
  };

  rms_norm<float>({.x = {residual.data, tokens, c.hidden},
                   .weight = {w.norm.get(), hidden},
                   .epsilon = static_cast<float>(c.epsilon),
                   .y = {normal.data, tokens, c.hidden, normal.stride}},
                  stream);
  product(w.in_proj, normal, xz, into::replace);
  if (w.in_bias != nullptr) launch_add_bias(xz, w.in_bias.get(), stream);

  ssm::causal_conv1d_problem<float> conv;
  conv.x = channels_of(call, memory, xz.data), conv.y = channels_of(call, memory, x.data);
  conv.weight = {w.conv.get(), c.inner, c.width};
  if (w.conv_bias != nullptr) conv.bias = {w.conv_bias.get(), inner};
  conv.activation = ssm::conv_activation::silu;
  if (float* const past = call.conv(block); past != nullptr && c.width > 1) {
    conv.final = ssm::dense_state(past, c.inner, c.width - 1);
    conv.initial = ssm::dense_state<float const>(past, c.inner, c.width - 1);
  }
  causal_conv1d(conv, stream);

  product(w.x_proj, x, projected, into::replace);
  product(w.dt_proj, low_rank, delta, into::replace);
  selective_execution how = scan_how(call);
  how.workspace = rest;
  selective_scan(scan_of(call, memory, block), how);
  product(w.out_proj, x, residual, into::add);
  if (w.out_bias != nullptr) launch_add_bias(residual, w.out_bias.get(), stream);
}

// The scan's workspace, of any block: as if ours began at an address of no memory, which checks compare and nothing reads.
std::size_t bytes_of_selective_scan(mamba_call const& call) {
  if (call.model.blocks.empty()) return 0;
  arena nowhere({reinterpret_cast<std::byte*>(workspace_alignment), std::numeric_limits<std::size_t>::max() / 4});
  scan_memory const memory(nowhere, call);
  return workspace_bytes(scan_of(call, memory, 0), scan_how(call));
}

}  // namespace

std::size_t bytes_of_scan(mamba_call const& call) {
  arena counted;
  {
    scan_memory const memory(counted, call);
    arena_array<std::byte> const rest(counted, static_cast<index_t>(bytes_of_selective_scan(call)));
  }
  return counted.needed();
}

void run_scan(mamba_call const& call) {
  ssm::mamba_config const& c = call.model.config;
  arena all(call.run.workspace);
  scan_memory const memory(all, call);
  std::size_t const scan_bytes = bytes_of_selective_scan(call);
  arena_array<std::byte> const rest(all, static_cast<index_t>(scan_bytes));
  float* const residual = memory.residual.data();
  look_up(call, residual, c.hidden);
  for (std::size_t block = 0; block < call.model.blocks.size(); ++block) {
    run_block(call, memory, block, {rest.data(), scan_bytes});
    keep_hidden(call, block, residual, c.hidden);
  }

  // The norm and the head of the tokens whose logits are wanted; the norm of all where that is kept.
  bool const norm_all = !call.run.hidden.empty();
  index_t const rows = call.last() ? call.batch : call.tokens(), apart = call.last() ? call.time : 1;
  index_t const first = call.last() ? call.time - 1 : 0, stride = step_stride(c.hidden);
  float* const normal = memory.normal.data();
  index_t const from_first = norm_all ? 0 : first, from_apart = norm_all ? 1 : apart;
  index_t const count = norm_all ? call.tokens() : rows;
  if (has_gaps(c.hidden) && rows <= most_step_rows)  // the head's product reads on behind rows
    need_success(cudaMemsetAsync(normal, 0, static_cast<std::size_t>(count * stride) * sizeof(float), call.run.stream),
                 "clearing a workspace");
  rms_norm<float>({.x = {residual + from_first * c.hidden, count, c.hidden, from_apart * c.hidden},
                   .weight = {call.model.final_norm.get(), static_cast<std::size_t>(c.hidden)},
                   .epsilon = static_cast<float>(c.epsilon),
                   .y = {normal, count, c.hidden, stride}},
                  call.run.stream);
  keep_hidden(call, call.model.blocks.size(), normal, stride);
  float* const read = normal + (norm_all ? first * stride : 0);
  index_t const read_stride = norm_all ? apart * stride : stride;
  if (rows <= most_step_rows)
    return launch_step_product(call.model.head(), {read, read_stride}, nullptr, rows, nullptr, {call.out, c.vocabulary},
                               call.model.multiprocessors, call.run.stream);
  call.model.products.run(call.model.head(), from{read, rows, c.hidden, read_stride, rows_of::tokens},
                          to{call.out, rows, c.vocabulary, c.vocabulary, rows_of::tokens}, into::replace,
                          call.run.stream, memory.products.data());
}

}  // namespace ssmscan::device::detail
