#include "system_options.hpp"

#include "arrays.hpp"

#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::cli {
namespace {

using complex = std::complex<double>;

// Real numbers are taken as complex ones.
ssm::npy_types const complex_or_real{{ssm::npy_type::c16, ssm::npy_type::f8}};

std::vector<complex> values_of(ssm::npy_array const& array) {
  if (array.type == ssm::npy_type::c16) {
    auto const given = array.as<complex>();
    return {given.begin(), given.end()};
  }
  auto const given = array.as<double>();
  return {given.begin(), given.end()};
}

std::vector<complex> read_vector(std::string const& argument, std::string const& path) {
  auto const array = read_array(argument, path, complex_or_real);
  if (array.shape.size() != 1) throw_invalid(argument, "shape " + to_string(array.shape), "shape (N,)");
  return values_of(array);
}

std::vector<complex> read_rows(std::string const& argument, std::string const& path, index_t size) {
  auto const array = read_array(argument, path, complex_or_real);
  if ((array.shape.size() != 1 && array.shape.size() != 2) || array.shape.back() != size || array.elements() == 0)
    throw_invalid(argument, "shape " + to_string(array.shape),
                  "shape (" + std::to_string(size) + ",) or (rank, " + std::to_string(size) + "), as --lambda");
  return values_of(array);
}

template <class System>
void read_common(system_options const& o, System& system) {
  system.lambda = read_vector("--lambda", o.lambda);
  system.b = read_vector("--b", o.b);
  system.c = read_vector("--c", o.c);
  system.step = real_number("--step", o.step);
  if (!o.d.empty()) system.d = real_number("--d", o.d);
  system.kept = o.kept;
  for (std::size_t n = 0; n < system.lambda.size(); ++n)
    if (system.lambda[n].real() > 0)
      throw_invalid("--lambda", "a positive real part at index " + std::to_string(n) + ", an unstable system",
                    "no positive real part");
}

}  // namespace

void add_system_options(command const& of, std::shared_ptr<system_options> const& o, low_rank p) {
  auto const file = [&](char const* name, std::string& into, char const* text) {
    of.option(name, into, text, "FILE.npy");
  };
  file("--lambda", o->lambda, "(N) <c16 or <f8: the eigenvalues, continuous in time");
  if (p != low_rank::none) file("--p", o->p, "(N) or (rank, N): A = diag(lambda) - p p^*");
  file("--b", o->b, "(N): what the input drives");
  file("--c", o->c, "(N): the row vector of the read-out, not conjugated");
  of.option("--step", o->step, "length of a time step, positive", "S");
  of.flag(
      "--half", [o] { o->kept = ssm::spectrum::half; },
      "one of each conjugate pair is given: read out 2 Re(c x) in place of Re(c x)");
  of.flag(
      "--force", [o] { o->force = overwrite::yes; }, "replace a file that is there");
}

void check_system_options(system_options const& o, low_rank p) {
  auto const need = [](char const* argument, std::string const& value, char const* needed) {
    if (value.empty()) throw_invalid(argument, "nothing", needed);
  };
  need("--lambda", o.lambda, "the name of an npy file");
  if (p == low_rank::needed) need("--p", o.p, "the name of an npy file");
  need("--b", o.b, "the name of an npy file");
  need("--c", o.c, "the name of an npy file");
  need("--step", o.step, "a positive number");
  if (!(real_number("--step", o.step) > 0)) throw_invalid("--step", "\"" + o.step + "\"", "a positive number");
  if (!o.d.empty()) real_number("--d", o.d);
  need("--out", o.out, "the name of an npy file");
  need_writable("--out", o.out, o.force);
}

ssm::diagonal_system read_diagonal(system_options const& o, ssm::discretization rule) {
  ssm::diagonal_system system;
  read_common(o, system);
  system.rule = rule;
  with_flags([&] { ssm::discretize(system); });
  return system;
}

ssm::dplr_system read_dplr(system_options const& o) {
  ssm::dplr_system system;
  read_common(o, system);
  system.p = read_rows("--p", o.p, system.size());
  with_flags([&] { ssm::check(system); });
  return system;
}

void need_stable(system_options const& o, ssm::discretization rule, double radius) {
  if (radius > ssm::linear_system::greatest_stable_radius)
    throw_invalid("--step", o.step + " with " + name_of(rule) + ", a spectral radius of " + std::to_string(radius),
                  "a step and a rule that keep it at 1 or below");
}

}  // namespace ssmscan::cli
