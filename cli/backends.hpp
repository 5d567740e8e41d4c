#pragma once
// Every backend that this program was built with, CUDA's component among them, behind one set of names and one call.
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/selective_scan.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::cli {

inline constexpr std::string_view gpu_backend = "cuda";

// "serial", "openmp", and "cuda" where it was built.
std::vector<std::string> backends();

// The rows of all of them, CUDA's last; and the distinct algorithm names, of one backend or of all ("").
std::vector<capability> const& offers();
std::vector<std::string> algorithms_of(std::string_view backend);

// std::invalid_argument unless it is one of backends(); where it is cuda and the build has none, it says so.
void need_backend(std::string const& argument, std::string const& given);

// Empty where that backend can run on this machine; else why not.
std::string why_not_here(std::string_view backend);

// linear_recurrence; for cuda the arrays are copied to the GPU and the results back.
template <class T>
choice run(recurrence<T> const& problem, execution const& how);

// selective_scan; likewise.
template <class V>
choice run(ssm::selective_problem<V> const& problem, ssm::selective_execution const& how);

// The scans of CUDA's component, all or those of the names given, for ssm::validate; none in a build without it.
std::vector<ssm::outside_scan> gpu_scans(std::vector<std::string> const& algorithms);

// Likewise the forms of the selective scan (fused, fused_time, general where no names are given; unfused by each scan), and
// S4D by its fused scan and by cuFFT (where no names are given, or those).
std::vector<ssm::outside_selective> gpu_selective_forms(std::vector<std::string> const& algorithms);
std::vector<ssm::outside_layer> gpu_layers(std::vector<std::string> const& algorithms);

}  // namespace ssmscan::cli
