#include <charconv>
#include <utility>

#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/discretize.hpp>

namespace ssmscan::ssm {
namespace {

constexpr std::string_view parametric = "generalized_bilinear:";
constexpr std::pair<discretization, std::string_view> names[] = {{discretization::zoh, "zoh"},
                                                                 {discretization::bilinear, "bilinear"},
                                                                 {discretization::forward_euler, "forward_euler"},
                                                                 {discretization::backward_euler, "backward_euler"},
                                                                 {discretization::mamba, "mamba"}};
constexpr char const* known =
    "zoh, bilinear, forward_euler, backward_euler, mamba or generalized_bilinear:ALPHA (0 <= ALPHA <= 1)";

}  // namespace

discretization discretization::generalized_bilinear(double alpha) {
  if (!(alpha >= 0 && alpha <= 1)) throw_invalid("alpha", detail::text_of(alpha), "a number from 0 to 1");
  return {family::gbt, alpha};
}

std::string name_of(discretization rule) {
  for (auto const& [named, name] : names)
    if (rule == named) return std::string(name);
  return std::string(parametric) + detail::text_of(rule.alpha());
}

discretization discretization_by_name(std::string_view name) {
  for (auto const& [rule, known_name] : names)
    if (name == known_name) return rule;
  if (name.starts_with(parametric)) {
    std::string_view const number = name.substr(parametric.size());
    double alpha = -1;
    auto const [end, error] = std::from_chars(number.data(), number.data() + number.size(), alpha);
    if (error == std::errc{} && end == number.data() + number.size() && alpha >= 0 && alpha <= 1)
      return discretization::generalized_bilinear(alpha);
  }
  throw_invalid("discretization", std::string(name), known);
}

double discretization_error(std::complex<double> lambda, double step, discretization rule) {
  constexpr double u = 0x1p-53;
  constexpr double second_order = 1.0 + 0x1p-20;  // products of roundings, left out of the formulas above
  std::complex<double> const v = step * lambda;
  double const a = std::abs(discretize(lambda, step, rule).a);
  if (rule.kind() != discretization::family::gbt) return second_order * u * (std::abs(v) + 5) * a;
  double const alpha = rule.alpha();
  bool const exact = alpha == 0 || alpha == 0.5 || alpha == 1;
  double const roundings = (exact ? 1 : 3) * std::abs(v);
  double const denominator = std::abs(1.0 - alpha * v);
  return second_order * u * (roundings * ((1 - alpha) + a * alpha) / denominator + 8 * a);
}

}  // namespace ssmscan::ssm
