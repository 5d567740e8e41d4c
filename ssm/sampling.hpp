#pragma once
// The next token from a model's logits: the greatest, or one drawn from the softmax of logits / temperature, cut to the
// nucleus (Holtzman et al. 2019): the likeliest ids whose probabilities together reach top_p.
#include <cstdint>
#include <random>
#include <span>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

struct sampling {
  double temperature = 0;  // 0: greedy, the first of the greatest
  double top_p = 1;        // (0, 1]
};

// std::invalid_argument for no logits, a NaN among them, a negative temperature, a top_p outside (0, 1]. Ties go to the
// smaller id. One number is drawn from `random` where the temperature is not 0: the same seed gives the same ids.
SSMSCAN_SSM_EXPORT index_t next_token(std::span<float const> logits, sampling const& how, std::mt19937_64& random);

}  // namespace ssmscan::ssm
