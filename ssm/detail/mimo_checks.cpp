#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/convolution_checks.hpp>
#include <ssmscan/ssm/detail/diagonal_checks.hpp>
#include <ssmscan/ssm/detail/mimo_checks.hpp>
#include <ssmscan/ssm/detail/systems.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;
constexpr index_t inputs = 2, outputs = 3;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

mimo_diagonal_system s5_system(discretization rule, validation_options const& options) {
  mimo_diagonal_system made{.inputs = inputs,
                            .outputs = outputs,
                            .lambda = s4d_lambda(s4d_initialization::lin, options.state_size),
                            .rule = rule};
  index_t const states = static_cast<index_t>(made.lambda.size());
  for (index_t i = 0; i < states * inputs; ++i) made.b.push_back(std::polar(1.0, 0.7 * static_cast<double>(i)));
  for (index_t i = 0; i < outputs * states; ++i) made.c.push_back(std::polar(0.5, 1.1 * static_cast<double>(i)));
  for (index_t i = 0; i < outputs * inputs; ++i) made.d.push_back(0.25 * static_cast<double>(i));
  for (index_t n = 0; n < states; ++n)
    made.step.push_back(options.step * (1 + static_cast<double>(n) / static_cast<double>(states)));
  return made;
}

// Every number of the signals is (batch, channel, time). Bounds are those of layer_bounds.hpp, of each output, but for
// what drives a state: `inputs` products and inputs - 1 sums more.
class mimo_checks {
 public:
  mimo_checks(std::string name, mimo_diagonal_system const& system, signal const& input, validation_report& report)
      : name_(std::move(name)),
        states_(static_cast<index_t>(system.lambda.size())),
        batch_(input.batch),
        length_(input.length),
        layer_({diagonal(system)}),
        report_(report) {
    for (index_t p = 0; p < outputs; ++p)
      for (index_t q = 0; q < inputs; ++q) pairs_.push_back(pair_of(system, p, q));
    for (index_t q = 0; q < inputs; ++q) driving_.push_back(discretize(pairs_[at(q)]));
    for (index_t b = 0; b < batch_; ++b) {
      auto const row = input.values.begin() + b * length_;
      u_.insert(u_.end(), row, row + length_);
      u_.insert(u_.end(), std::make_reverse_iterator(row + length_), std::make_reverse_iterator(row));
    }
    recurrence_ = run({.mode = mode::recurrence});
    sums();
  }

  void kernels() {
    std::vector<double> computed, expected, bound;
    for (index_t p = 0; p < outputs; ++p) {
      for (index_t q = 0; q < inputs; ++q) {
        diagonal_system const& pair = pairs_[at(p * inputs + q)];
        kernels_.push_back(layer_.systems()[0]->kernel(p, q, length_));
        kernel_bounds_.push_back(diagonal_kernel_bound(pair, length_));
        auto const powers = naive_kernel(driving_[at(q)].a, driving_[at(q)].b, pair.c, length_);
        for (index_t l = 0; l < length_; ++l) {
          // A chain of l products, the product with c, the sum: as diagonal_checks::kernel.
          double of_powers = 0;
          for (index_t n = 0; n < states_; ++n)
            of_powers += (static_cast<double>(l) * sqrt_5 + static_cast<double>(states_) + 3) * pair.read_out_factor() *
                         std::abs(pair.c[at(n)]) * std::abs(driving_[at(q)].b[at(n)]) *
                         std::pow(std::abs(driving_[at(q)].a[at(n)]), static_cast<double>(l));
          computed.push_back(kernels_.back()[at(l)]);
          expected.push_back(pair.read_out_factor() * powers[at(l)].real());
          bound.push_back(kernel_bounds_.back()[at(l)] + second_order * unit<double> * of_powers);
        }
      }
    }
    report_.checks.push_back(componentwise(row("kernel", "vandermonde", "serial", "f64"), computed, expected,
                                           [&](std::size_t i) { return bound[i]; }));
  }

  void convolutions() {
    for (auto const method : {convolution_method::direct, convolution_method::fft}) {
      bool const fft = method == convolution_method::fft;
      std::vector<double> const made = run({.mode = mode::convolution, .convolution = method});
      std::vector<double> bound(made.size());
      for (index_t p = 0; p < outputs; ++p)
        for (index_t q = 0; q < inputs; ++q) add_convolution(p, q, fft, bound);
      report_.checks.push_back(
          componentwise(row("convolution", fft ? "fft" : "direct", fft ? std::string(fft_backend()) : "serial", "f64"),
                        made, recurrence_, [&](std::size_t i) { return bound[i] + of_recurrence(i) + read_out(i); }));
    }
  }

  void scan(std::string const& algorithm, std::string const& backend) {
    algorithm_info const info = info_of(algorithm);
    validation_check as = row("scan", algorithm, backend, "c128");
    double const roundings = static_cast<double>(info.roundings(length_));
    bool const reformulates = info.result == result_class::reformulates;
    if (reformulates && !ssmscan::detail::is_named(info, "heinsen")) {
      as.reason = why_not_held(info);
      report_.checks.push_back(std::move(as));
      return;
    }
    if (reformulates) of_heinsen(info.roundings(length_));
    std::vector<double> const made = run({.mode = mode::scan, .scan = {.algorithm = algorithm, .backend = backend}});
    report_.checks.push_back(componentwise(std::move(as), made, recurrence_, [&](std::size_t i) {
      double const own = reformulates ? second_order * heinsen_[i] : state({2, 2 * roundings}, i);
      return own + of_recurrence(i) + 2 * read_out(i);
    }));
  }

 private:
  std::vector<double> run(layer_execution const& how) const {
    std::vector<double> made(at(batch_ * outputs * length_));
    layer_.run<double>(
        {.input = {u_.data(), {batch_, inputs, length_}}, .output = {made.data(), {batch_, outputs, length_}}}, how);
    return made;
  }
  double u(index_t b, index_t q, index_t t) const { return u_[at((b * inputs + q) * length_ + t)]; }
  double weight(index_t p, index_t n) const {
    diagonal_system const& pair = pairs_[at(p * inputs)];
    return pair.read_out_factor() * std::abs(pair.c[at(n)]);
  }

  // S and N of layer_bounds.hpp at each output.
  void sums() {
    weighted_n_.resize(recurrence_.size()), weighted_s_.resize(recurrence_.size()), skip_.resize(recurrence_.size());
    for (index_t b = 0; b < batch_; ++b) {
      for (index_t n = 0; n < states_; ++n) {
        double const modulus = std::abs(driving_[0].a[at(n)]);
        double size = 0, sensitivity = 0;
        for (index_t t = 0; t < length_; ++t) {
          sensitivity = modulus * (sensitivity + size);
          size *= modulus;
          for (index_t q = 0; q < inputs; ++q) size += std::abs(driving_[at(q)].b[at(n)]) * std::abs(u(b, q, t));
          largest_ = std::max(largest_, size);
          for (index_t p = 0; p < outputs; ++p) {
            weighted_n_[place(b, p, t)] += weight(p, n) * sensitivity;
            weighted_s_[place(b, p, t)] += weight(p, n) * size;
          }
        }
      }
      for (index_t p = 0; p < outputs; ++p)
        for (index_t q = 0; q < inputs; ++q)
          for (index_t t = 0; t < length_; ++t)
            skip_[place(b, p, t)] += std::abs(pairs_[at(p * inputs + q)].d * u(b, q, t));
    }
  }
  std::size_t place(index_t b, index_t p, index_t t) const { return at((b * outputs + p) * length_ + t); }

  double state(state_error e, std::size_t i) const {
    double const beta = e.beta + 2 * static_cast<double>(inputs) - 1, steps = static_cast<double>(length_);
    // Below the normal numbers: as `carried`, with the weights of all eigenvalues.
    double const smallest =
        4 * std::numeric_limits<double>::denorm_min() * (steps + beta) * static_cast<double>(states_) * (1 + largest_);
    return second_order * unit<double> * (e.alpha * weighted_n_[i] + beta * weighted_s_[i]) + smallest;
  }
  double of_recurrence(std::size_t i) const { return state(recurrence_error, i); }
  double read_out(std::size_t i) const {
    return second_order * unit<double> *
               ((static_cast<double>(states_) + 3) * weighted_s_[i] + (static_cast<double>(inputs) + 2) * skip_[i]) +
           second_order * unit<double> * 2 * (weighted_s_[i] + skip_[i]);
  }

  // Of one input's convolution: its kernel's error, and the direct sum's or the transform's.
  void add_convolution(index_t p, index_t q, bool fft, std::vector<double>& bound) const {
    std::size_t const k = at(p * inputs + q);
    signal one{.description = {}, .batch = batch_, .length = length_, .values = {}};
    for (index_t b = 0; b < batch_; ++b)
      for (index_t t = 0; t < length_; ++t) one.values.push_back(u(b, q, t));
    std::vector<double> const direct = direct_bound(kernels_[k], kernel_bounds_[k], one);
    for (index_t b = 0; b < batch_; ++b) {
      double const transforms =
          fft ? fft_convolution_bound<double>(
                    padded_length(length_, length_), norms_of(std::span<double const>(kernels_[k])),
                    norms_of(std::span<double const>(one.values).subspan(at(b * length_), at(length_))))
              : 0;
      for (index_t t = 0; t < length_; ++t) bound[place(b, p, t)] += direct[at(b * length_ + t)] + transforms;
    }
  }

  void of_heinsen(index_t roundings) {
    if (!heinsen_.empty()) return;
    heinsen_.resize(recurrence_.size());
    for (index_t b = 0; b < batch_; ++b) {
      for (index_t n = 0; n < states_; ++n) {
        std::vector<complex> const a(at(length_), driving_[0].a[at(n)]);
        std::vector<complex> driven(a.size());
        for (index_t t = 0; t < length_; ++t)
          for (index_t q = 0; q < inputs; ++q) driven[at(t)] += driving_[at(q)].b[at(n)] * u(b, q, t);
        auto const lane = reference::heinsen_bound<complex>(
            std::span<complex const>(a), std::span<complex const>(driven), roundings, {}, reference::c_library);
        for (index_t p = 0; p < outputs; ++p)
          for (index_t t = 0; t < length_; ++t) heinsen_[place(b, p, t)] += weight(p, n) * lane[at(t)];
      }
    }
  }

  validation_check row(std::string const& what, std::string const& algorithm, std::string const& backend,
                       std::string const& dtype) const {
    validation_check made;
    made.name = name_ + "/" + what, made.algorithm = algorithm, made.backend = backend, made.dtype = dtype;
    return made;
  }

  std::string name_;
  index_t states_, batch_, length_;
  layer layer_;
  validation_report& report_;
  std::vector<diagonal_system> pairs_;      // (outputs, inputs)
  std::vector<discrete_diagonal> driving_;  // of each input
  std::vector<double> u_, recurrence_, weighted_n_, weighted_s_, skip_, heinsen_;
  double largest_ = 0;
  std::vector<std::vector<double>> kernels_, kernel_bounds_;
};

}  // namespace

void mimo_rows(signal const& input, std::function<void(each_scan_visit const&)> const& each_scan,
               validation_options const& options, validation_report& report) {
  for (discretization const rule : validated_rules()) {
    std::string const name = "s5.lin." + name_of(rule);
    mimo_diagonal_system const system = s5_system(rule, options);
    if (double const radius = diagonal(system)->spectral_radius(); !(radius < 1)) {
      validation_check skip;
      skip.name = name, skip.dtype = "c128";
      skip.reason = "unstable by mathematics: spectral radius " + std::to_string(radius);
      report.checks.push_back(std::move(skip));
      continue;
    }
    mimo_checks checks(name, system, input, report);
    checks.kernels();
    checks.convolutions();
    each_scan([&](std::string const& algorithm, std::string const& backend) { checks.scan(algorithm, backend); });
  }
}

}  // namespace ssmscan::ssm::detail
