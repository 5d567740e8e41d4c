#include <algorithm>
#include <optional>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>
#include <ssmscan/ssm/s4d.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
constexpr double u_double = 0x1p-53;
constexpr double u_single = 0x1p-24;

// d of bound (A) for an algorithm of the registry that reassociates; nothing for one with a bound of its own.
std::optional<detail::state_error> scan_error(std::string_view name, index_t time) {
  std::optional<detail::state_error> found;
  algorithms::for_each([&](auto entry) {
    constexpr algorithm_info info = decltype(entry)::type::info;
    if (info.variant.empty() && info.name == name && info.result != result_class::reformulates) {
      found = {2.0, 2.0 * static_cast<double>(info.roundings(time))};
    }
  });
  return found;
}

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

// All checks of one stable diagonal system.
class diagonal_checks {
 public:
  diagonal_checks(std::string name, diagonal_system const& system, signal const& input, validation_report& report)
      : name_(std::move(name)),
        layer_(system),
        input_(input),
        length_(static_cast<std::size_t>(input.length)),
        report_(report) {
    auto const drive = [](complex b, double u) { return complex(b.real() * u, b.imag() * u); };
    sums_ = detail::sums_of(layer_.discrete(), system, input.values, length_, drive);
    recurrence_.resize(input.values.size());
    layer_.run(input.values, input.batch, recurrence_);
  }

  void kernel() {
    diagonal_system const& system = layer_.system();
    kernel_ = diagonal_kernel(system, input_.length);
    kernel_bound_ = diagonal_kernel_bound(system, input_.length);
    std::vector<complex> const powers = naive_kernel(layer_.discrete().a, layer_.discrete().b, system.c, input_.length);
    std::vector<double> expected;
    for (complex const& tap : powers) expected.push_back(system.read_out_factor() * tap.real());
    // The chain of l products errs by l sqrt(5) u, the product with c and the sum by (2 + N) u of the sum of moduli.
    std::vector<double> powers_bound(length_);
    for (std::size_t n = 0; n < system.c.size(); ++n) {
      double size = system.read_out_factor() * std::abs(system.c[n]) * std::abs(layer_.discrete().b[n]);
      for (std::size_t l = 0; l < length_; ++l) {
        double const roundings = static_cast<double>(l) * detail::sqrt_5 + static_cast<double>(system.c.size()) + 3;
        powers_bound[l] += detail::second_order * u_double * roundings * size + detail::underflow;
        size *= std::abs(layer_.discrete().a[n]);
      }
    }
    report_.checks.push_back(detail::componentwise(row("kernel", "vandermonde", "serial", "f64"), kernel_, expected,
                                                   [&](std::size_t l) { return kernel_bound_[l] + powers_bound[l]; }));
  }

  void convolutions() {
    std::vector<double> output(input_.values.size());
    layer_.run(input_.values, input_.batch, output,
               {.mode = s4d_mode::convolution, .convolution = convolution_method::direct});
    // sum_k (kernel's error + g |kernel|) |u|, g of the sum of t + 1 terms, by a convolution of moduli.
    std::vector<double> weights(length_);
    for (std::size_t l = 0; l < length_; ++l) {
      weights[l] = kernel_bound_[l] + direct_convolution_factor(input_.length + 1, u_double) * std::abs(kernel_[l]);
    }
    std::vector<double> moduli(input_.values.size());
    std::transform(input_.values.begin(), input_.values.end(), moduli.begin(), [](double x) { return std::abs(x); });
    std::vector<double> convolution_bound(input_.values.size());
    causal_convolution(weights, moduli, input_.batch, convolution_bound, convolution_method::direct);
    report_.checks.push_back(
        detail::componentwise(row("convolution", "direct", "serial", "f64"), output, recurrence_, [&](std::size_t i) {
          double const added = 2 * u_double * (std::abs(output[i]) + std::abs(layer_.system().d * input_.values[i]));
          return detail::second_order * convolution_bound[i] + added + recurrence_bound(i);
        }));

    fft<double>("f64", u_double);
    fft<float>("f32", u_single);
  }

  // Both ways on the same inputs and kernel, as T has them; the direct sum is in double in either case.
  template <class T>
  void fft(std::string const& dtype, double) {
    std::vector<T> const kernel(kernel_.begin(), kernel_.end());
    std::vector<T> const input(input_.values.begin(), input_.values.end());
    std::vector<T> computed(input.size());
    causal_convolution(kernel, input, input_.batch, computed, convolution_method::fft);
    std::vector<double> const kernel_exact(kernel.begin(), kernel.end());
    std::vector<double> const input_exact(input.begin(), input.end());
    std::vector<double> expected(input.size());
    causal_convolution(kernel_exact, input_exact, input_.batch, expected, convolution_method::direct);
    vector_norms const kernel_norms = norms_of(std::span<double const>(kernel_exact));
    double const direct = direct_convolution_factor(input_.length, u_double);
    report_.checks.push_back(detail::by_rows<T>(
        row("convolution", "fft", std::string(fft_backend()), dtype), computed, expected, length_, [&](std::size_t r) {
          vector_norms const norms = norms_of(std::span<double const>(input_exact).subspan(r * length_, length_));
          // The direct sum's own error in the 2-norm: g || |k| * |u| ||_2 <= g ||k||_1 ||u||_2 (Young).
          return fft_convolution_bound<T>(padded_length(input_.length, input_.length), kernel_norms, norms) +
                 direct * kernel_norms.one * norms.two;
        }));
  }

  void scan(std::string const& algorithm, std::string const& backend) {
    validation_check const as = row("scan", algorithm, backend, "c128");
    std::optional<detail::state_error> const error = scan_error(algorithm, input_.length);
    if (!error) return;
    std::vector<double> output(input_.values.size());
    layer_.run(input_.values, input_.batch, output,
               {.mode = s4d_mode::scan, .scan = {.algorithm = algorithm, .backend = backend}});
    report_.checks.push_back(detail::componentwise(as, output, recurrence_, [&](std::size_t i) {
      return detail::carried(sums_, i, *error, u_double) + read_out_bound(i) + recurrence_bound(i);
    }));
  }

 private:
  validation_check row(std::string const& what, std::string const& algorithm, std::string const& backend,
                       std::string const& dtype) const {
    validation_check check;
    check.name = name_ + "/" + what;
    check.algorithm = algorithm;
    check.backend = backend;
    check.dtype = dtype;
    return check;
  }
  double read_out_bound(std::size_t i) const {
    return detail::read_out_error(sums_, i, layer_.system().c.size(), layer_.system().d * input_.values[i]);
  }
  double recurrence_bound(std::size_t i) const {
    return detail::carried(sums_, i, detail::recurrence_error, u_double) + read_out_bound(i);
  }

  std::string name_;
  s4d layer_;
  signal const& input_;
  std::size_t length_;
  validation_report& report_;
  detail::layer_sums sums_;
  std::vector<double> recurrence_;
  std::vector<double> kernel_;
  std::vector<double> kernel_bound_;
};

std::string radius_text(double radius) {
  std::string text = std::to_string(radius);
  return "unstable by mathematics: spectral radius " + text;
}

std::vector<std::string> chosen(std::vector<std::string> const& wanted, std::vector<std::string> const& offered,
                                std::string const& argument) {
  std::string list;
  for (std::string const& name : offered) list += (list.empty() ? "" : ", ") + name;
  for (std::string const& name : wanted) {
    if (std::find(offered.begin(), offered.end(), name) == offered.end())
      throw_invalid(argument, name, "one of " + list);
  }
  return wanted.empty() ? offered : wanted;
}

void check_signal(signal const& input) {
  if (input.batch < 1 || input.length < 1) throw_invalid("signal", "no samples", "at least one");
  if (static_cast<index_t>(input.values.size()) != input.batch * input.length) {
    throw_invalid("signal", std::to_string(input.values.size()) + " values",
                  std::to_string(input.batch) + " x " + std::to_string(input.length));
  }
}

}  // namespace

index_t validation_report::count(check_status status) const {
  return std::count_if(checks.begin(), checks.end(), [&](validation_check const& c) { return c.status == status; });
}

validation_report validate(signal const& input, validation_options const& options) {
  check_signal(input);
  std::vector<std::string> const algorithms = chosen(options.algorithms, algorithm_names(), "algorithms");
  std::vector<std::string> const backends = chosen(options.backends, backend_names(), "backends");
  validation_report report;
  report.signal = input.description;
  for (s4d_initialization const which : all_s4d_initializations) {
    for (discretization const rule : all_discretizations) {
      std::string const name = "s4d." + std::string(name_of(which)) + "." + std::string(name_of(rule));
      diagonal_system const system = s4d_system(which, rule, options);
      double const radius = discretize(system).spectral_radius();
      if (!(radius < 1)) {
        validation_check row;
        row.name = name;
        row.dtype = "c128";
        row.reason = radius_text(radius);
        report.checks.push_back(row);
        continue;
      }
      diagonal_checks checks(name, system, input, report);
      checks.kernel();
      checks.convolutions();
      for (std::string const& algorithm : algorithms) {
        for (std::string const& backend : backends) checks.scan(algorithm, backend);
      }
    }
  }
  return report;
}

}  // namespace ssmscan::ssm
