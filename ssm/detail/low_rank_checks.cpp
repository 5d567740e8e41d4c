#include <algorithm>
#include <cmath>
#include <limits>

#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/low_rank_checks.hpp>
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
// The real state of a scan is as long as state_size, a combine its cube: the leading samples.
constexpr index_t greatest_scan_samples = 512;

dplr_system system_of(hippo which, index_t state_size, double step) {
  auto const form = hippo_normal_plus_low_rank(which, state_size, spectrum::half);
  dplr_system system{.lambda = {form.lambda.begin(), form.lambda.end()},
                     .p = {form.p.data(), form.p.data() + form.p.size()},  // columns, one after the other
                     .b = {form.b.begin(), form.b.end()},
                     .d = 0.5,
                     .step = step};
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
      dense.push_back((whole.c * x).value().real() + system_.d * input_.values[i]);
    }
    add("recurrence", "dplr_step", "serial", "f64", recurrence, dense, promised_double);
    of.run(input_.values, input_.batch, output, {.mode = mode::convolution});
    add("convolution", "fft", std::string(fft_backend()), "f64", output, recurrence, promised_double);
    std::vector<double> const some(input_.values.begin(),
                                   input_.values.begin() + std::min(input_.length, greatest_scan_samples));
    std::vector<double> scanned(some.size());
    of.run(some, 1, scanned, {.mode = mode::scan, .scan = {.algorithm = "sequential", .backend = "serial"}});
    recurrence.resize(some.size());
    add("scan", "sequential", "serial", "f64", scanned, recurrence, promised_double);
  }

  std::string name_;
  dplr_system system_;
  signal const& input_;
  validation_report& report_;
};

}  // namespace

void low_rank_checks(signal const& input, index_t state_size, double step, validation_report& report) {
  for (hippo const which : {hippo::legs, hippo::legt, hippo::lagt})
    checks("s4." + std::string(name_of(which)) + ".bilinear", system_of(which, state_size, step), input, report).run();
}

}  // namespace ssmscan::ssm::detail
