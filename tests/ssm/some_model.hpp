#pragma once
// A deep model of three blocks with parameters that are drawn.
#include "tests/ssm/numbers.hpp"

#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/sequence_model.hpp>

namespace ssmscan::ssm::test {

inline constexpr index_t width = 6, inputs = 3, outputs = 4;

template <class T>
std::vector<T> numbers_of(index_t count, unsigned seed) {
  std::vector<T> made;
  numbers source(seed);
  for (index_t i = 0; i < count; ++i) made.push_back(static_cast<T>(source.next()) / 2);
  return made;
}

template <class T>
sequence_parameters<T> some_model(bool low_rank, bool is_embedding, pooling pool) {
  sequence_parameters<T> made;
  made.is_embedding = is_embedding, made.pool = pool;
  made.encoder = is_embedding
                     ? linear_parameters<T>{10, width, numbers_of<T>(10 * width, 1), {}}
                     : linear_parameters<T>{width, inputs, numbers_of<T>(width * inputs, 1), numbers_of<T>(width, 2)};
  made.decoder = {outputs, width, numbers_of<T>(outputs * width, 3), numbers_of<T>(outputs, 4)};
  auto const form = hippo_normal_plus_low_rank(hippo::legs, 8, spectrum::half);
  for (unsigned i = 0; i < 3; ++i) {
    block_parameters<T> block;
    block.norm_weight = numbers_of<T>(width, 10 + i), block.norm_bias = numbers_of<T>(width, 20 + i);
    block.mix = {2 * width, width, numbers_of<T>(2 * width * width, 30 + i), numbers_of<T>(2 * width, 40 + i)};
    std::vector<dplr_system> s4;
    std::vector<diagonal_system> s4d;
    for (index_t h = 0; h < width; ++h) {
      std::vector<std::complex<double>> c;
      for (int n = 0; n < 4; ++n) c.push_back(std::polar(0.5, 1.3 * n + static_cast<double>(h)));
      double const step = 0.01 * static_cast<double>(h + 1);
      s4.push_back({{form.lambda.begin(), form.lambda.end()},
                    {form.p.data(), form.p.data() + 4},
                    {form.b.begin(), form.b.end()},
                    c,
                    0.5,
                    step});
      s4d.push_back({s4d_lambda(s4d_initialization::lin, 8), std::vector<std::complex<double>>(4, 1.0), c, 0.5, step});
    }
    if (low_rank) {
      block.systems = s4;
    } else {
      block.systems = s4d;
    }
    made.blocks.push_back(block);
  }
  return made;
}

}  // namespace ssmscan::ssm::test
