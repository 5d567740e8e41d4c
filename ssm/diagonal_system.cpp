#include <algorithm>
#include <string>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/diagonal_system.hpp>

namespace ssmscan::ssm {
namespace {

void need_vector(std::string const& name, std::vector<std::complex<double>> const& given, std::size_t size) {
  if (given.size() != size) {
    throw_invalid(name, std::to_string(given.size()) + " values", std::to_string(size) + ", as many as lambda");
  }
  for (std::size_t n = 0; n < size; ++n) {
    if (!std::isfinite(given[n].real()) || !std::isfinite(given[n].imag())) {
      throw_invalid(name, "a value that is not finite at index " + std::to_string(n), "finite numbers");
    }
  }
}

}  // namespace

double discrete_diagonal::spectral_radius() const {
  double radius = 0;
  for (std::complex<double> const& pole : a) radius = std::max(radius, std::abs(pole));
  return radius;
}

void check(diagonal_system const& system) {
  if (system.lambda.empty()) throw_invalid("lambda", "0 values", "at least 1");
  need_vector("lambda", system.lambda, system.lambda.size());
  need_vector("b", system.b, system.lambda.size());
  need_vector("c", system.c, system.lambda.size());
  if (!(system.step > 0) || !std::isfinite(system.step)) {
    throw_invalid("step", std::to_string(system.step), "a positive finite number");
  }
  if (!std::isfinite(system.d)) throw_invalid("d", std::to_string(system.d), "a finite number");
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
