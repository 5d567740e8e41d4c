#include <algorithm>
#include <cmath>

#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/selective_checks.hpp>
#include <ssmscan/ssm/detail/selective_heinsen.hpp>
#include <ssmscan/ssm/detail/selective_plan.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm::detail {
namespace {

constexpr index_t channels = 2, states = 4;

template <class T>
struct selective_layer {
  explicit selective_layer(signal const& input, selective_rule rule_)
      : batch(input.batch), time(input.length), rule(rule_) {
    auto const number = [](index_t i) { return static_cast<double>(i); };
    for (index_t i = 0; i < batch; ++i) {
      for (index_t c = 0; c < channels; ++c) {
        for (index_t t = 0; t < time; ++t) {
          u.push_back(static_cast<T>(input.values[static_cast<std::size_t>(i * time + t)] / number(c + 1)));
          delta.push_back(static_cast<T>(std::cos(0.1 * number(t) + number(c + i))));
          z.push_back(static_cast<T>(std::sin(0.05 * number(t) + number(c))));
        }
      }
      for (index_t n = 0; n < states; ++n) {
        for (index_t t = 0; t < time; ++t) {
          B.push_back(static_cast<T>(std::cos(0.37 * number(t) + number(n))));
          C.push_back(static_cast<T>(std::sin(0.21 * number(t) + 2 * number(n)) / number(n + 1)));
        }
      }
    }
    for (index_t c = 0; c < channels; ++c) {
      for (index_t n = 0; n < states; ++n) A.push_back(-static_cast<T>(n + 1));
    }
    y.resize(u.size());
  }
  selective_problem<T> problem() {
    tensor_shape const shape{batch, channels, time};
    selective_problem<T> p;
    p.u = tensor_view<T const>(u.data(), shape), p.delta = tensor_view<T const>(delta.data(), shape);
    p.z = tensor_view<T const>(z.data(), shape), p.y = {y.data(), shape};
    p.A = {A.data(), channels, states};
    p.B = varying_coefficient(B.data(), 1, states, time), p.C = varying_coefficient(C.data(), 1, states, time);
    p.D = D, p.delta_bias = bias;
    p.activation = delta_activation::softplus;
    p.rule = rule;
    return p;
  }

  index_t batch, time;
  selective_rule rule;
  std::vector<T> u, delta, z, A, B, C, y, D{T(0.5), T(-1)}, bias{T(-2), T(-3)};
};

template <class T>
validation_check row(selective_layer<T> const& layer, std::string const& form, std::string algorithm,
                     std::string backend) {
  validation_check made;
  made.name = "selective." + std::string(name_of(layer.rule)) + "/" + form;
  made.algorithm = std::move(algorithm), made.backend = std::move(backend), made.dtype = std::string(dtype_name<T>);
  return made;
}

template <class T>
validation_check compared(selective_layer<T> const& layer, selective_expected<T> const& expected, validation_check made,
                          std::vector<double> const& more = {}) {
  return componentwise(std::move(made), layer.y, expected.y, [&](std::size_t i) {
    return static_cast<double>(expected.y_bound[i]) + (more.empty() ? 0 : more[i]);
  });
}

// Sample by sample, the state carried.
template <class T, class Run>
void run_steps(selective_layer<T>& layer, Run const& run) {
  selective_problem<T> const p = layer.problem();
  std::vector<T> state(static_cast<std::size_t>(layer.batch * channels * states));
  for (index_t t = 0; t < layer.time; ++t) {
    selective_problem<T> q = p;
    for (auto* view : {&q.u, &q.delta, &q.z}) view->data += t, view->shape.time = 1;
    q.y.data += t, q.y.shape.time = 1;
    q.B.data += t, q.C.data += t;
    q.final = dense_state(state.data(), channels, states);
    q.initial = dense_state<T const>(state.data(), channels, states);
    run(q);
  }
}

// The one of the backends on which a check runs that asks for one only: `wanted`, if it is among them.
std::string one_of(std::vector<std::string> const& backends, std::string const& wanted) {
  return std::find(backends.begin(), backends.end(), wanted) != backends.end() ? wanted : backends.front();
}

template <class T>
void step_rows(signal const& input, std::vector<std::string> const& backends, selective_rule rule,
               validation_report& report) {
  if (backends.empty()) return;
  std::string const backend = one_of(backends, "openmp"), of_steps = one_of(backends, "serial");
  selective_layer<T> layer(input, rule);
  selective_problem<T> const p = layer.problem();
  auto const expected = selective_reference(p, 1);
  for (selective_mode const mode : {selective_mode::recurrence, selective_mode::fused}) {
    selective_scan(p, {.mode = mode, .scan = {.backend = backend}});
    std::string const name(name_of(mode));
    report.checks.push_back(compared(layer, expected, row(layer, name, name, backend)));
  }
  run_steps(layer, [&](selective_problem<T> const& q) { selective_scan(q, {.scan = {.backend = of_steps}}); });
  report.checks.push_back(compared(layer, expected, row(layer, "steps", "fused", of_steps)));
}

template <class T>
void outside_row(signal const& input, signal const& for_steps, selective_rule rule, outside_selective const& form,
                 std::function<void(selective_problem<T> const&)> const& run, validation_report& report) {
  if (!run) return;
  selective_layer<T> layer(input, rule);
  validation_check made = row(layer, form.form, form.algorithm, form.backend);
  if (!form.roundings) {
    made.reason = "no bound is known: the error grows with the sum of log|a|";
    report.checks.push_back(made);
    return;
  }
  auto const errors = [&] {
    if (form.of == outside_selective::arithmetic::device) return errors_of_a_device<T>();
    return errors_of_device_time<T>(sizeof(T) == 8 ? 8 : 16);
  }();
  auto const expected = [&](selective_layer<T>& of) {
    return selective_reference(of.problem(), std::max<index_t>(form.roundings(of.time), 1), errors);
  };
  run(layer.problem());
  report.checks.push_back(compared(layer, expected(layer), std::move(made)));
  if (form.form == "unfused") return;
  selective_layer<T> stepped(for_steps, rule);
  run_steps(stepped, run);
  report.checks.push_back(compared(stepped, expected(stepped), row(stepped, "steps", form.algorithm, form.backend)));
}

}  // namespace

void outside_selective_rows(signal const& input, signal const& for_steps, std::vector<outside_selective> const& forms,
                            validation_report& report) {
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    for (outside_selective const& form : forms) {
      if (std::find(form.rules.begin(), form.rules.end(), rule) == form.rules.end()) continue;
      outside_row<float>(input, for_steps, rule, form, form.run_single, report);
      outside_row<double>(input, for_steps, rule, form, form.run_double, report);
    }
  }
}

void selective_rows(signal const& input, std::vector<std::string> const& backends,
                    std::function<void(each_scan_visit const&)> const& each_scan, validation_report& report) {
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    step_rows<float>(input, backends, rule, report);
    step_rows<double>(input, backends, rule, report);
    selective_layer<double> layer(input, rule);
    selective_problem<double> const p = layer.problem();
    each_scan([&](std::string const& algorithm, std::string const& backend) {
      auto const info = ssmscan::detail::info_of<simd::algorithms>(algorithm);
      validation_check made = row(layer, "unfused", algorithm, backend);
      if (!info || (info->result == result_class::reformulates && algorithm != "heinsen")) {
        made.reason = info ? why_not_held(*info) : "not registered for the CPU";
        report.checks.push_back(made);
        return;
      }
      selective_scan(p, {.mode = selective_mode::unfused, .scan = {.algorithm = algorithm, .backend = backend}});
      index_t const roundings = std::max<index_t>(info->roundings(input.length), 1);
      bool const own = info->result == result_class::reformulates;
      report.checks.push_back(compared(layer, selective_reference(p, own ? 1 : roundings), std::move(made),
                                       own ? heinsen_in_y(p, roundings) : std::vector<double>()));
    });
  }
}

void frozen_rows(signal const& input, diagonal_system const& system, std::vector<std::string> const& backends,
                 validation_report& report) {
  if (backends.empty()) return;
  std::string const backend = one_of(backends, "openmp");
  using complex = std::complex<double>;
  constexpr double bar = 1e-10;
  index_t const count = static_cast<index_t>(system.lambda.size());
  std::vector<double> expected(input.values.size()), y(input.values.size()), skip{system.d};
  layer(std::span(&system, 1)).run(input.values, input.batch, expected, {.mode = mode::convolution});
  double largest = 0;
  for (double const value : expected) largest = std::max(largest, std::abs(value));
  tensor_shape const shape{input.batch, 1, input.length};
  selective_problem<complex> p;
  p.u = tensor_view<double const>(input.values.data(), shape), p.y = {y.data(), shape};
  p.delta = {&system.step, shape, {0, 0, 0}};
  p.A = {system.lambda.data(), 1, count};
  p.B = constant_coefficient(system.b.data(), 1, count), p.C = constant_coefficient(system.c.data(), 1, count);
  p.D = skip;
  p.rule = selective_rule::zoh;
  for (selective_mode const mode : {selective_mode::recurrence, selective_mode::unfused, selective_mode::fused}) {
    selective_scan(p, {.mode = mode, .scan = {.backend = backend}});
    validation_check made;
    made.name = "selective.frozen/" + std::string(name_of(mode));
    made.algorithm = std::string(name_of(mode)), made.backend = backend, made.dtype = "c128";
    report.checks.push_back(componentwise(
        std::move(made), y, expected, [&](std::size_t) { return bar * largest + std::numeric_limits<double>::min(); }));
  }
}

}  // namespace ssmscan::ssm::detail
