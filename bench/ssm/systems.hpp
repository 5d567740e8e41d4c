#pragma once
// The systems that bench_ssm times: S4 channels of HiPPO-LegS and S4D channels of its spectrum, a read-out that is not
// trivial, steps spread over the channels as S4 spreads them (1/1000 to 1/10, geometric).
#include <cmath>
#include <complex>
#include <vector>

#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::bench {

inline double step_of(index_t channel, index_t channels) {
  double const part = channels == 1 ? 0.5 : static_cast<double>(channel) / static_cast<double>(channels - 1);
  return 0.001 * std::pow(100.0, part);
}

inline std::vector<ssm::dplr_system> s4_channels(index_t state_size, index_t channels) {
  auto const form = ssm::hippo_normal_plus_low_rank(ssm::hippo::legs, state_size, ssm::spectrum::half);
  std::vector<ssm::dplr_system> made;
  for (index_t h = 0; h < channels; ++h) {
    ssm::dplr_system system{.lambda = {form.lambda.begin(), form.lambda.end()},
                            .p = {form.p.data(), form.p.data() + form.p.size()},
                            .b = {form.b.begin(), form.b.end()},
                            .d = 1,
                            .step = step_of(h, channels)};
    for (index_t n = 0; n < form.lambda.size(); ++n)
      system.c.push_back(std::polar(0.5, 0.9 * static_cast<double>(n + 3 * h)));
    made.push_back(std::move(system));
  }
  return made;
}

inline std::vector<ssm::diagonal_system> s4d_channels(index_t state_size, index_t channels) {
  std::vector<ssm::diagonal_system> made;
  for (ssm::dplr_system const& s4 : s4_channels(state_size, channels))
    made.push_back({.lambda = s4.lambda,
                    .b = std::vector<std::complex<double>>(s4.lambda.size(), 1.0),
                    .c = s4.c,
                    .d = 1,
                    .step = s4.step});
  return made;
}

}  // namespace ssmscan::bench
