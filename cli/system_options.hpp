#pragma once
// The options that name a linear system, shared by `kernel` and `ssm run`, and the arrays they name.
#include <complex>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "names.hpp"

#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/dplr_system.hpp>
#include <ssmscan/ssm/io/npy.hpp>

namespace ssmscan::cli {

struct system_options {
  std::string lambda, p, b, c, d, step, out;
  ssm::spectrum kept = ssm::spectrum::full;
  overwrite force = overwrite::no;
};

enum class low_rank { none, optional, needed };

// --lambda, --p where it may be given, --b, --c, --step, --half, --out, --force.
void add_system_options(command const& to, std::shared_ptr<system_options> const& o, low_rank p);

// What the command line says, before any file is read: the needed options are there, --out can be written.
void check_system_options(system_options const& o, low_rank p);

ssm::diagonal_system read_diagonal(system_options const& o, ssm::discretization rule);
ssm::dplr_system read_dplr(system_options const& o);

// Refuses a step at which the rule makes growth out of decay (forward Euler on a stiff system): |Ab| = `radius`. Poles on
// the unit circle are left to their rounding.
void need_stable(system_options const& o, ssm::discretization rule, double radius);

// Runs `call`; a message of the library that names one of its arguments names the flag then.
template <class Call>
auto with_flags(Call const& call) {
  return refused_with("--", call);
}

}  // namespace ssmscan::cli
