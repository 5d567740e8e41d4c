#include <cmath>
#include <type_traits>

#include <ssmscan/scan/backends/all.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/convolution_checks.hpp>
#include <ssmscan/ssm/detail/dense_checks.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>

namespace ssmscan::ssm::detail {
namespace {

using map_monoid = affine_matrix<double, dynamic>;

}  // namespace

dense_checks::dense_checks(std::string name, dense_layer const& layer, signal const& input, validation_report& report)
    : name_(std::move(name)),
      layer_(layer),
      input_(input),
      length_(static_cast<std::size_t>(input.length)),
      report_(report) {
  dense_run run(layer);
  for (std::size_t i = 0; i < input.values.size(); ++i) {
    if (i % length_ == 0) run.restart();
    run.step(input.values[i]);
    recurrence_.push_back(run.output());
    recurrence_bound_.push_back(run.bound());
  }
}

void dense_checks::convolutions() {
  std::vector<double> const kernel = naive_kernel<double>(layer_.discrete, layer_.c, input_.length);
  std::vector<double> kernel_bound;  // by the same run, on an impulse
  dense_run run(layer_);
  for (std::size_t l = 0; l < length_; ++l) {
    run.step(l == 0 ? 1.0 : 0.0);
    kernel_bound.push_back(run.bound());
  }
  std::vector<double> output(input_.values.size());
  causal_convolution(kernel, input_.values, input_.batch, output, convolution_method::direct);
  std::vector<double> const bound = direct_bound(kernel, kernel_bound, input_);
  report_.checks.push_back(componentwise(row("convolution", "direct", "serial"), output, recurrence_,
                                         [&](std::size_t i) { return bound[i] + recurrence_bound_[i]; }));
  report_.checks.push_back(fft_check<double>(row("convolution", "fft", fft_backend()), kernel, input_));
}

template <class A, class B>
std::vector<double> dense_checks::states_by() const {
  auto const& a = layer_.discrete.a;
  auto const& b = layer_.discrete.b;
  index_t const size = a.rows(), length = input_.length;
  map_monoid const combine(size);
  auto step = combine.identity();
  for (index_t i = 0; i < size; ++i)
    for (index_t k = 0; k < size; ++k) step.a[static_cast<std::size_t>(i * size + k)] = a(i, k);
  std::vector<double> states(input_.values.size() * static_cast<std::size_t>(size));
  B on;
  ssmscan::scan(
      on, A{}, combine, {input_.batch, length},
      [&](index_t lane, index_t t) {
        Eigen::VectorXd const driven = b * input_.values[static_cast<std::size_t>(lane * length + t)];
        if (t == 0) return combine.start(driven);
        auto made = step;
        std::copy(driven.begin(), driven.end(), made.b.begin());
        return made;
      },
      [&](index_t lane, index_t t, map_monoid::value_type const& prefix) {
        std::copy(prefix.b.begin(), prefix.b.end(), states.begin() + (lane * length + t) * size);
      });
  return states;
}

void dense_checks::scan(std::string_view algorithm, std::string_view backend) {
  ssmscan::algorithms::for_each([&]<class A>(std::type_identity<A>) {
    ssmscan::backends::for_each([&]<class B>(std::type_identity<B>) {
      if constexpr (supports<A, B, map_monoid>)
        if (ssmscan::detail::is_named(A::info, algorithm) && B::name == backend)
          report_states(row("scan", algorithm, backend), states_by<A, B>(), A::info.roundings(input_.length));
    });
  });
}

void dense_checks::report_states(validation_check as, std::vector<double> const& states, index_t roundings) {
  if (sums_.weighted_s.empty()) sums_ = sums_of(layer_, input_.values, length_);
  index_t const size = layer_.c.cols();
  std::vector<double> output, read_out_bound;
  for (std::size_t i = 0; i < input_.values.size(); ++i) {
    Eigen::Map<Eigen::VectorXd const> const state(states.data() + static_cast<index_t>(i) * size, size);
    output.push_back(layer_.c * state);
    read_out_bound.push_back(layer_.product_error() * (layer_.c.cwiseAbs() * state.cwiseAbs()).value());
  }
  report_.checks.push_back(componentwise(std::move(as), output, recurrence_, [&](std::size_t i) {
    return carried(sums_, i, size, roundings, length_) + second_order * read_out_bound[i] + recurrence_bound_[i];
  }));
}

validation_check dense_checks::row(std::string const& what, std::string_view algorithm,
                                   std::string_view backend) const {
  validation_check check;
  check.name = name_ + "/" + what;
  check.algorithm = algorithm;
  check.backend = backend;
  check.dtype = "f64";
  return check;
}

}  // namespace ssmscan::ssm::detail
