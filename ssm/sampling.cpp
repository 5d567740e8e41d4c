#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/sampling.hpp>

namespace ssmscan::ssm {

index_t next_token(std::span<float const> logits, sampling const& how, std::mt19937_64& random) {
  if (logits.empty()) throw_invalid("logits", "none", "at least one");
  if (std::any_of(logits.begin(), logits.end(), [](float x) { return std::isnan(x); }))
    throw_invalid("logits", "a NaN", "numbers");
  if (!(how.temperature >= 0 && std::isfinite(how.temperature)))
    throw_invalid("temperature", std::to_string(how.temperature), "0 or more");
  if (!(how.top_p > 0 && how.top_p <= 1)) throw_invalid("top_p", std::to_string(how.top_p), "more than 0, at most 1");
  auto const greatest = std::max_element(logits.begin(), logits.end());
  if (how.temperature == 0) return greatest - logits.begin();

  std::vector<index_t> order(logits.size());
  std::iota(order.begin(), order.end(), index_t{0});
  std::vector<double> weight(logits.size());
  for (std::size_t i = 0; i < weight.size(); ++i) {
    double const below = double(logits[i]) - double(*greatest);  // inf - inf: as likely as each other
    weight[i] = logits[i] == *greatest ? 1 : std::exp(below / how.temperature);
  }
  std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
    return weight[static_cast<std::size_t>(a)] > weight[static_cast<std::size_t>(b)];
  });
  double const all = std::accumulate(weight.begin(), weight.end(), 0.0);
  double nucleus = 0;
  std::size_t kept = 0;
  while (kept < order.size() && (kept == 0 || nucleus < how.top_p * all))
    nucleus += weight[static_cast<std::size_t>(order[kept++])];
  // A uniform number of [0, 1) by its 53 leading bits: the standard's distributions are not the same everywhere.
  double const drawn = static_cast<double>(random() >> 11) * 0x1p-53 * nucleus;
  double passed = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    passed += weight[static_cast<std::size_t>(order[i])];
    if (drawn < passed) return order[i];
  }
  return order[kept - 1];
}

}  // namespace ssmscan::ssm
