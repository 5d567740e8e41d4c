#include <cmath>

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/dense_checks.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>

namespace ssmscan::ssm::detail {
namespace {

// A dense recurrence run beside its own error: x[t] = A x[t-1] + b u[t] rounds each of N + 2 operations once, so
//   E[t] = |A| E[t-1] + g (|A| |x[t-1]| + |b u[t]|),  g = (N+2)u / (1 - (N+2)u),    |y - exact y| <= |c| E + g |c| |x|
// elementwise, from the computed x. |A| is triangular with a diagonal below 1, so E stays finite.
class dense_run {
 public:
  dense_run(dense_system<double> const& system, Eigen::RowVectorXd const& c)
      : system_(system),
        c_(c),
        moduli_(system.a.cwiseAbs()),
        g_(direct_convolution_factor(system.a.rows() + 2, unit<double>)) {
    restart();
  }
  void restart() {
    state_ = Eigen::VectorXd::Zero(system_.a.rows());
    error_ = state_;
  }
  void step(double u) {
    error_ = (moduli_ * error_ + g_ * (moduli_ * state_.cwiseAbs() + system_.b.cwiseAbs() * std::abs(u))).eval();
    state_ = (system_.a * state_ + system_.b * u).eval();
  }
  double output() const { return c_ * state_; }
  double bound() const {
    return second_order * (c_.cwiseAbs() * error_ + g_ * (c_.cwiseAbs() * state_.cwiseAbs())).value();
  }

 private:
  dense_system<double> const& system_;
  Eigen::RowVectorXd c_;
  Eigen::MatrixXd moduli_;
  double g_;
  Eigen::VectorXd state_;
  Eigen::VectorXd error_;
};

validation_check row(std::string name, std::string algorithm, std::string backend) {
  validation_check check;
  check.name = std::move(name);
  check.algorithm = std::move(algorithm);
  check.backend = std::move(backend);
  check.dtype = "f64";
  return check;
}

}  // namespace

std::string unstable(double spectral_radius) {
  return "unstable by mathematics: spectral radius " + std::to_string(spectral_radius);
}

void dense_checks(discretization rule, signal const& input, validation_options const& options,
                  validation_report& report) {
  std::string const name = "hippo_legs." + std::string(name_of(rule));
  index_t const size = options.dense_state_size;
  dense_system<double> const system =
      discretize(dense_system<double>{hippo_legs_matrix(size), hippo_legs_input(size)}, options.step, rule);
  double const radius = system.a.diagonal().cwiseAbs().maxCoeff();  // triangular: the diagonal is the spectrum
  if (!(radius < 1)) {
    validation_check skipped = row(name, "", "");
    skipped.reason = unstable(radius);
    report.checks.push_back(skipped);
    return;
  }
  Eigen::RowVectorXd c(size);
  for (index_t n = 0; n < size; ++n) c(n) = std::cos(static_cast<double>(n)) / static_cast<double>(n + 1);

  std::size_t const length = static_cast<std::size_t>(input.length);
  dense_run run(system, c);
  std::vector<double> recurrence;
  std::vector<double> recurrence_bound;
  for (std::size_t i = 0; i < input.values.size(); ++i) {
    if (i % length == 0) run.restart();
    run.step(input.values[i]);
    recurrence.push_back(run.output());
    recurrence_bound.push_back(run.bound());
  }

  // The kernel's error by the same run on an impulse; the convolution's as for a diagonal system.
  std::vector<double> const kernel = naive_kernel<double>(system, c, input.length);
  double const g = direct_convolution_factor(input.length + 1, unit<double>);
  std::vector<double> weights;
  run.restart();
  for (std::size_t l = 0; l < length; ++l) {
    run.step(l == 0 ? 1.0 : 0.0);
    weights.push_back((1 + g) * (run.bound() + g * std::abs(kernel[l])));
  }
  std::vector<double> moduli;
  for (double const u : input.values) moduli.push_back(std::abs(u));
  std::vector<double> bound(input.values.size());
  std::vector<double> direct(input.values.size());
  causal_convolution(weights, moduli, input.batch, bound, convolution_method::direct);
  causal_convolution(kernel, input.values, input.batch, direct, convolution_method::direct);
  report.checks.push_back(componentwise(row(name + "/convolution", "direct", "serial"), direct, recurrence,
                                        [&](std::size_t i) { return second_order * bound[i] + recurrence_bound[i]; }));

  std::vector<double> fft(input.values.size());
  causal_convolution(kernel, input.values, input.batch, fft, convolution_method::fft);
  vector_norms const kernel_norms = norms_of(std::span<double const>(kernel));
  report.checks.push_back(by_rows<double>(
      row(name + "/convolution", "fft", std::string(fft_backend())), fft, direct, length, [&](std::size_t r) {
        vector_norms const norms = norms_of(std::span<double const>(input.values).subspan(r * length, length));
        return fft_convolution_bound<double>(padded_length(input.length, input.length), kernel_norms, norms) +
               g * kernel_norms.one * norms.two;
      }));
}

}  // namespace ssmscan::ssm::detail
