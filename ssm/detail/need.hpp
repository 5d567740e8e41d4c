#pragma once
// What the systems ask of their parameters, in the house's one sentence.
#include <cmath>
#include <complex>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/error.hpp>

namespace ssmscan::ssm::detail {

inline std::string text_of(double x) {
  std::ostringstream text;
  text << x;
  return text.str();
}

inline void need_finite(std::string const& name, double given) {
  if (!std::isfinite(given)) throw_invalid(name, text_of(given), "a finite number");
}

inline void need_step(double given) {
  if (!(given > 0) || !std::isfinite(given)) throw_invalid("step", text_of(given), "a positive finite number");
}

// As many finite values as there are eigenvalues.
inline void need_values(std::string const& name, std::span<std::complex<double> const> given, std::size_t size,
                        char const* eigenvalues = "lambda") {
  if (given.size() != size)
    throw_invalid(name, std::to_string(given.size()) + " values", std::to_string(size) + ", as many as " + eigenvalues);
  for (std::size_t n = 0; n < size; ++n) {
    if (!std::isfinite(given[n].real()) || !std::isfinite(given[n].imag()))
      throw_invalid(name, "a value that is not finite at index " + std::to_string(n), "finite numbers");
  }
}

inline void need_decay(std::vector<std::complex<double>> const& lambda) {
  for (std::size_t n = 0; n < lambda.size(); ++n) {
    if (lambda[n].real() > 0)
      throw_invalid(
          "lambda",
          "the real part " + text_of(lambda[n].real()) + " at index " + std::to_string(n) + ", an unstable system",
          "no positive real part");
  }
}

// Runs `call`; the message of a std::invalid_argument that leaves it begins with `prefix`, which says where its argument stands.
template <class Call>
auto named_in(std::string const& prefix, Call const& call) {
  try {
    return call();
  } catch (std::invalid_argument const& error) { throw std::invalid_argument(prefix + error.what()); }
}

inline void need_length(index_t length) {
  if (length < 1) throw_invalid("length", std::to_string(length), "at least 1");
}

}  // namespace ssmscan::ssm::detail
