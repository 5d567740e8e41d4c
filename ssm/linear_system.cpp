#include <algorithm>
#include <string>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/diagonal_scan.hpp>
#include <ssmscan/ssm/detail/matrix_scan.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/need_matrix.hpp>
#include <ssmscan/ssm/detail/spectra.hpp>
#include <ssmscan/ssm/detail/systems.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

class dense_realization final : public linear_system {
 public:
  explicit dense_realization(discrete_dense system)
      : linear_system(system.b.cols(), system.c.rows(), system.a.rows()), system_(std::move(system)) {
    if (states() < 1 || inputs() < 1 || outputs() < 1)
      throw_invalid("a, b, c", "a system without states, inputs or outputs", "at least 1 of each");
    detail::need_matrix("a", system_.a, states(), states());
    detail::need_matrix("b", system_.b, states(), inputs());
    detail::need_matrix("c", system_.c, outputs(), states());
    detail::need_matrix("d", system_.d, outputs(), inputs());
  }

  void recurrence(complex* state, double const* u, double* y, index_t length) const override {
    Eigen::VectorXd x(states()), input(inputs()), next(states());
    for (index_t n = 0; n < states(); ++n) x(n) = state[n].real();
    for (index_t t = 0; t < length; ++t) {
      for (index_t q = 0; q < inputs(); ++q) input(q) = u[q * length + t];
      next.noalias() = system_.a * x;
      next.noalias() += system_.b * input;
      x = next;
      if (y == nullptr) continue;
      for (index_t p = 0; p < outputs(); ++p) y[p * length + t] = system_.c.row(p).dot(x) + system_.d.row(p).dot(input);
    }
    for (index_t n = 0; n < states(); ++n) state[n] = x(n);
  }

  std::vector<double> kernel(index_t output, index_t input, index_t length) const override {
    detail::need_length(length);
    need_pair(output, input);
    std::vector<double> made;
    Eigen::VectorXd x = system_.b.col(input);
    for (index_t l = 0; l < length; ++l) {
      made.push_back(system_.c.row(output).dot(x));
      x = (system_.a * x).eval();
    }
    return made;
  }
  double feedthrough(index_t output, index_t input) const override {
    need_pair(output, input);
    return system_.d(output, input);
  }

  choice scan(double const* u, double* y, index_t length, packed const& states_of,
              execution const& how) const override {
    Eigen::MatrixXd held = Eigen::MatrixXd::Zero(states_of.sequences(), states());
    for (index_t k = 0; states_of.initial != nullptr && k < states_of.sequences(); ++k)
      for (index_t n = 0; n < states(); ++n) held(k, n) = states_of.initial[k * states() + n].real();
    choice const made = detail::matrix_scan(system_, u, y, length, states_of.offsets, held, how);
    for (index_t k = 0; states_of.final != nullptr && k < states_of.sequences(); ++k)
      for (index_t n = 0; n < states(); ++n) states_of.final[k * states() + n] = held(k, n);
    return made;
  }
  double spectral_radius() const override { return detail::spectral_radius(system_.a); }
  bool has_real_states() const override { return true; }

 private:
  discrete_dense system_;
};

class diagonal_realization final : public linear_system {
 public:
  explicit diagonal_realization(mimo_diagonal_system const& s)
      : linear_system(s.inputs, s.outputs, static_cast<index_t>(s.lambda.size())), d_(s.d) {
    for (index_t p = 0; p < outputs(); ++p)
      for (index_t q = 0; q < inputs(); ++q) pairs_.push_back(detail::pair_of(s, p, q));
    b_.resize(at(states() * inputs()));
    for (index_t q = 0; q < inputs(); ++q) {
      discrete_diagonal const discrete = discretize(pairs_[at(q)]);
      a_ = discrete.a;
      for (index_t n = 0; n < states(); ++n) b_[at(n * inputs() + q)] = discrete.b[at(n)];
    }
    c_ = s.c;
    factor_ = pairs_[0].read_out_factor();
  }

  void recurrence(complex* state, double const* u, double* y, index_t length) const override {
    for (index_t t = 0; t < length; ++t) {
      for (index_t n = 0; n < states(); ++n) state[n] = times(a_[at(n)], state[n]) + driven(n, u, t, length);
      for (index_t p = 0; y != nullptr && p < outputs(); ++p) {
        double sum = 0;
        for (index_t n = 0; n < states(); ++n) sum += read_out(c_[at(p * states() + n)], state[n]);
        y[p * length + t] = factor_ * sum;
      }
    }
    if (y != nullptr) add_feedthrough(u, y, length);
  }

  std::vector<double> kernel(index_t output, index_t input, index_t length) const override {
    return diagonal_kernel(pair(output, input), length);
  }
  std::vector<float> kernel_of_floats(index_t output, index_t input, index_t length) const override {
    return diagonal_kernel<float>(pair(output, input), length);
  }
  double feedthrough(index_t output, index_t input) const override { return pair(output, input).d; }
  void need_kernel_length(index_t length) const override { need_diagonal_kernel_length(pairs_[0], length); }

  choice scan(double const* u, double* y, index_t length, packed const& states_of,
              execution const& how) const override {
    detail::diagonal_arithmetic const of{inputs(),  outputs(), states(),  a_.data(),
                                         b_.data(), c_.data(), d_.data(), factor_};
    return detail::diagonal_scan(of, u, y, length, states_of, how);
  }

  double spectral_radius() const override {
    double radius = 0;
    for (complex const& pole : a_) radius = std::max(radius, std::abs(pole));
    return radius;
  }

 private:
  diagonal_system const& pair(index_t output, index_t input) const {
    need_pair(output, input);
    return pairs_[at(output * inputs() + input)];
  }
  complex driven(index_t n, double const* u, index_t t, index_t length) const {
    complex sum = drive(b_[at(n * inputs())], u[t]);
    for (index_t q = 1; q < inputs(); ++q) sum += drive(b_[at(n * inputs() + q)], u[q * length + t]);
    return sum;
  }
  void add_feedthrough(double const* u, double* y, index_t length) const {
    for (index_t p = 0; p < outputs(); ++p)
      for (index_t q = 0; q < inputs(); ++q)
        for (index_t t = 0; t < length; ++t) y[p * length + t] += d_[at(p * inputs() + q)] * u[q * length + t];
  }

  std::vector<diagonal_system> pairs_;  // of each output and input
  std::vector<complex> a_, b_, c_;
  std::vector<double> d_;
  double factor_;
};

}  // namespace

void linear_system::need_pair(index_t output, index_t input) const {
  auto const need = [](char const* name, index_t given, index_t count) {
    if (given < 0 || given >= count)
      throw_invalid(name, std::to_string(given), "one of 0 to " + std::to_string(count - 1));
  };
  need("output", output, outputs()), need("input", input, inputs());
}

void linear_system::need_kernel_length(index_t length) const { detail::need_length(length); }

std::vector<float> linear_system::kernel_of_floats(index_t output, index_t input, index_t length) const {
  std::vector<double> const made = kernel(output, input, length);
  return {made.begin(), made.end()};
}

namespace detail {

diagonal_system pair_of(mimo_diagonal_system const& system, index_t output, index_t input) {
  index_t const states = static_cast<index_t>(system.lambda.size());
  bool const one_step = system.step.size() == 1;
  diagonal_system pair{.d = system.d[at(output * system.inputs + input)],
                       .step = one_step ? system.step[0] : 1,
                       .rule = system.rule,
                       .kept = system.kept};
  for (index_t n = 0; n < states; ++n) {
    double const faster = one_step ? 1 : system.step[at(n)];
    pair.lambda.push_back(faster * system.lambda[at(n)]);
    pair.b.push_back(faster * system.b[at(n * system.inputs + input)]);
    pair.c.push_back(system.c[at(output * states + n)]);
  }
  return pair;
}

dplr_realization::dplr_realization(dplr_system const& system)
    : linear_system(1, 1, system.size()), system_(system), stepper_(system) {}

void dplr_realization::recurrence(complex* state, double const* u, double* y, index_t length) const {
  double const factor = system_.read_out_factor();
  for (index_t t = 0; t < length; ++t) {
    stepper_.step(state, u[t]);
    if (y == nullptr) continue;
    double sum = 0;
    for (index_t n = 0; n < states(); ++n) sum += read_out(system_.c[at(n)], state[n]);
    y[t] = factor * sum + system_.d * u[t];
  }
}

std::vector<double> dplr_realization::kernel(index_t output, index_t input, index_t length) const {
  need_pair(output, input);
  return dplr_kernel<double>(system_, length);
}
std::vector<float> dplr_realization::kernel_of_floats(index_t output, index_t input, index_t length) const {
  need_pair(output, input);
  return dplr_kernel<float>(system_, length);
}
double dplr_realization::feedthrough(index_t output, index_t input) const {
  need_pair(output, input);
  return system_.d;
}

// On (Re x, Im x): the map is linear over the reals, for a half spectrum and a full one.
discrete_dense dplr_realization::over_the_reals() const {
  index_t const n = states();
  discrete_dense made{Eigen::MatrixXd(2 * n, 2 * n), Eigen::MatrixXd(2 * n, 1), Eigen::MatrixXd(1, 2 * n),
                      Eigen::MatrixXd::Constant(1, 1, system_.d)};
  for (index_t k = 0; k < 2 * n; ++k) {
    std::vector<complex> x(at(n));
    x[at(k % n)] = k < n ? complex(1, 0) : complex(0, 1);
    stepper_.step(x.data(), 0);
    for (index_t i = 0; i < n; ++i) made.a(i, k) = x[at(i)].real(), made.a(n + i, k) = x[at(i)].imag();
  }
  std::vector<complex> driven(at(n));
  stepper_.step(driven.data(), 1);
  for (index_t i = 0; i < n; ++i) made.b(i, 0) = driven[at(i)].real(), made.b(n + i, 0) = driven[at(i)].imag();
  for (index_t i = 0; i < n; ++i) {
    made.c(0, i) = system_.read_out_factor() * system_.c[at(i)].real();
    made.c(0, n + i) = -system_.read_out_factor() * system_.c[at(i)].imag();
  }
  return made;
}

choice dplr_realization::scan(double const* u, double* y, index_t length, packed const& states_of,
                              execution const& how) const {
  index_t const n = states(), sequences = states_of.sequences();
  Eigen::MatrixXd held = Eigen::MatrixXd::Zero(sequences, 2 * n);
  for (index_t k = 0; states_of.initial != nullptr && k < sequences; ++k) {
    for (index_t i = 0; i < n; ++i) {
      held(k, i) = states_of.initial[k * n + i].real();
      held(k, n + i) = states_of.initial[k * n + i].imag();
    }
  }
  choice const made = matrix_scan(over_the_reals(), u, y, length, states_of.offsets, held, how);
  for (index_t k = 0; states_of.final != nullptr && k < sequences; ++k)
    for (index_t i = 0; i < n; ++i) states_of.final[k * n + i] = {held(k, i), held(k, n + i)};
  return made;
}

double dplr_realization::spectral_radius() const { return detail::spectral_radius(over_the_reals().a); }

discrete_dense over_the_reals(dplr_system const& system, discretization rule) {
  check(system);
  // On (Re x, Im x): A x = lambda x - P (P^* x), with 2 Re(P^* x) for a half spectrum, is linear over the reals.
  index_t const n = system.size();
  Eigen::VectorXcd const lambda = Eigen::Map<Eigen::VectorXcd const>(system.lambda.data(), n);
  Eigen::MatrixXcd const p = Eigen::Map<Eigen::MatrixXcd const>(system.p.data(), n, system.rank());
  dense_system<double> continuous{Eigen::MatrixXd(2 * n, 2 * n), Eigen::VectorXd(2 * n)};
  discrete_dense made{{}, {}, Eigen::MatrixXd(1, 2 * n), Eigen::MatrixXd::Constant(1, 1, system.d)};
  for (index_t k = 0; k < 2 * n; ++k) {
    Eigen::VectorXcd x = Eigen::VectorXcd::Zero(n);
    x(k % n) = k < n ? complex(1, 0) : complex(0, 1);
    Eigen::VectorXcd through = p.adjoint() * x;
    if (system.kept == spectrum::half) through = (2 * through.real()).cast<complex>();
    Eigen::VectorXcd const image = lambda.cwiseProduct(x) - p * through;
    continuous.a.col(k) << image.real(), image.imag();
  }
  for (index_t i = 0; i < n; ++i) {
    continuous.b(i) = system.b[at(i)].real(), continuous.b(n + i) = system.b[at(i)].imag();
    made.c(0, i) = system.read_out_factor() * system.c[at(i)].real();
    made.c(0, n + i) = -system.read_out_factor() * system.c[at(i)].imag();
  }
  auto const discrete = discretize(continuous, system.step, rule);
  made.a = discrete.a, made.b = discrete.b;
  return made;
}

}  // namespace detail

linear_system_ptr dense(discrete_dense system) { return std::make_shared<dense_realization>(std::move(system)); }

linear_system_ptr diagonal_plus_low_rank(dplr_system const& system, discretization rule) {
  if (rule == discretization::bilinear) return std::make_shared<detail::dplr_realization>(system);
  return dense(detail::over_the_reals(system, rule));
}

linear_system_ptr diagonal(diagonal_system const& system) {
  check(system);
  return diagonal(mimo_diagonal_system{.lambda = system.lambda,
                                       .b = system.b,
                                       .c = system.c,
                                       .d = {system.d},
                                       .step = {system.step},
                                       .rule = system.rule,
                                       .kept = system.kept});
}

linear_system_ptr diagonal(mimo_diagonal_system const& system) {
  if (system.inputs < 1) throw_invalid("inputs", std::to_string(system.inputs), "at least 1");
  if (system.outputs < 1) throw_invalid("outputs", std::to_string(system.outputs), "at least 1");
  if (system.lambda.empty()) throw_invalid("lambda", "0 values", "at least 1");
  index_t const states = static_cast<index_t>(system.lambda.size());
  auto const need = [](char const* name, std::size_t given, index_t needed, char const* shape) {
    if (static_cast<index_t>(given) != needed)
      throw_invalid(name, std::to_string(given) + " values", std::to_string(needed) + ", " + shape);
  };
  need("b", system.b.size(), states * system.inputs, "(N, inputs)");
  need("c", system.c.size(), system.outputs * states, "(outputs, N)");
  need("d", system.d.size(), system.outputs * system.inputs, "(outputs, inputs)");
  if (system.step.size() != 1) need("step", system.step.size(), states, "(N), or one for all");
  for (double const step : system.step) detail::need_step(step);
  return std::make_shared<diagonal_realization>(system);  // finiteness: discretize checks each part
}

}  // namespace ssmscan::ssm
