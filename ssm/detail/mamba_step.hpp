#pragma once
// One token of one sequence through Mamba's language model on the CPU: the work of mamba_model::logits in a form of its own, as
// nothing but the reading of the weights should take time.
#include <span>

#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::ssm::detail {

// Whether this call is one, and asks for nothing that only the general form has.
bool is_mamba_step(mamba_model const& model, index_t tokens, mamba_run const& run);

// The next logits (vocabulary), and the cache one token on. The sums are those of the general form; only the convolution's silu is
// the vectors', within 4u. Same bits for any number of threads and on every SIMD target.
void mamba_step(mamba_model const& model, index_t id, mamba_cache& cache, std::span<float> logits);

}  // namespace ssmscan::ssm::detail
