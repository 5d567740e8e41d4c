#pragma once
// The selective scan's rows of a validation report.
#include <functional>
#include <string>
#include <vector>

#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

using each_scan_visit = std::function<void(std::string const& algorithm, std::string const& backend)>;

// Two channels of four states whose steps, B and C change with time, driven by the signal, by each rule:
//   selective.<rule>/recurrence, /fused, /steps (one call per sample, the state carried) and /unfused (every algorithm and
//   backend) = the definition in long double, within the bound of selective_reference.hpp. Of `backends` the first three run
//   on one: on openmp where it is among them, the steps on serial.
void selective_rows(signal const& input, std::vector<std::string> const& backends,
                    std::function<void(each_scan_visit const&)> const& each_scan, validation_report& report);

// The same of other components' forms, under their names; /steps on `for_steps`, each call costs what copying costs.
void outside_selective_rows(signal const& input, signal const& for_steps, std::vector<outside_selective> const& forms,
                            validation_report& report);

// selective.frozen/<mode>: steps, B and C of `system` held still by zero-order hold = its S4D convolution, within 1e-10 of the
// largest output: far above what either rounds, far below what a wrong formula would give. On one of `backends`, likewise.
void frozen_rows(signal const& input, diagonal_system const& system, std::vector<std::string> const& backends,
                 validation_report& report);

}  // namespace ssmscan::ssm::detail
