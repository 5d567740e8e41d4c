#include <cuda_runtime_api.h>

#include <ssmscan/ssm/cuda/check_views.hpp>
#include <ssmscan/ssm/cuda/device_array.cuh>
#include <ssmscan/ssm/cuda/layers/embedding.hpp>
#include <ssmscan/ssm/cuda/layers/rms_norm.hpp>
#include <ssmscan/ssm/cuda/mamba_step.hpp>
#include <ssmscan/ssm/cuda/mamba_weights.hpp>
#include <ssmscan/ssm/layers/causal_conv1d.hpp>  // greatest_conv_width
#include <ssmscan/ssm/layers/embedding.hpp>

namespace ssmscan::device {
namespace detail {
namespace {

device_array<float> uploaded_if(std::vector<float> const& values) {
  return values.empty() ? device_array<float>() : uploaded(values);
}

// With zeros behind, up to where a step reads vectors of it.
device_array<float> uploaded_norm(std::vector<float> values) {
  values.resize(static_cast<std::size_t>(step_stride(static_cast<index_t>(values.size()))));
  return uploaded(values);
}

device_block uploaded_block(ssm::mamba_block const& b, ssm::mamba_config const& c) {
  device_block made;
  made.in_proj = uploaded_matrix(b.in_proj, 2 * c.inner, c.hidden);
  made.x_proj = uploaded_matrix(b.x_proj, c.rank + 2 * c.states, c.inner);
  made.dt_proj = uploaded_matrix(b.dt_proj, c.inner, c.rank);
  made.out_proj = uploaded_matrix(b.out_proj, c.hidden, c.inner);
  made.norm = uploaded_norm(b.norm), made.conv = uploaded(b.conv);
  made.dt_bias = uploaded(b.dt_bias), made.A = uploaded(b.A), made.D = uploaded(b.D);
  made.in_bias = uploaded_if(b.in_bias), made.conv_bias = uploaded_if(b.conv_bias);
  made.out_bias = uploaded_if(b.out_bias);
  return made;
}

int multiprocessors_here() {
  int device = 0, count = 0;
  need_success(cudaGetDevice(&device), "asking which device is current");
  need_success(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device),
               "asking for the multiprocessors of a device");
  return count;
}

std::unique_ptr<mamba_weights const> uploaded_weights(ssm::mamba_model const& host) {
  ssm::mamba_config const& c = host.config();
  auto made = std::make_unique<mamba_weights>();
  made->config = c;
  made->bytes_per_token = host.bytes_per_token();
  made->multiprocessors = multiprocessors_here();
  made->embedding = uploaded_matrix(host.embedding(), c.vocabulary, c.hidden);
  if (&host.head() != &host.embedding()) made->own_head = uploaded_matrix(host.head(), c.vocabulary, c.hidden);
  for (ssm::mamba_block const& b : host.blocks()) made->blocks.push_back(uploaded_block(b, c));
  made->final_norm = uploaded_norm(host.final_norm());
  return made;
}

// A step's activations.
struct step_memory {
  arena_array<float> residual, u, z, projected, y;
  explicit step_memory(arena& of, mamba_call const& call)
      : residual(of, call.batch * step_stride(call.model.config.hidden)),
        u(of, call.batch * step_stride(call.model.config.inner)),
        z(of, call.batch * step_stride(call.model.config.inner)),
        projected(of, call.batch * step_stride(call.model.config.rank + 2 * call.model.config.states)),
        y(of, call.batch * step_stride(call.model.config.inner)) {}
};

bool is_step(index_t batch, index_t time, mamba_run const& run) {
  return time == 1 && batch <= most_step_rows && run.form == selective_form::automatic && run.algorithm == "automatic";
}

std::size_t bytes_of(mamba_call const& call) {
  if (call.tokens() == 0) return 0;
  return is_step(call.batch, call.time, call.run) ? bytes_of_step(call) : bytes_of_scan(call);
}

}  // namespace

void look_up(mamba_call const& call, float* residual, index_t stride) {
  ssm::mamba_config const& c = call.model.config;
  call.model.embedding.visit([&]<class W>(weight_rows<W> const& table) {
    embedding(call.ids, ssm::matrix_view<W const>(table.data, c.vocabulary, c.hidden, table.stride),
              ssm::matrix_view<float>(residual, call.tokens(), c.hidden, stride), call.run.stream);
  });
}

void keep_hidden(mamba_call const& call, std::size_t which, float const* from, index_t stride) {
  if (call.run.hidden.empty()) return;
  auto const rows = static_cast<std::size_t>(call.tokens()),
             hidden = static_cast<std::size_t>(call.model.config.hidden);
  need_success(cudaMemcpy2DAsync(call.run.hidden.data() + which * rows * hidden, hidden * sizeof(float), from,
                                 static_cast<std::size_t>(stride) * sizeof(float), hidden * sizeof(float), rows,
                                 cudaMemcpyDeviceToDevice, call.run.stream),
               "keeping a residual stream");
}

std::size_t bytes_of_step(mamba_call const& call) {
  arena counted;
  { step_memory const all(counted, call); }
  return counted.needed();
}

void run_step(mamba_call const& call) {
  ssm::mamba_config const& c = call.model.config;
  arena of(call.run.workspace);
  step_memory const memory(of, call);
  index_t const tokens = call.batch;
  int const multiprocessors = call.model.multiprocessors;
  device::stream const stream = call.run.stream;
  step_rows const residual{memory.residual.data(), step_stride(c.hidden)}, u{memory.u.data(), step_stride(c.inner)},
      z{memory.z.data(), step_stride(c.inner)}, y{memory.y.data(), step_stride(c.inner)},
      projected{memory.projected.data(), step_stride(c.rank + 2 * c.states)};
  float const epsilon = static_cast<float>(c.epsilon);
  if (has_gaps(c.hidden) || has_gaps(c.inner))  // what stands behind rows is zero
    need_success(cudaMemsetAsync(call.run.workspace.data(), 0, bytes_of_step(call), stream), "clearing a workspace");
  look_up(call, residual.data, residual.stride);
  for (std::size_t block = 0; block < call.model.blocks.size(); ++block) {
    device_block const& w = call.model.blocks[block];
    launch_step_conv(w.in_proj, residual, {w.norm.get(), epsilon}, tokens,
                     {u, z, c.inner, c.width, w.in_bias.get(), w.conv.get(), w.conv_bias.get(), call.conv(block)},
                     multiprocessors, stream);
    launch_step_product(w.x_proj, u, nullptr, tokens, nullptr, projected, multiprocessors, stream);
    launch_step_scan(
        w.dt_proj,
        {projected, u, z, y, c.inner, c.states, c.rank, w.dt_bias.get(), w.A.get(), w.D.get(), call.state(block)},
        tokens, stream);
    launch_step_sum(w.out_proj, y, tokens, w.out_bias.get(), residual, multiprocessors, stream);
    keep_hidden(call, block, residual.data, residual.stride);
  }
  step_norm const norm{call.model.final_norm.get(), epsilon};
  launch_step_product(call.model.head(), residual, &norm, tokens, nullptr, {call.out, c.vocabulary}, multiprocessors,
                      stream);
  if (call.run.hidden.empty()) return;
  // The head has the norm within: for its hidden state it is computed once more.
  rms_norm<float>({.x = {residual.data, tokens, c.hidden, residual.stride},
                   .weight = {norm.weight, static_cast<std::size_t>(c.hidden)},
                   .epsilon = epsilon,
                   .y = {residual.data, tokens, c.hidden, residual.stride}},
                  stream);
  keep_hidden(call, call.model.blocks.size(), residual.data, residual.stride);
}

}  // namespace detail

mamba_cache::mamba_cache(index_t batch, std::unique_ptr<detail::mamba_states> states)
    : batch_(batch), states_(std::move(states)) {}
mamba_cache::mamba_cache(mamba_cache&&) noexcept = default;
mamba_cache::~mamba_cache() = default;

std::span<float> mamba_cache::conv(index_t block) const {
  return {states_->conv.at(static_cast<std::size_t>(block)).get(), static_cast<std::size_t>(states_->conv_floats)};
}
std::span<float> mamba_cache::state(index_t block) const {
  return {states_->state.at(static_cast<std::size_t>(block)).get(), static_cast<std::size_t>(states_->state_floats)};
}

void mamba_cache::clear(device::stream where) {
  for (std::size_t block = 0; block < states_->conv.size(); ++block)
    for (std::span<float> const of : {conv(static_cast<index_t>(block)), state(static_cast<index_t>(block))})
      need_success(cudaMemsetAsync(of.data(), 0, of.size_bytes(), where), "clearing a cache");
}

mamba_model::mamba_model(ssm::mamba_model const& host) : weights_(detail::uploaded_weights(host)) {}
mamba_model::mamba_model(mamba_model&&) noexcept = default;
mamba_model::~mamba_model() = default;

ssm::mamba_config const& mamba_model::config() const { return weights_->config; }
std::size_t mamba_model::bytes_per_token() const { return weights_->bytes_per_token; }

mamba_cache mamba_model::make_cache(index_t batch) const {
  if (batch < 0) throw_invalid("batch", std::to_string(batch), "0 or more");
  ssm::mamba_config const& c = weights_->config;
  auto states = std::make_unique<detail::mamba_states>();
  states->conv_floats = batch * c.inner * (c.width - 1), states->state_floats = batch * c.inner * c.states;
  for (std::size_t block = 0; block < weights_->blocks.size(); ++block) {
    states->conv.push_back(detail::allocate<float>(states->conv_floats));
    states->state.push_back(detail::allocate<float>(states->state_floats));
  }
  mamba_cache made(batch, std::move(states));
  made.clear();
  need_success(cudaStreamSynchronize(nullptr), "clearing a cache");
  return made;
}

std::size_t mamba_model::workspace_bytes(index_t batch, index_t time, mamba_run const& run) const {
  if (batch < 1) throw_invalid("batch", std::to_string(batch), "1 or more");
  if (time < 0) throw_invalid("time", std::to_string(time), "0 or more");
  return detail::bytes_of({*weights_, {}, batch, time, nullptr, run});
}

void mamba_model::logits(std::span<index_t const> ids, index_t batch, std::span<float> out,
                         mamba_run const& run) const {
  ssm::mamba_config const& c = weights_->config;
  index_t const tokens = static_cast<index_t>(ids.size());
  if (batch < 1 || tokens % batch != 0)
    throw_invalid("batch", std::to_string(batch), "a number that divides the " + std::to_string(tokens) + " ids");
  detail::mamba_call const call{*weights_, ids, batch, tokens / batch, out.data(), run};
  if (call.last() && tokens == 0) throw_invalid("ids", "no ids", "at least one in each sequence");
  ssm::detail::require_size("out", out.size(), (call.last() ? batch : tokens) * c.vocabulary);
  auto const need_memory = [](char const* name, auto of) {
    if (of.data() == nullptr && !of.empty()) throw_invalid(name, "a null pointer", "device memory");
  };
  need_memory("ids", ids), need_memory("out", out), need_memory("hidden", run.hidden);
  if (c.width < 1 || c.width > ssm::greatest_conv_width)
    throw_invalid("weight", "a width of " + std::to_string(c.width),
                  "1 to " + std::to_string(ssm::greatest_conv_width));
  if (!run.hidden.empty()) ssm::detail::require_size("hidden", run.hidden.size(), (c.layers + 1) * tokens * c.hidden);
  if (!run.host_ids.empty()) {
    ssm::detail::require_size("host_ids", run.host_ids.size(), tokens);
    ssm::detail::require_ids(run.host_ids, c.vocabulary);
  }
  if (run.cache != nullptr && !(run.cache->batch_ == batch && run.cache->states_->fits(*weights_, batch)))
    throw_invalid("cache", "one of another model or batch",
                  "one of this model's make_cache(" + std::to_string(batch) + ")");
  detail::need_workspace(run.workspace, detail::bytes_of(call));
  if (tokens == 0) return;  // the cache stays as it is
  if (detail::is_step(batch, call.time, run))
    detail::run_step(call);
  else
    detail::run_scan(call);
}

}  // namespace ssmscan::device
