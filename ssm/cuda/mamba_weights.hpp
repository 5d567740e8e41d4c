#pragma once
// What a model on a device is made of, and what its two ways of running (mamba_scan.cpp: many tokens, mamba_model.cpp: a step)
// are given.
#include <vector>

#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/ssm/cuda/mamba_model.hpp>
#include <ssmscan/ssm/cuda/matrix_products.hpp>

namespace ssmscan::device::detail {

struct device_block {
  device_matrix in_proj, x_proj, dt_proj, out_proj;
  // Vectors of floats, as in ssm::mamba_block; no memory where there are none.
  device_array<float> norm, in_bias, conv, conv_bias, dt_bias, A, D, out_bias;
};

struct mamba_weights {
  ssm::mamba_config config;
  std::size_t bytes_per_token;
  int multiprocessors;
  device_matrix embedding, own_head;  // own_head: of no memory where it is the embedding
  std::vector<device_block> blocks;
  device_array<float> final_norm;
  matrix_products products;

  device_matrix const& head() const { return own_head.memory == nullptr ? embedding : own_head; }
};

struct mamba_states {
  std::vector<device_array<float>> conv, state;
  index_t conv_floats, state_floats;  // of each block

  bool fits(mamba_weights const& model, index_t batch) const {
    ssm::mamba_config const& c = model.config;
    return conv.size() == model.blocks.size() && conv_floats == batch * c.inner * (c.width - 1) &&
           state_floats == batch * c.inner * c.states;
  }
};

// A call that was found good.
struct mamba_call {
  mamba_weights const& model;
  std::span<index_t const> ids;
  index_t batch, time;
  float* out;
  mamba_run const& run;

  index_t tokens() const { return batch * time; }
  bool last() const { return run.outputs == ssm::mamba_outputs::last; }
  float* conv(std::size_t block) const {
    return run.cache == nullptr ? nullptr : run.cache->conv(static_cast<index_t>(block)).data();
  }
  float* state(std::size_t block) const {
    return run.cache == nullptr ? nullptr : run.cache->state(static_cast<index_t>(block)).data();
  }
};

// Keeps a copy of the residual stream where the caller wants it: `which` of layers + 1.
void keep_hidden(mamba_call const& call, std::size_t which, float const* from, index_t stride);

void look_up(mamba_call const& call, float* residual, index_t stride);

// Many tokens.
std::size_t bytes_of_scan(mamba_call const& call);
void run_scan(mamba_call const& call);
// One token of few sequences.
std::size_t bytes_of_step(mamba_call const& call);
void run_step(mamba_call const& call);

}  // namespace ssmscan::device::detail
