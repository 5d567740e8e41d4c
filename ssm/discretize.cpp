#include <string>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/discretize.hpp>

namespace ssmscan::ssm {

std::string_view name_of(discretization rule) {
  switch (rule) {
    case discretization::zoh:
      return "zoh";
    case discretization::bilinear:
      return "bilinear";
    case discretization::forward_euler:
      return "forward_euler";
  }
  throw_invalid("discretization", std::to_string(static_cast<int>(rule)), "zoh, bilinear or forward_euler");
}

discretization discretization_by_name(std::string_view name) {
  for (discretization const rule : all_discretizations) {
    if (name == name_of(rule)) return rule;
  }
  throw_invalid("discretization", std::string(name), "zoh, bilinear or forward_euler");
}

double discretization_error(std::complex<double> lambda, double step, discretization rule) {
  constexpr double u = 0x1p-53;
  constexpr double second_order = 1.0 + 0x1p-20;  // products of roundings, left out of the formulas above
  std::complex<double> const v = step * lambda;
  double const a = std::abs(discretize(lambda, step, rule).a);
  switch (rule) {
    case discretization::zoh:
      return second_order * u * (std::abs(v) + 5) * a;
    case discretization::bilinear: {
      double const half = std::abs(v) / 2;
      double const denominator = std::abs(1.0 - v / 2.0);
      return second_order * u * (half / denominator + a * (half / denominator + 8));
    }
    case discretization::forward_euler:
      return second_order * u * (std::abs(v) + a);
  }
  throw_invalid("discretization", std::to_string(static_cast<int>(rule)), "zoh, bilinear or forward_euler");
}

}  // namespace ssmscan::ssm
