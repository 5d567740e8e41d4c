#pragma once
// bench_decode on a CUDA device, each contender verified, then timed by the device's clock:
//
//   read_weights   the bound: a kernel that reads as many bytes as a token's weights have, the fastest of its ways
//   step           device::mamba_decoder: a token of each sequence and the likeliest id after it, replays of a graph; with lanes:4 of
//                  four sequences, for which the weights are read once
//   prefill        device::mamba_model::logits: a prompt of 2048 tokens, the last one's logits
// Counter: share_of_read_weights.
#include <functional>
#include <memory>

#include "bench/decode/model.hpp"

namespace ssmscan::bench {

void add_decode_on_device(ssm::mamba_config const& config, model_maker const& model_of);

}  // namespace ssmscan::bench
