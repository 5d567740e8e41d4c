#include <algorithm>

#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/convolution_checks.hpp>
#include <ssmscan/ssm/detail/device_layer_bounds.hpp>
#include <ssmscan/ssm/detail/diagonal_checks.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;

}  // namespace

algorithm_info info_of(std::string_view name) {
  auto const found = ssmscan::detail::info_of<simd::algorithms>(name);
  if (!found) throw_invalid("algorithm", std::string(name), "a name of the registry");
  return *found;
}

diagonal_checks::diagonal_checks(std::string name, diagonal_system const& system, signal const& input,
                                 validation_report& report)
    : name_(std::move(name)),
      system_(system),
      discrete_(discretize(system)),
      layer_(std::span(&system, 1)),
      input_(input),
      length_(static_cast<std::size_t>(input.length)),
      report_(report) {
  prepare(double_);
}

template <class Real>
std::complex<Real> diagonal_checks::drive(layer_in<Real> const& layer, std::size_t n, double u) const {
  return ssm::drive(layer.b[n], static_cast<Real>(u));
}

template <class Real>
void diagonal_checks::prepare(layer_in<Real>& layer) const {
  diagonal_system const& system = system_;
  for (complex const& a : discrete_.a) layer.a.emplace_back(a);
  for (complex const& b : discrete_.b) layer.b.emplace_back(b);
  layer.sums =
      sums_of(layer.a, system, input_.values, length_, [&](std::size_t n, double u) { return drive(layer, n, u); });
  layer.recurrence.resize(input_.values.size());
  std::vector<complex> state(layer.a.size());
  for (std::size_t i = 0; i < input_.values.size(); ++i) {
    if (i % length_ == 0) std::fill(state.begin(), state.end(), complex{});
    double sum = 0;
    for (std::size_t n = 0; n < state.size(); ++n) {
      state[n] = times(complex(layer.a[n]), state[n]) + complex(drive(layer, n, input_.values[i]));
      sum += read_out(system.c[n], state[n]);
    }
    layer.recurrence[i] = system.read_out_factor() * sum + system.d * input_.values[i];
  }
}

void diagonal_checks::kernel() {
  diagonal_system const& system = system_;
  kernel_ = diagonal_kernel(system, input_.length);
  kernel_bound_ = diagonal_kernel_bound(system, input_.length);
  std::vector<double> expected;
  for (complex const& tap : naive_kernel(discrete_.a, discrete_.b, system.c, input_.length)) {
    expected.push_back(system.read_out_factor() * tap.real());
  }
  // The chain of l products errs by l sqrt(5) u, the product with c and the sum by (2 + N) u of the sum of moduli.
  std::vector<double> powers_bound(length_);
  for (std::size_t n = 0; n < system.c.size(); ++n) {
    double size = system.read_out_factor() * std::abs(system.c[n]) * std::abs(discrete_.b[n]);
    for (std::size_t l = 0; l < length_; ++l) {
      double const roundings = static_cast<double>(l) * sqrt_5 + static_cast<double>(system.c.size()) + 3;
      powers_bound[l] += second_order * unit<double> * roundings * size;
      size *= std::abs(discrete_.a[n]);
    }
  }
  report_.checks.push_back(componentwise(row("kernel", "vandermonde", "serial", "f64"), kernel_, expected,
                                         [&](std::size_t l) { return kernel_bound_[l] + powers_bound[l]; }));
}

void diagonal_checks::convolutions() {
  std::vector<double> output(input_.values.size());
  layer_.run(input_.values, input_.batch, output,
             {.mode = mode::convolution, .convolution = convolution_method::direct, .scan = {}});
  std::vector<double> const bound = direct_bound(kernel_, kernel_bound_, input_);
  report_.checks.push_back(
      componentwise(row("convolution", "direct", "serial", "f64"), output, double_.recurrence, [&](std::size_t i) {
        double const added = 2 * unit<double> * (std::abs(output[i]) + std::abs(system_.d * input_.values[i]));
        return bound[i] + added + carried<double>(double_.sums, i, recurrence_error, length_) +
               read_out_bound(double_, i);
      }));
  auto const fft = [&](std::string const& dtype) {
    return row("convolution", "fft", std::string(fft_backend()), dtype);
  };
  report_.checks.push_back(fft_check<double>(fft("f64"), kernel_, input_));
  report_.checks.push_back(fft_check<float>(fft("f32"), kernel_, input_));
}

template <class Real>
std::vector<double> diagonal_checks::scan_bound(layer_in<Real>& layer, algorithm_info const& info,
                                                reference::math_library const& library, std::string& reason) const {
  using state = std::complex<Real>;
  std::vector<double> bound(input_.values.size());
  if (info.result != result_class::reformulates) {
    state_error const error{2, 2 * static_cast<double>(info.roundings(input_.length))};
    for (std::size_t i = 0; i < bound.size(); ++i) bound[i] = carried<Real>(layer.sums, i, error, length_);
    return bound;
  }
  if (!ssmscan::detail::is_named(info, "heinsen")) {
    reason = why_not_held(info);
    return {};
  }
  index_t const roundings = info.roundings(input_.length);
  if (std::pair const by{roundings, library.exp}; layer.heinsen_by != by) {
    layer.heinsen_bound.assign(bound.size(), 0.0);
    layer.heinsen_by = by;
    std::vector<state> driven(length_);
    for (std::size_t n = 0; n < layer.a.size(); ++n) {
      std::vector<state> const a(length_, layer.a[n]);
      double const weight = system_.read_out_factor() * std::abs(system_.c[n]);
      for (std::size_t start = 0; start < bound.size(); start += length_) {
        for (std::size_t t = 0; t < length_; ++t) driven[t] = drive(layer, n, input_.values[start + t]);
        std::vector<double> const lane = reference::heinsen_bound<state>(
            std::span<state const>(a), std::span<state const>(driven), roundings, {}, library);
        for (std::size_t t = 0; t < length_; ++t) layer.heinsen_bound[start + t] += weight * lane[t];
      }
    }
  }
  return layer.heinsen_bound;
}

template <class Real>
void diagonal_checks::report_scan(layer_in<Real> const& layer, validation_check as, std::vector<double> const& output,
                                  std::vector<double> const& bound) const {
  report_.checks.push_back(componentwise(std::move(as), output, layer.recurrence, [&](std::size_t i) {
    return second_order * bound[i] + carried<double>(layer.sums, i, recurrence_error, length_) +
           2 * read_out_bound(layer, i);
  }));
}

void diagonal_checks::scan(std::string const& algorithm, std::string const& backend) {
  validation_check as = row("scan", algorithm, backend, "c128");
  std::vector<double> const bound = scan_bound(double_, info_of(algorithm), reference::c_library, as.reason);
  if (bound.empty()) {
    report_.checks.push_back(as);
    return;
  }
  std::vector<double> output(input_.values.size());
  layer_execution how;
  how.mode = mode::scan;
  how.scan.algorithm = algorithm;
  how.scan.backend = backend;
  layer_.run(input_.values, input_.batch, output, how);
  report_scan(double_, as, output, bound);
}

template <class Real>
void diagonal_checks::scan_lanes(layer_in<Real>& layer, outside_scan const& scan, validation_check as,
                                 std::function<void(recurrence<std::complex<Real>> const&)> const& run) const {
  using state = std::complex<Real>;
  if (layer.a.empty()) prepare(layer);
  std::vector<double> const bound = scan_bound(layer, scan.info, scan.library, as.reason);
  if (bound.empty()) {
    report_.checks.push_back(as);
    return;
  }
  diagonal_system const& system = system_;
  tensor_shape const shape{input_.batch, static_cast<index_t>(layer.a.size()), input_.length};
  std::vector<state> lanes;
  for (std::size_t start = 0; start < input_.values.size(); start += length_) {
    for (std::size_t n = 0; n < layer.a.size(); ++n) {
      for (std::size_t t = 0; t < length_; ++t) lanes.push_back(drive(layer, n, input_.values[start + t]));
    }
  }
  recurrence<state> problem;
  problem.a = {layer.a.data(), shape, {.batch = 0, .channel = 1, .time = 0}};
  problem.x = {lanes.data(), shape};
  problem.b = problem.x;
  run(problem);
  std::vector<double> output(input_.values.size());
  for (std::size_t i = 0; i < output.size(); ++i) {
    std::size_t const first = (i / length_) * layer.a.size() * length_ + i % length_;
    double sum = 0;
    for (std::size_t n = 0; n < layer.a.size(); ++n) sum += read_out(system.c[n], complex(lanes[first + n * length_]));
    output[i] = system.read_out_factor() * sum + system.d * input_.values[i];
  }
  report_scan(layer, as, output, bound);
}

void diagonal_checks::scan_single(std::string const& algorithm, std::string const& backend) {
  scan_lanes<float>(single_, {info_of(algorithm), backend, reference::c_library},
                    row("scan", algorithm, backend, "c64"), [&](recurrence<std::complex<float>> const& problem) {
                      linear_recurrence(problem, {.algorithm = algorithm, .backend = backend});
                    });
}

void diagonal_checks::outside(outside_scan const& scan) {
  if (!scan.run_double) return;
  scan_lanes(double_, scan, row("scan", ssmscan::detail::full_name(scan.info), scan.backend, "c128"), scan.run_double);
}

void diagonal_checks::outside_single(outside_scan const& scan) {
  if (!scan.run_single) return;
  scan_lanes(single_, scan, row("scan", ssmscan::detail::full_name(scan.info), scan.backend, "c64"), scan.run_single);
}

template <class T>
void diagonal_checks::outside(outside_layer const& form) const {
  signal rounded = input_;
  std::vector<T> u, y(input_.values.size());
  for (double& value : rounded.values) u.push_back(static_cast<T>(value)), value = static_cast<double>(u.back());
  if constexpr (std::is_same_v<T, float>) {
    if (!form.run_single) return;
    form.run_single(system_, input_.batch, u, y);
  } else {
    if (!form.run_double) return;
    form.run_double(system_, input_.batch, u, y);
  }
  validation_report unused;
  std::vector<double> const expected = diagonal_checks(name_, system_, rounded, unused).double_.recurrence;
  device_layer_bounds<T> bounds(system_, rounded.values, length_);
  validation_check as = row("layer", form.algorithm, form.backend, std::string(dtype_name<T>));
  if (form.computed == mode::scan)
    report_.checks.push_back(componentwise(std::move(as), y, expected, [&](std::size_t i) { return bounds.scan(i); }));
  else
    report_.checks.push_back(by_rows<T>(std::move(as), y, expected, length_, [&](std::size_t r) {
      return bounds.convolution(r, form.fft_points(input_.length), expected);
    }));
}
template void diagonal_checks::outside<float>(outside_layer const&) const;
template void diagonal_checks::outside<double>(outside_layer const&) const;

validation_check diagonal_checks::row(std::string const& what, std::string const& algorithm, std::string const& backend,
                                      std::string const& dtype) const {
  validation_check check;
  check.name = name_ + "/" + what;
  check.algorithm = algorithm;
  check.backend = backend;
  check.dtype = dtype;
  return check;
}

template <class Real>
double diagonal_checks::read_out_bound(layer_in<Real> const& layer, std::size_t i) const {
  return read_out_error(layer.sums, i, layer.a.size(), system_.d * input_.values[i]);
}

}  // namespace ssmscan::ssm::detail
