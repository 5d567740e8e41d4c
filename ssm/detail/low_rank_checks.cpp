#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/convolution_checks.hpp>
#include <ssmscan/ssm/detail/dense_checks.hpp>
#include <ssmscan/ssm/detail/hippo_system.hpp>
#include <ssmscan/ssm/detail/low_rank_bounds.hpp>
#include <ssmscan/ssm/detail/low_rank_checks.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/spectra.hpp>
#include <ssmscan/ssm/detail/systems.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;

// An explicit inverse for each point of the circle: kept to lengths that take no second.
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
      : name_(std::move(name)),
        system_(std::move(system)),
        whole_(matrices_of(system_)),
        discrete_(discretize(whole_.continuous, system_.step, discretization::bilinear)),
        bound_(bound_of_powers(system_, discrete_, whole_.c, input.length)),
        kernel_bound_(bound_of_dplr_kernel<double>(system_, input.length, bound_, spectrum_form::by_tangents)),
        input_(input),
        report_(report) {}

  void run() {
    kernels();
    layers();
    float_convolution();
  }

 private:
  // Element i to the lesser of what is promised and what is derived; where the promise is, the row says what is derived.
  template <class T, class Bound>
  void add(std::string const& what, std::string const& algorithm, std::string const& backend,
           std::vector<T> const& computed, std::vector<double> const& expected, Bound derived) {
    bool const single = std::is_same_v<T, float>;
    double const promised = single ? promised_float : promised_double;
    double largest = 0, loosest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i)
      largest = std::max(largest, std::abs(expected[i])), loosest = std::max(loosest, derived(i));
    validation_check row;
    row.name = name_ + "/" + what;
    row.algorithm = algorithm, row.backend = backend, row.dtype = single ? "f32" : "f64";
    if (loosest > promised * largest && largest > 0)
      row.reason = "held to the promised " + text_of(promised) + " of the largest value, below the derived " +
                   text_of(loosest / largest);
    constexpr double smallest = std::numeric_limits<double>::min();  // below it nothing is relative
    report_.checks.push_back(componentwise(std::move(row), computed, expected, [&](std::size_t i) {
      return std::min(promised * largest, derived(i)) + smallest;
    }));
  }

  void kernels() {
    std::vector<double> powers;
    for (complex const tap : naive_kernel<complex>(discrete_, whole_.c, input_.length)) powers.push_back(tap.real());
    index_t const short_length = std::min(input_.length, greatest_inverse_length);
    std::vector<double> const short_powers(powers.begin(), powers.begin() + short_length);
    auto const with_powers = [&](std::vector<double> const& bound) {
      return [this, bound](std::size_t l) { return bound[l] + bound_.tap[l]; };
    };
    add("kernel", "generating_function", "serial", generating_function_kernel(discrete_, whole_.c, short_length),
        short_powers,
        with_powers(bound_of_generating_function(discrete_, whole_.c, short_length,
                                                 bound_of_powers(system_, discrete_, whole_.c, short_length))));
    add("kernel", "dplr_roots", "serial", dplr_kernel_by_roots(system_, input_.length), powers,
        with_powers(bound_of_dplr_kernel<double>(system_, input_.length, bound_, spectrum_form::by_roots)));
    add("kernel", "dplr", "serial", dplr_kernel<double>(system_, input_.length), powers, with_powers(kernel_bound_));
    float_kernel_bound_ = bound_of_dplr_kernel<float>(system_, input_.length, bound_, spectrum_form::by_tangents);
    add("kernel", "dplr", "serial", dplr_kernel<float>(system_, input_.length), powers,
        with_powers(float_kernel_bound_));
  }

  void layers() {
    auto const length = static_cast<std::size_t>(input_.length);
    layer const of(std::span<dplr_system const>(&system_, 1));
    std::vector<double> recurrence(input_.values.size()), dense, output(recurrence), of_step, of_matrix;
    of.run(input_.values, input_.batch, recurrence, {.mode = mode::recurrence});
    stepped_run stepped(system_);
    matrix_run by_matrix(system_, discrete_, whole_.c);
    for (std::size_t i = 0; i < input_.values.size(); ++i) {
      if (i % length == 0) stepped.restart(), by_matrix.restart();
      stepped.step(input_.values[i]), by_matrix.step(input_.values[i]);
      dense.push_back(by_matrix.output());
      of_step.push_back(stepped.bound()), of_matrix.push_back(by_matrix.bound());
    }
    add("recurrence", "dplr_step", "serial", recurrence, dense,
        [&](std::size_t i) { return of_step[i] + of_matrix[i]; });
    of.run(input_.values, input_.batch, output, {.mode = mode::convolution});
    std::vector<double> const of_convolution =
        convolution_bound<double>(input_, dplr_kernel<double>(system_, input_.length), kernel_bound_, output);
    add("convolution", "fft", std::string(fft_backend()), output, recurrence,
        [&](std::size_t i) { return of_convolution[i] + of_step[i]; });
  }

  // In float: of the samples as floats, beside the recurrence of the same. Its bound is what is derived; a signal's cancellation
  // is not the kernel's, for which the promise is.
  void float_convolution() {
    signal rounded = input_;
    std::vector<float> u, y(input_.values.size());
    for (double& value : rounded.values) u.push_back(static_cast<float>(value)), value = static_cast<double>(u.back());
    layer const of(std::span<dplr_system const>(&system_, 1));
    tensor_shape const shape{input_.batch, 1, input_.length};
    of.run<float>({.input = {u.data(), shape}, .output = {y.data(), shape}}, {.mode = mode::convolution});
    std::vector<double> recurrence(y.size()), of_step;
    of.run(rounded.values, input_.batch, recurrence, {.mode = mode::recurrence});
    stepped_run stepped(system_);
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (i % static_cast<std::size_t>(input_.length) == 0) stepped.restart();
      stepped.step(rounded.values[i]), of_step.push_back(stepped.bound());
    }
    std::vector<double> const bound = convolution_bound<float>(rounded, dplr_kernel<float>(system_, input_.length),
                                                               float_kernel_bound_, {y.begin(), y.end()});
    validation_check row;
    row.name = name_ + "/convolution", row.algorithm = "fft", row.backend = fft_backend(), row.dtype = "f32";
    report_.checks.push_back(
        componentwise(std::move(row), y, recurrence, [&](std::size_t i) { return bound[i] + of_step[i]; }));
  }

  // What the kernel's errors do to the exact convolution, sample by sample, and the FFT's error, by rows; the sum with d u in
  // double and the rounding of an output y to T.
  template <class T>
  std::vector<double> convolution_bound(signal const& input, std::vector<T> const& kernel,
                                        std::vector<double> const& kernel_bound, std::vector<double> const& y) const {
    auto const length = static_cast<std::size_t>(input.length);
    std::vector<double> bound = direct_bound(std::vector<double>(length), kernel_bound, input);
    vector_norms const of_kernel = norms_of(std::span<T const>(kernel));
    for (std::size_t start = 0; start < y.size(); start += length) {
      double const of_transforms =
          fft_convolution_bound<T>(padded_length(input.length, input.length), of_kernel,
                                   norms_of(std::span<double const>(input.values).subspan(start, length)));
      for (std::size_t i = start; i < start + length; ++i)
        bound[i] += of_transforms + 2 * unit<double> * (std::abs(y[i]) + std::abs(system_.d * input.values[i])) +
                    (std::is_same_v<T, float> ? second_order * unit<float> * std::abs(y[i]) + smallest_float : 0);
    }
    return bound;
  }

  // What is below it is rounded to a multiple of it, or is zero: an error of so much in each of a few roundings.
  static constexpr double smallest_float = 4 * static_cast<double>(std::numeric_limits<float>::min());

  std::string name_;
  dplr_system system_;
  dplr_matrices whole_;
  dense_system<complex> discrete_;
  powers_bound bound_;
  std::vector<double> kernel_bound_, float_kernel_bound_;  // of dplr
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
    for (discretization const rule : validated_rules()) {
      std::string const name = "s4." + std::string(name_of(which)) + "." + name_of(rule);
      dense_layer const layer = layer_of(system, rule);
      double const radius = spectral_radius(layer.discrete.a);
      if (!(radius < 1)) {
        skip(name, "unstable by mathematics: spectral radius " + std::to_string(radius), report);
        continue;
      }
      if (rule == discretization::bilinear) checks(name, system, input, report).run();
      if (!std::isfinite(layer.power_bound())) {
        skip(name, "no bound is known: spectral radius " + std::to_string(radius) + ", but its powers fall too slowly",
             report);
        continue;
      }
      dense_checks scans(name, layer, for_scans, report);
      if (rule != discretization::bilinear) scans.convolutions();
      each_scan([&](std::string const& algorithm, std::string const& backend) { scans.scan(algorithm, backend); });
    }
  }
}

}  // namespace ssmscan::ssm::detail
