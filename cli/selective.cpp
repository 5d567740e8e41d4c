#include <complex>
#include <memory>
#include <optional>

#include "arrays.hpp"
#include "backends.hpp"
#include "command.hpp"
#include "names.hpp"
#include <fmt/format.h>

#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::cli {
namespace {

struct selective_options {
  std::string u, delta, A, B, C, D, z, delta_bias, initial, final, offsets, out;
  std::string discretization = "mamba", mode = "fused", algorithm = "automatic", inner, backend = "openmp",
              threads = "0";
  ssm::delta_activation activation = ssm::delta_activation::none;
  overwrite force = overwrite::no;
  enum class explanation { none, wanted } explain = explanation::none;
};

// What the command line says, before any file is read.
void check(selective_options& o) {
  for (auto const& [argument, value] :
       {std::pair{"--u", &o.u}, {"--delta", &o.delta}, {"--A", &o.A}, {"--B", &o.B}, {"--C", &o.C}, {"--out", &o.out}})
    if (value->empty()) throw_invalid(argument, "nothing", "the name of an npy file");
  need_name("--discretization", o.discretization, {"mamba", "zoh", "bilinear"});
  need_name("--mode", o.mode, {"fused", "unfused", "recurrence"});
  o.algorithm = detail::accepted_spelling(o.algorithm);
  auto names = o.backend == gpu_backend ? algorithms_of(gpu_backend) : algorithm_names();
  names.insert(names.begin(), "automatic");
  need_name("--algorithm", o.algorithm, names);
  for (auto const& [argument, value] : {std::pair{"--algorithm", &o.algorithm}, {"--inner", &o.inner}})
    if (o.mode != "unfused" && *value != "automatic" && !value->empty())
      throw_invalid(argument, *value + " with --mode " + o.mode, "--mode unfused");
  need_backend("--backend", o.backend);
  if (o.backend == gpu_backend && o.mode == "recurrence")
    throw_invalid("--mode", "recurrence with --backend cuda", "fused or unfused: that mode is the CPU's");
  need_writable("--out", o.out, o.force);
  if (!o.final.empty()) need_writable("--final", o.final, o.force);
  auto const place = [](std::string const& name) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(name));
  };
  if (!o.final.empty() && place(o.final) == place(o.out))
    throw_invalid("--final", o.final + ", which is --out too", "another file");
}

// An array of one type and shape.
template <class T>
ssm::npy_array take(std::string const& argument, std::string const& path, shape_list const& shape) {
  ssm::npy_array array = read_array(argument, path, {{ssm::npy_type_of<T>::value}});
  if (array.shape != shape) throw_invalid(argument, "shape " + to_string(array.shape), "shape " + to_string(shape));
  return array;
}

// B or C: (channel, N), (batch, N, time) or (batch, groups, N, time).
template <class V>
ssm::selective_coefficient<V> coefficient(std::string const& argument, ssm::npy_array const& array,
                                          tensor_shape const& u, index_t states) {
  shape_list const& shape = array.shape;
  V const* const data = array.as<V>().data();
  if (shape == shape_list{u.channel, states}) return ssm::constant_coefficient(data, u.channel, states);
  if (shape == shape_list{u.batch, states, u.time}) return ssm::varying_coefficient(data, 1, states, u.time);
  if (shape.size() == 4 && shape[1] > 0 && shape == shape_list{u.batch, shape[1], states, u.time})
    return ssm::varying_coefficient(data, shape[1], states, u.time);
  throw_invalid(argument, "shape " + to_string(shape),
                to_string({u.channel, states}) + ", " + to_string({u.batch, states, u.time}) +
                    ", or with groups after " + "the batch");
}

template <class V>
int run(selective_options const& o, ssm::npy_array const& u, ssm::npy_array const& A) {
  using T = typename ssm::real_part_of<V>::type;
  shape_list const whole = u.shape;
  if (whole.size() != 3) throw_invalid("--u", "shape " + to_string(whole), "three axes, (batch, channel, time)");
  tensor_shape const shape{whole[0], whole[1], whole[2]};
  if (A.shape.size() != 2 || A.shape[0] != shape.channel || A.shape[1] < 1)
    throw_invalid("--A", "shape " + to_string(A.shape),
                  "(" + std::to_string(shape.channel) + ", states), at least one state");
  index_t const states = A.shape[1];
  auto const view = [&](ssm::npy_array const& array) { return tensor_view<T const>(array.as<T>().data(), shape); };

  ssm::npy_types const of_A{{A.type}, ", the type of --A"};
  ssm::npy_array const delta = take<T>("--delta", o.delta, whole), B = read_array("--B", o.B, of_A),
                       C = read_array("--C", o.C, of_A);
  std::optional<ssm::npy_array> D, z, bias, offsets, initial, final;
  ssm::selective_problem<V> p;
  p.u = view(u), p.delta = view(delta);
  p.A = {A.as<V>().data(), shape.channel, states};
  p.B = coefficient<V>("--B", B, shape, states), p.C = coefficient<V>("--C", C, shape, states);
  if (!o.D.empty()) p.D = D.emplace(take<T>("--D", o.D, {shape.channel})).template as<T>();
  if (!o.delta_bias.empty())
    p.delta_bias = bias.emplace(take<T>("--delta-bias", o.delta_bias, {shape.channel})).template as<T>();
  if (!o.z.empty()) p.z = view(z.emplace(take<T>("--z", o.z, whole)));
  p.activation = o.activation;
  p.rule = ssm::selective_rule_by_name(o.discretization);

  shape_list state{shape.batch, shape.channel, states};
  index_t sequences = 1;
  if (!o.offsets.empty()) {
    offsets = read_array("--offsets", o.offsets, {{ssm::npy_type::i8}});
    if (offsets->shape.size() != 1 || offsets->elements() == 0)
      throw_invalid("--offsets", "shape " + to_string(offsets->shape), "shape (segments + 1,)");
    sequences = static_cast<index_t>(offsets->elements()) - 1;
    state.insert(state.begin() + 2, sequences);
    p.offsets = offsets->as<std::int64_t>();
  }
  if (!o.initial.empty()) {
    initial = take<V>("--initial", o.initial, state);
    p.initial = ssm::dense_state(initial->as<V>().data(), shape.channel, states, sequences);
  }
  if (!o.final.empty()) {
    final = zeros(A.type, state);
    p.final = ssm::dense_state(reinterpret_cast<V*>(final->data.data()), shape.channel, states, sequences);
  }
  ssm::npy_array y = zeros(u.type, whole);
  p.y = {reinterpret_cast<T*>(y.data.data()), shape};
  ssm::selective_execution const how{.mode = ssm::selective_mode_by_name(o.mode),
                                     .scan = {.algorithm = o.algorithm,
                                              .backend = o.backend,
                                              .inner = o.inner,
                                              .threads = whole_number("--threads", o.threads, 0, 4096)}};
  choice const made = refused_with("--", [&] { return cli::run(p, how); });
  if (o.explain == selective_options::explanation::wanted)
    fmt::print(stderr, "ran {} on {} (tree {}){}{}\n", made.algorithm, made.backend, made.tree,
               made.reason.empty() ? "" : ": ", made.reason);
  auto const existing = o.force == overwrite::yes ? ssm::existing_file::replace : ssm::existing_file::keep;
  if (final) ssm::write_npy(o.final, *final, existing);
  try {
    ssm::write_npy(o.out, y, existing);
  } catch (...) {  // both or neither, as far as --force leaves a way back
    std::error_code ignored;
    if (final && o.force == overwrite::no) std::filesystem::remove(o.final, ignored);
    throw;
  }
  return exit_code::good;
}

int selective(selective_options& o) {
  check_threads(o.threads, o.backend);
  check(o);
  if (auto const why = why_not_here(o.backend); !why.empty()) {
    fmt::print(stderr, "ssmscan selective: --backend {}: skipped, {}\n", o.backend, why);
    return exit_code::skipped;
  }
  using enum ssm::npy_type;
  ssm::npy_array const u = read_array("--u", o.u, {{f4, f8}});
  if (u.type == f4) {
    ssm::npy_array const A = read_array("--A", o.A, {{f4, c8}, ", with <f4 of --u"});
    return A.type == f4 ? run<float>(o, u, A) : run<std::complex<float>>(o, u, A);
  }
  ssm::npy_array const A = read_array("--A", o.A, {{f8, c16}, ", with <f8 of --u"});
  return A.type == f8 ? run<double>(o, u, A) : run<std::complex<double>>(o, u, A);
}

}  // namespace

void add_selective(command const& program) {
  command const here = program.add("selective", "Mamba's selective scan over arrays in npy files");
  auto const o = std::make_shared<selective_options>();
  auto const file = [&](char const* name, std::string& into, char const* text) {
    here.option(name, into, text, "FILE.npy");
  };
  auto const named = [&](char const* name, std::string& into, char const* text) {
    here.option(name, into, text, "NAME");
  };
  file("--u", o->u, "(batch, channel, time) <f4 or <f8");
  file("--delta", o->delta, "the steps, as u");
  file("--A", o->A, "(channel, N): u's type, or complex of it");
  file("--B", o->B, "(channel, N), (batch, N, time) or (batch, groups, N, time), of A's type");
  file("--C", o->C, "likewise");
  file("--out", o->out, "y, as u");
  file("--D", o->D, "(channel): adds D u");
  file("--z", o->z, "as u: multiplies by silu(z)");
  file("--delta-bias", o->delta_bias, "(channel): added to delta");
  file("--initial", o->initial, "(batch, channel, N), packed: (batch, channel, segments, N), of A's type");
  file("--final", o->final, "write the state after each sequence there, likewise");
  file("--offsets", o->offsets, "packed: (segments + 1) <i8, ascending, first 0, last = time");
  named("--discretization", o->discretization, "mamba, zoh or bilinear");
  named("--mode", o->mode, "fused, unfused (a and b in memory, by any scan) or recurrence");
  named("--algorithm", o->algorithm, "unfused: a name of `ssmscan list`, or automatic");
  named("--inner", o->inner, "unfused by heinsen: the algorithm of its two prefix sums");
  named("--backend", o->backend, "serial, openmp, or cuda where it was built: copied to the GPU and back");
  here.option("--threads", o->threads, "openmp: 0 = as many as it would use", "N");
  here.flag(
      "--softplus", [o] { o->activation = ssm::delta_activation::softplus; }, "log(1 + e^x) of the steps");
  here.flag(
      "--force", [o] { o->force = overwrite::yes; }, "replace files that are there");
  here.flag(
      "--explain", [o] { o->explain = selective_options::explanation::wanted; }, "say on stderr what ran");
  here.examples(R"(
  ssmscan selective --u u.npy --delta d.npy --A A.npy --B B.npy --C C.npy --softplus --out y.npy
      Mamba's scan, fused
  ssmscan selective --u u.npy --delta d.npy --A A.npy --B B.npy --C C.npy --mode unfused --algorithm blelloch --out y.npy
      the same by one of the scans, a and b in memory
  ssmscan selective --u u.npy --delta d.npy --A A.npy --B B.npy --C C.npy --initial h0.npy --final h1.npy --out y.npy
      one piece of a longer sequence: the final state is the next one's initial)");
  here.runs([o] { return selective(*o); });
}

}  // namespace ssmscan::cli
