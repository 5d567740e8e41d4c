#include "arrays.hpp"
#include "command.hpp"
#include "system_options.hpp"

#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::cli {
namespace {

struct run_options : system_options {
  std::string discretization, input, mode, algorithm, backend = "openmp";
};

// What the command line says, before any file is read.
ssm::layer_execution check(run_options& o) {  // `o` outlives what is returned, which views its names
  check_system_options(o, low_rank::optional);
  if (o.input.empty()) throw_invalid("--input", "nothing", "the name of an npy file");
  if (o.mode.empty()) throw_invalid("--mode", "nothing", "recurrence, convolution or scan");
  need_name("--mode", o.mode, {"recurrence", "convolution", "scan"});
  need_name("--backend", o.backend, backend_names());
  ssm::layer_execution how{.mode = ssm::mode_by_name(o.mode)};
  how.scan.backend = o.backend;
  if (!o.algorithm.empty()) {
    if (how.mode != ssm::mode::scan)
      throw_invalid("--algorithm", o.algorithm + " with --mode " + o.mode, "--mode scan");
    auto names = algorithm_names();
    names.insert(names.begin(), "automatic");
    o.algorithm = ssmscan::detail::accepted_spelling(o.algorithm);
    need_name("--algorithm", o.algorithm, names);
    how.scan.algorithm = o.algorithm;
  }
  return how;
}

template <class T>
void run_in(run_options const& o, ssm::layer const& layer, ssm::npy_array const& input,
            ssm::layer_execution const& how) {
  auto output = zeros(input.type, input.shape);
  tensor_shape const shape{input.shape.size() == 2 ? input.shape[0] : 1, 1, input.shape.back()};
  ssm::layer_call<T> const call{.input = {input.as<T>().data(), shape},
                                .output = {reinterpret_cast<T*>(output.data.data()), shape}};
  with_flags([&] { layer.run(call, how); });
  ssm::write_npy(o.out, output, o.force == overwrite::yes ? ssm::existing_file::replace : ssm::existing_file::keep);
}

ssm::layer layer_of(run_options const& o, ssm::discretization rule) {
  if (o.p.empty()) {
    auto const system = read_diagonal(o, rule);
    return with_flags([&] { return ssm::layer({ssm::diagonal(system)}); });
  }
  auto const system = read_dplr(o);
  return with_flags([&] { return ssm::layer({ssm::diagonal_plus_low_rank(system, rule)}); });
}

int run(run_options& o) {
  auto const how = check(o);
  auto const rule = with_flags([&] {
    return ssm::discretization_by_name(!o.discretization.empty() ? o.discretization : o.p.empty() ? "zoh" : "bilinear");
  });
  auto const layer = layer_of(o, rule);
  need_stable(o, rule, layer.systems().front()->spectral_radius());
  auto const input = read_array("--input", o.input, {{ssm::npy_type::f8, ssm::npy_type::f4}});
  if (input.shape.empty() || input.shape.size() > 2 || input.shape.back() == 0)
    throw_invalid("--input", "shape " + to_string(input.shape), "shape (L,) or (batch, L), L at least 1");
  if (input.type == ssm::npy_type::f8) {
    run_in<double>(o, layer, input, how);
  } else {
    run_in<float>(o, layer, input, how);
  }
  return exit_code::good;
}

}  // namespace

void add_ssm(command const& program) {
  command const here = program.add("ssm", "Linear state-space models: `ssm run`");
  here.needs_subcommand();
  here.examples(R"(
  ssmscan ssm run --lambda L.npy --b B.npy --c C.npy --step 0.01 --half --input u.npy --mode convolution --out y.npy
      S4D, by FFT
  ssmscan ssm run --lambda L.npy --p P.npy --b B.npy --c C.npy --step 0.01 --input u.npy --mode recurrence --out y.npy
      S4, step by step
  ssmscan ssm run --help
      all options)");
  command const runs = here.add("run", "y[t] = Re(c x[t]) + d u[t], x[t] = Ab x[t-1] + Bb u[t], in any of three modes");
  auto const o = std::make_shared<run_options>();
  add_system_options(runs, o, low_rank::optional);
  runs.option("--d", o->d, "feedthrough, 0 by default", "D");
  runs.option("--discretization", o->discretization,
              "zoh (default without --p), bilinear (default with --p), forward_euler, backward_euler, mamba or "
              "generalized_bilinear:ALPHA",
              "NAME");
  runs.option("--input", o->input, "(L) or (batch, L), <f8 or <f4: each row a sequence from rest", "FILE.npy");
  runs.option("--mode", o->mode, "recurrence, convolution (by FFT: a NaN or infinity reaches every sample) or scan",
              "NAME");
  runs.option("--algorithm", o->algorithm, "mode scan: a name of `ssmscan list`, or automatic (default)", "NAME");
  runs.option("--backend", o->backend, "serial or openmp", "NAME");
  runs.option("--out", o->out, "y, of the input's shape and type", "FILE.npy");
  runs.examples(R"(
  ssmscan ssm run --lambda L.npy --b B.npy --c C.npy --step 0.01 --half --input u.npy --mode convolution --out y.npy
      S4D, by FFT
  ssmscan ssm run --lambda L.npy --p P.npy --b B.npy --c C.npy --step 0.01 --input u.npy --mode recurrence --out y.npy
      S4, step by step, the whole spectrum being given
  ssmscan ssm run --lambda L.npy --b B.npy --c C.npy --d 1 --step 0.01 --half --input u.npy --mode scan --algorithm blelloch --out y.npy
      S4D, by one scan)");
  runs.runs([o] { return run(*o); });
}

}  // namespace ssmscan::cli
