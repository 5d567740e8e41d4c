#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>

#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/dense_checks.hpp>
#include <ssmscan/ssm/detail/hippo_system.hpp>
#include <ssmscan/ssm/detail/low_rank_checks.hpp>
#include <ssmscan/ssm/detail/systems.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;

// An explicit inverse for each root of unity: kept to lengths that take no second.
constexpr index_t greatest_inverse_length = 512;

// An odd size and the full spectrum for fout: its eigenvalue 0 has no conjugate.
dplr_system hippo_channel(hippo which, index_t state_size, double step) {
  bool const unpaired = which == hippo::fout;
  auto const kept = unpaired ? spectrum::full : spectrum::half;
  auto const form = hippo_normal_plus_low_rank(which, unpaired ? (state_size / 2 - 1) | 1 : state_size, kept);
  dplr_system system = system_of(form, step, kept);
  for (index_t n = 0; n < form.lambda.size(); ++n)
    system.c.push_back(std::polar(1.0 / static_cast<double>(n + 1), static_cast<double>(n)));
  return system;
}

class checks {
 public:
  checks(std::string name, dplr_system system, signal const& input, validation_report& report)
      : name_(std::move(name)), system_(std::move(system)), input_(input), report_(report) {}

  void run() {
    kernels();
    layers();
  }

 private:
  template <class T>
  void add(std::string const& what, std::string const& algorithm, std::string const& backend, std::string const& dtype,
           std::vector<T> const& computed, std::vector<double> const& expected, double promised) {
    double largest = 0;
    for (double const value : expected) largest = std::max(largest, std::abs(value));
    validation_check row;
    row.name = name_ + "/" + what;
    row.algorithm = algorithm, row.backend = backend, row.dtype = dtype;
    report_.checks.push_back(
        componentwise(std::move(row), std::vector<double>(computed.begin(), computed.end()), expected,
                      [&](std::size_t) { return promised * largest + std::numeric_limits<double>::min(); }));
  }

  void kernels() {
    auto const whole = matrices_of(system_);
    auto const discrete = discretize(whole.continuous, system_.step, discretization::bilinear);
    std::vector<double> powers;
    for (complex const tap : naive_kernel<complex>(discrete, whole.c, input_.length)) powers.push_back(tap.real());
    index_t const short_length = std::min(input_.length, greatest_inverse_length);
    std::vector<double> const short_powers(powers.begin(), powers.begin() + short_length);
    add("kernel", "generating_function", "serial", "f64", generating_function_kernel(discrete, whole.c, short_length),
        short_powers, promised_double);
    add("kernel", "dplr_roots", "serial", "f64", dplr_kernel_by_roots(system_, input_.length), powers, promised_double);
    add("kernel", "dplr", "serial", "f64", dplr_kernel<double>(system_, input_.length), powers, promised_double);
    add("kernel", "dplr", "serial", "f32", dplr_kernel<float>(system_, input_.length), powers, promised_float);
  }

  void layers() {
    auto const length = static_cast<std::size_t>(input_.length);
    layer const of(std::span<dplr_system const>(&system_, 1));
    std::vector<double> recurrence(input_.values.size()), dense, output(recurrence);
    of.run(input_.values, input_.batch, recurrence, {.mode = mode::recurrence});
    auto const whole = matrices_of(system_);
    auto const discrete = discretize(whole.continuous, system_.step, discretization::bilinear);
    Eigen::VectorXcd x;
    for (std::size_t i = 0; i < input_.values.size(); ++i) {
      if (i % length == 0) x = Eigen::VectorXcd::Zero(discrete.b.size());
      x = (discrete.a * x + discrete.b * input_.values[i]).eval();
      dense.push_back((whole.c * x).value().real());
    }
    add("recurrence", "dplr_step", "serial", "f64", recurrence, dense, promised_double);
    of.run(input_.values, input_.batch, output, {.mode = mode::convolution});
    add("convolution", "fft", std::string(fft_backend()), "f64", output, recurrence, promised_double);
  }

  std::string name_;
  dplr_system system_;
  signal const& input_;
  validation_report& report_;
};

dense_layer layer_of(dplr_system const& system, discretization rule) {
  discrete_dense const reals = over_the_reals(system, rule);
  return {{reals.a, reals.b.col(0)}, reals.c.row(0)};
}

void skip(std::string const& name, std::string const& reason, validation_report& report) {
  validation_check row;
  row.name = name, row.dtype = "f64", row.reason = reason;
  report.checks.push_back(row);
}

}  // namespace

void low_rank_checks(signal const& input, signal const& for_scans,
                     std::function<void(each_scan_visit const&)> const& each_scan, validation_options const& options,
                     validation_report& report) {
  for (hippo const which : all_hippos) {
    dplr_system const system = hippo_channel(which, options.state_size, options.step);
    for (discretization const rule : all_discretizations) {
      std::string const name = "s4." + std::string(name_of(which)) + "." + name_of(rule);
      dense_layer const layer = layer_of(system, rule);
      double const radius = layer.discrete.a.eigenvalues().cwiseAbs().maxCoeff();
      if (!(radius < 1)) {
        skip(name, "unstable by mathematics: spectral radius " + std::to_string(radius), report);
        continue;
      }
      if (rule == discretization::bilinear) checks(name, system, input, report).run();
      if (!layer.contracts()) {
        skip(name, "no bound is known: spectral radius " + std::to_string(radius) + ", but no contraction", report);
        continue;
      }
      dense_checks scans(name, layer, for_scans, report);
      if (rule != discretization::bilinear) scans.convolutions();
      each_scan([&](std::string const& algorithm, std::string const& backend) { scans.scan(algorithm, backend); });
    }
  }
}

}  // namespace ssmscan::ssm::detail
