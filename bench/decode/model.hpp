#pragma once
// The model that is timed, on whatever backend, and what its logits are held to.
#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/common/names.hpp"
#include "bench/common/outcome.hpp"

#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::bench {

// One model at a time: asked for another storage, it makes that one.
using model_maker = std::function<std::shared_ptr<ssm::mamba_model const>(ssm::matrix_storage)>;

inline std::vector<index_t> const& first_ids() {
  static std::vector<index_t> const ids{1, 2, 3, 5, 8, 13};
  return ids;
}

// The last logits of a text, by the scan of the CPU.
inline std::vector<float> scanned_logits(ssm::mamba_model const& model, std::vector<index_t> const& ids = first_ids()) {
  std::vector<float> made(static_cast<std::size_t>(model.config().vocabulary));
  model.logits(ids, 1, made, {.outputs = ssm::mamba_outputs::last});
  return made;
}

// Empty, or what is wrong. Steps and scan sum in another order. A part in ten thousand of the logits' size (1e-8 of squares) is
// the bar that tests/ssm/mamba_test.cpp holds the model to against transformers, and no derived bound: it tells a wrong model from a
// right one, which is what is asked before timing.
inline std::string differ(std::span<float const> got, std::span<float const> expected, char const* what) {
  double error = 0, size = 0;
  for (std::size_t k = 0; k < expected.size(); ++k)
    error += std::pow(double(got[k]) - double(expected[k]), 2), size += std::pow(double(expected[k]), 2);
  return error <= 1e-8 * size ? "" : std::string(wrong_result) + what + ": " + std::to_string(std::sqrt(error / size));
}

inline benchmark_name decode_name(ssm::mamba_config const& config, ssm::matrix_storage storage, char const* algorithm,
                                  char const* backend) {
  benchmark_name name{.question = "ssm",
                      .operation = "decode",
                      .dtype = storage == ssm::matrix_storage::float32 ? "f32" : "bf16",
                      .algorithm = algorithm,
                      .backend = backend,
                      .time = 1};
  name.state_size = config.states, name.hidden = config.hidden;
  return name;
}

}  // namespace ssmscan::bench
