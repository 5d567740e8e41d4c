#include <algorithm>
#include <cmath>
#include <sstream>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/dense_checks.hpp>
#include <ssmscan/ssm/detail/diagonal_checks.hpp>
#include <ssmscan/ssm/detail/low_rank_checks.hpp>
#include <ssmscan/ssm/detail/mimo_checks.hpp>
#include <ssmscan/ssm/detail/selective_checks.hpp>
#include <ssmscan/ssm/detail/spectra.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm {
namespace {

// b = 1, and c spread over both parts and signs by a fixed rule: c_n = e^{i n} / (n + 1).
diagonal_system s4d_system(s4d_initialization which, discretization rule, validation_options const& options) {
  diagonal_system system;
  system.lambda = s4d_lambda(which, options.state_size);
  system.step = options.step;
  system.rule = rule;
  system.d = 0.5;
  for (std::size_t n = 0; n < system.lambda.size(); ++n) {
    double const index = static_cast<double>(n);
    system.b.emplace_back(1.0);
    system.c.emplace_back(std::cos(index) / (index + 1), std::sin(index) / (index + 1));
  }
  return system;
}

// An odd size for fout, whose frequencies come in pairs beside the constant.
detail::dense_layer hippo_layer(hippo which, discretization rule, validation_options const& options) {
  index_t const size = options.dense_state_size - (which == hippo::fout && options.dense_state_size % 2 == 0 ? 1 : 0);
  detail::dense_layer layer{
      discretize(dense_system<double>{hippo_matrix(which, size), hippo_input(which, size)}, options.step, rule),
      Eigen::RowVectorXd(size)};
  for (index_t n = 0; n < size; ++n) layer.c(n) = std::cos(static_cast<double>(n)) / static_cast<double>(n + 1);
  return layer;
}

// The row that stands for a system that cannot be held to a bound: its state does not fade, or none is known.
validation_check skipped(std::string const& name, std::string const& dtype, std::string const& reason) {
  validation_check row;
  row.name = name;
  row.dtype = dtype;
  row.reason = reason;
  return row;
}

std::vector<std::string> chosen(std::vector<std::string> const& wanted, std::vector<std::string> const& offered,
                                std::string const& argument) {
  for (std::string const& name : wanted) {
    if (std::find(offered.begin(), offered.end(), name) == offered.end()) {
      throw_invalid(argument, name, "one of " + listed(offered));
    }
  }
  return wanted.empty() ? offered : wanted;
}

void check_signal(signal const& input) {
  if (input.batch < 1 || input.length < 1) throw_invalid("signal", "no samples", "at least one");
  if (static_cast<index_t>(input.values.size()) != input.batch * input.length) {
    throw_invalid("signal", std::to_string(input.values.size()) + " values",
                  std::to_string(input.batch) + " x " + std::to_string(input.length));
  }
  for (double const sample : input.values) {
    if (!(std::abs(sample) <= greatest_signal_magnitude)) {
      std::ostringstream given, needed;
      given << "a sample of " << sample;
      needed << "magnitudes up to 2^100 = " << greatest_signal_magnitude
             << " (checks in float sum thousands of samples)";
      throw_invalid("signal", given.str(), needed.str());
    }
  }
}

// The leading rows, as many as are allowed, and what for. Of a row that is cut, the samples from its first that is not zero:
// before it every form says zero, and nothing is compared.
signal shortened(signal const& input, index_t greatest_length, index_t greatest_samples, std::string const& what_for) {
  signal kept;
  kept.length = std::min(input.length, std::max<index_t>(1, greatest_length));
  kept.batch = std::min(input.batch, std::max<index_t>(1, greatest_samples / kept.length));
  kept.description = input.description;
  bool is_later = false;
  for (index_t row = 0; row < kept.batch; ++row) {
    auto const begin = input.values.begin() + row * input.length;
    auto const last = begin + (input.length - kept.length);  // from which a whole piece is left
    auto const start = std::find_if(begin, last, [](double sample) { return sample != 0; });
    is_later = is_later || start != begin;
    kept.values.insert(kept.values.end(), start, start + kept.length);
  }
  if (kept.length < input.length || kept.batch < input.batch) {
    kept.description += "; " + what_for + ": " + std::to_string(kept.batch) + " x " + std::to_string(kept.length) +
                        (is_later ? ", from the first that is not zero" : "");
  }
  return kept;
}

}  // namespace

index_t validation_report::count(check_status status) const {
  return std::count_if(checks.begin(), checks.end(), [&](validation_check const& c) { return c.status == status; });
}

validation_report validate(signal const& whole, validation_options const& options) {
  check_signal(whole);
  if (options.state_size < 2 || options.state_size % 2 != 0)
    throw_invalid("state_size", std::to_string(options.state_size), "an even number, at least 2");
  std::vector<std::string> const algorithms = chosen(options.algorithms, algorithm_names(), "algorithms");
  std::vector<std::string> backends = chosen(options.backends, backend_names(), "backends");
  if (options.backends.empty() && !options.outside.empty()) backends.clear();
  auto const each_scan = [&](auto const& run) {
    for (std::string const& algorithm : algorithms)
      for (std::string const& backend : backends) run(algorithm, backend);
  };
  index_t const length = options.greatest_length;
  signal const input = shortened(whole, length, options.greatest_samples, "used");
  signal const for_singles = shortened(input, length, options.greatest_singles, "scans in complex float");
  signal const for_matrices = shortened(for_singles, length, options.greatest_matrices, "scans of matrices");
  signal const for_other_matrices = shortened(for_matrices, options.greatest_other_matrices,
                                              options.greatest_other_matrices, "of LegT, LagT and FouT");
  signal const for_low_rank = shortened(for_other_matrices, options.greatest_low_rank_matrices,
                                        options.greatest_low_rank_matrices, "scans of S4");
  validation_report report;
  report.signal = for_low_rank.description;
  for (s4d_initialization const which : all_s4d_initializations) {
    for (discretization const rule : detail::validated_rules()) {
      std::string const name = "s4d." + std::string(name_of(which)) + "." + name_of(rule);
      diagonal_system const system = s4d_system(which, rule, options);
      if (double const radius = discretize(system).spectral_radius(); !(radius < 1)) {
        report.checks.push_back(
            skipped(name, "c128", "unstable by mathematics: spectral radius " + std::to_string(radius)));
        continue;
      }
      detail::diagonal_checks checks(name, system, input, report);
      checks.kernel();
      checks.convolutions();
      each_scan([&](std::string const& algorithm, std::string const& backend) { checks.scan(algorithm, backend); });
      for (outside_scan const& scan : options.outside) checks.outside(scan);
      detail::diagonal_checks singles(name, system, for_singles, report);
      each_scan(
          [&](std::string const& algorithm, std::string const& backend) { singles.scan_single(algorithm, backend); });
      for (outside_scan const& scan : options.outside) singles.outside_single(scan);
      for (outside_layer const& form : options.outside_layers)
        checks.outside<double>(form), checks.outside<float>(form);
    }
  }
  for (hippo const which : all_hippos) {
    for (discretization const rule : detail::validated_rules()) {
      std::string const name = "hippo_" + std::string(name_of(which)) + "." + name_of(rule);
      detail::dense_layer const layer = hippo_layer(which, rule, options);
      double const radius = detail::spectral_radius(layer.discrete.a);
      if (!(radius < 1)) {
        report.checks.push_back(
            skipped(name, "f64", "unstable by mathematics: spectral radius " + std::to_string(radius)));
        continue;
      }
      if (!layer.is_triangular() && !std::isfinite(layer.power_bound())) {
        report.checks.push_back(skipped(name, "f64",
                                        "no bound is known: spectral radius " + std::to_string(radius) +
                                            ", but not triangular, and its powers fall too slowly"));
        continue;
      }
      signal const& matrices = which == hippo::legs ? for_matrices : for_other_matrices;
      detail::dense_checks(name, layer, which == hippo::legs ? input : for_singles, report).convolutions();
      detail::dense_checks scans(name, layer, matrices, report);
      each_scan([&](std::string const& algorithm, std::string const& backend) { scans.scan(algorithm, backend); });
    }
  }
  detail::low_rank_checks(for_singles, for_low_rank, each_scan, options, report);
  detail::mimo_rows(for_singles, each_scan, options, report);
  detail::selective_rows(for_matrices, backends, each_scan, report);
  detail::outside_selective_rows(for_matrices, for_other_matrices, options.outside_selective_forms, report);
  detail::frozen_rows(for_matrices, s4d_system(s4d_initialization::lin, discretization::zoh, options), backends,
                      report);
  return report;
}

}  // namespace ssmscan::ssm
