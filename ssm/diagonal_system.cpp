#include <algorithm>
#include <string>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/diagonal_system.hpp>

namespace ssmscan::ssm {
double discrete_diagonal::spectral_radius() const {
  double radius = 0;
  for (std::complex<double> const& pole : a) radius = std::max(radius, std::abs(pole));
  return radius;
}

void check(diagonal_system const& system) {
  if (system.lambda.empty()) throw_invalid("lambda", "0 values", "at least 1");
  detail::need_values("lambda", system.lambda, system.lambda.size());
  detail::need_values("b", system.b, system.lambda.size());
  detail::need_values("c", system.c, system.lambda.size());
  detail::need_step(system.step);
  detail::need_finite("d", system.d);
}

discrete_diagonal discretize(diagonal_system const& system) {
  check(system);
  discrete_diagonal result;
  for (std::size_t n = 0; n < system.lambda.size(); ++n) {
    auto const [a, input] = discretize(system.lambda[n], system.step, system.rule);
    if (!std::isfinite(std::abs(a)) || !std::isfinite(std::abs(input))) {
      throw_invalid("lambda", "a value whose discretisation is not finite at index " + std::to_string(n),
                    "step * lambda away from the pole of the rule and within range");
    }
    result.a.push_back(a);
    result.b.push_back(times(input, system.b[n]));
  }
  return result;
}

}  // namespace ssmscan::ssm
