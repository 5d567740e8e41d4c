#include "backends.hpp"

#include <algorithm>

#include "names.hpp"
#include <fmt/format.h>

#if SSMSCAN_CLI_CUDA
#include <ssmscan/scan/backends/cuda/from_host.hpp>
#include <ssmscan/scan/backends/cuda/gpus.hpp>
#include <ssmscan/scan/backends/cuda/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/ssm/cuda/convolution.hpp>
#include <ssmscan/ssm/cuda/layer_from_host.hpp>
#include <ssmscan/ssm/cuda/selective_errors.hpp>
#include <ssmscan/ssm/cuda/selective_from_host.hpp>
#endif
#include <ssmscan/scan/error.hpp>

namespace ssmscan::cli {

std::vector<std::string> backends() {
  auto names = backend_names();
#if SSMSCAN_CLI_CUDA
  names.emplace_back(gpu_backend);
#endif
  return names;
}

std::vector<capability> const& offers() {
  static std::vector<capability> const all = [] {
    auto rows = capabilities();
#if SSMSCAN_CLI_CUDA
    auto const& more = device::capabilities();
    rows.insert(rows.end(), more.begin(), more.end());
#endif
    return rows;
  }();
  return all;
}

std::vector<std::string> algorithms_of(std::string_view backend) {
  std::vector<std::string> names;
  for (auto const& row : offers())
    if ((backend.empty() || row.backend == backend) && std::ranges::find(names, row.algorithm) == names.end())
      names.emplace_back(row.algorithm);
  return names;
}

void need_backend(std::string const& argument, std::string const& given) {
  auto const known = backends();
  if (given == gpu_backend && std::ranges::find(known, given) == known.end())
    throw_invalid(argument, "\"cuda\"",
                  "one of " + listed(known) + ": this build is without CUDA (cmake -DSSMSCAN_CUDA=ON brings it)");
  need_name(argument, given, known);
}

std::string why_not_here(std::string_view backend) {
#if SSMSCAN_CLI_CUDA
  if (backend == gpu_backend) return device::why_no_gpu();
#endif
  static_cast<void>(backend);
  return "";
}

template <class T>
choice run(recurrence<T> const& problem, execution const& how) {
#if SSMSCAN_CLI_CUDA
  if (how.backend == gpu_backend)
    return device::linear_recurrence_from_host(problem, {.algorithm = how.algorithm, .inner = how.inner});
#endif
  return linear_recurrence(problem, how);
}

template <class V>
choice run(ssm::selective_problem<V> const& problem, ssm::selective_execution const& how) {
#if SSMSCAN_CLI_CUDA
  if (how.scan.backend == gpu_backend) {
    bool const unfused = how.mode == ssm::selective_mode::unfused;
    return device::selective_scan_from_host(
        problem, unfused ? device::selective_form::unfused : device::selective_form::automatic, how.scan.algorithm,
        how.scan.inner);
  }
#endif
  return ssm::selective_scan(problem, how);
}

std::vector<ssm::outside_scan> gpu_scans(std::vector<std::string> const& algorithms) {
  std::vector<ssm::outside_scan> made;
#if SSMSCAN_CLI_CUDA
  device::algorithms::for_each([&]<class A>(std::type_identity<A>) {
    std::string const name = detail::full_name(A::info);
    if (!algorithms.empty() && std::ranges::find(algorithms, name) == algorithms.end()) return;
    auto const by_name = [name](auto const& problem) {
      device::linear_recurrence_from_host(problem, {.algorithm = name});
    };
    ssm::outside_scan scan{A::info, std::string(gpu_backend), reference::cuda_library, {}, {}};
    for (auto const& row : device::capabilities()) {
      if (row.algorithm != name || row.operation != operation::affine) continue;
      if (row.dtype == "c128") scan.run_double = by_name;
      if (row.dtype == "c64") scan.run_single = by_name;
    }
    made.push_back(scan);
  });
#endif
  static_cast<void>(algorithms);
  return made;
}

std::vector<ssm::outside_selective> gpu_selective_forms(std::vector<std::string> const& algorithms) {
  std::vector<ssm::outside_selective> made;
#if SSMSCAN_CLI_CUDA
  using rule = ssm::selective_rule;
  using arithmetic = ssm::outside_selective::arithmetic;
  auto const by = [](device::selective_form form, std::string const& algorithm) {
    return [=](auto const& problem) { device::selective_scan_from_host(problem, form, algorithm); };
  };
  std::vector<rule> const all{rule::mamba, rule::zoh, rule::bilinear};
  auto const named = [&](std::string const& name, device::selective_form form, std::vector<rule> const& rules) {
    auto const run = by(form, "automatic");
    // What its roundings are is a matter of channels and length: two channels of four states here.
    auto const roundings = [name](index_t time) { return device::error_of_form<float>(name, 8, time).roundings; };
    made.push_back({name, name, std::string(gpu_backend), rules,
                    name == "fused_time" ? arithmetic::device_time : arithmetic::device, roundings, run, run});
  };
  if (algorithms.empty()) {
    named("fused", device::selective_form::fused, {rule::mamba});
    named("fused_time", device::selective_form::fused_time, {rule::mamba});
    named("general", device::selective_form::general, all);
  }
  device::algorithms::for_each([&]<class A>(std::type_identity<A>) {
    std::string const name = detail::full_name(A::info);
    if (!algorithms.empty() && std::ranges::find(algorithms, name) == algorithms.end()) return;
    ssm::outside_selective form{"unfused", name, std::string(gpu_backend), all, arithmetic::device, {}, {}, {}};
    if (A::info.result != result_class::reformulates) form.roundings = A::info.roundings;
    for (auto const& row : device::capabilities()) {
      if (row.algorithm != name || row.operation != operation::affine) continue;
      if (row.dtype == "f64") form.run_double = by(device::selective_form::unfused, name);
      if (row.dtype == "f32") form.run_single = by(device::selective_form::unfused, name);
    }
    made.push_back(form);
  });
#endif
  static_cast<void>(algorithms);
  return made;
}

std::vector<ssm::outside_layer> gpu_layers(std::vector<std::string> const& algorithms) {
  std::vector<ssm::outside_layer> made;
#if SSMSCAN_CLI_CUDA
  if (!algorithms.empty()) return made;
  for (auto const mode : {ssm::mode::scan, ssm::mode::convolution}) {
    auto const run = [mode](auto const& system, index_t batch, auto u, auto y) {
      device::diagonal_layer_from_host(system, batch, std::span<typename decltype(y)::value_type const>(u), y, mode);
    };
    made.push_back({mode == ssm::mode::scan ? "fused_scan" : "cufft", std::string(gpu_backend), mode,
                    [](index_t length) { return device::fft_points(length, length); }, run, run});
  }
#endif
  static_cast<void>(algorithms);
  return made;
}

template choice run(recurrence<float> const&, execution const&);
template choice run(recurrence<double> const&, execution const&);
template choice run(recurrence<std::complex<float>> const&, execution const&);
template choice run(recurrence<std::complex<double>> const&, execution const&);
template choice run(ssm::selective_problem<float> const&, ssm::selective_execution const&);
template choice run(ssm::selective_problem<double> const&, ssm::selective_execution const&);
template choice run(ssm::selective_problem<std::complex<float>> const&, ssm::selective_execution const&);
template choice run(ssm::selective_problem<std::complex<double>> const&, ssm::selective_execution const&);
template choice run(recurrence<std::uint32_t> const&, execution const&);

}  // namespace ssmscan::cli
