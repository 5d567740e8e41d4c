#include <memory>
#include <optional>
#include <set>

#include "arrays.hpp"
#include "backends.hpp"
#include "command.hpp"
#include "names.hpp"
#include <fmt/format.h>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::cli {
namespace {

struct scan_options {
  std::string a, b, out, initial, final, offsets, reset;
  std::string algorithm = "automatic", inner, operation = "affine", backend = "openmp", threads = "0",
              layout = "lane_major";
  ssmscan::direction direction = ssmscan::direction::forward;
  overwrite force = overwrite::no;
  enum class explanation { none, wanted } explain = explanation::none;
};

struct inputs {
  ssm::npy_array a, b;
  std::optional<ssm::npy_array> initial, offsets, reset;
  shape_list whole;   // of x
  shape_list states;  // of initial and final: without time, with a last axis of segments when packed
  axes where;
};

// What the command line says, before any file is read.
void check(scan_options& o) {
  for (auto const& [argument, value] : {std::pair{"--a", &o.a}, {"--b", &o.b}, {"--out", &o.out}})
    if (value->empty()) throw_invalid(argument, "nothing", "the name of an npy file");
  if (!o.offsets.empty() && !o.reset.empty()) throw_invalid("--offsets, --reset", "both", "one of them");
  o.algorithm = detail::accepted_spelling(o.algorithm);
  need_backend("--backend", o.backend);
  auto names = algorithms_of(o.backend);
  names.insert(names.begin(), "automatic");
  need_name("--algorithm", o.algorithm, names);
  need_name("--operator", o.operation, {"affine", "semi_log"});
  need_name("--layout", o.layout, {"lane_major", "time_major"});
  if (!o.inner.empty()) {
    std::set<std::string> inners;
    for (auto const& row : offers())
      if (row.algorithm == o.algorithm && row.backend == o.backend && !row.inner.empty()) inners.emplace(row.inner);
    if (inners.empty())
      throw_invalid("--inner", "\"" + o.inner + "\"", "none: " + o.algorithm + " has no inner prefix sums");
    need_name("--inner", o.inner, {inners.begin(), inners.end()});
  }
  need_writable("--out", o.out, o.force);
  if (!o.final.empty()) {
    need_writable("--final", o.final, o.force);
    auto const place = [](std::string const& name) {
      return std::filesystem::weakly_canonical(std::filesystem::absolute(name));
    };
    if (place(o.final) == place(o.out)) throw_invalid("--final", o.final + ", which is --out too", "another file");
  }
}

void need_shape(std::string const& argument, shape_list const& given, shape_list const& needed) {
  if (given != needed) throw_invalid(argument, "shape " + to_string(given), "shape " + to_string(needed));
}

index_t segments_of(inputs const& in, index_t time) {
  if (in.offsets) return static_cast<index_t>(in.offsets->elements()) - 1;
  auto const mask = in.reset->as<std::uint8_t>();
  index_t count = 1;  // one starts at 0 in any case
  for (index_t t = 1; t < time; ++t) count += mask[static_cast<std::size_t>(t)] != 0;
  return count;
}

inputs read(scan_options const& o) {
  using enum ssm::npy_type;
  inputs in;
  in.a = read_array("--a", o.a, {{f4, f8, c8, c16, u4}});
  ssm::npy_types const of_a{{in.a.type}, ", the type of --a"};
  in.b = read_array("--b", o.b, of_a);
  in.whole = broadcast(in.a.shape, in.b.shape);
  if (in.whole.empty() || in.whole.size() > 3)
    throw_invalid(in.a.shape.size() > 3 ? "--a" : "--b", std::to_string(in.whole.size()) + " axes",
                  "1 to 3: (time), (lanes, time) or (batch, channel, time)");
  in.where = axes_of(in.whole.size(), o.layout == "lane_major" ? layout::lane_major : layout::time_major);
  index_t const time = in.whole[static_cast<std::size_t>(in.where.time)];

  in.states = in.whole;
  in.states.erase(in.states.begin() + in.where.time);
  if (!o.offsets.empty()) {
    in.offsets = read_array("--offsets", o.offsets, {{i8}});
    if (in.offsets->shape.size() != 1 || in.offsets->elements() == 0)
      throw_invalid("--offsets", "shape " + to_string(in.offsets->shape), "shape (segments + 1,)");
  }
  if (!o.reset.empty()) {
    in.reset = read_array("--reset", o.reset, {{u1}});
    need_shape("--reset", in.reset->shape, {time});
  }
  if (in.offsets || in.reset) in.states.push_back(segments_of(in, time));
  if (!o.initial.empty()) {
    in.initial = read_array("--initial", o.initial, of_a);
    need_shape("--initial", in.initial->shape, in.states);
  }
  return in;
}

// A combination that the table of `ssmscan list` has.
void need_capable(scan_options const& o, operation what, std::string_view dtype, std::string_view descr) {
  bool const packed = !o.offsets.empty() || !o.reset.empty();
  std::set<std::string> able, able_packed;
  for (auto const& row : offers()) {
    if (row.dtype != dtype || row.operation != what || row.backend != o.backend) continue;
    able.emplace(row.algorithm);
    if (row.packed) able_packed.emplace(row.algorithm);
  }
  if (able.empty())
    throw_invalid("--operator", o.operation + " for " + std::string(descr), "affine, or <f4 or <f8 arrays");
  if (o.algorithm != "automatic" && !able.contains(o.algorithm))
    throw_invalid("--algorithm", o.algorithm + " for " + std::string(descr) + " " + o.operation,
                  "one of " + listed(able));
  if (packed && o.algorithm != "automatic" && !able_packed.contains(o.algorithm))
    throw_invalid("--algorithm", o.algorithm + " with " + (o.offsets.empty() ? "--reset" : "--offsets"),
                  "one of " + listed(able_packed));
}

void write(scan_options const& o, ssm::npy_array const& x, std::optional<ssm::npy_array> const& final) {
  auto const existing = o.force == overwrite::yes ? ssm::existing_file::replace : ssm::existing_file::keep;
  if (final) ssm::write_npy(o.final, *final, existing);
  try {
    ssm::write_npy(o.out, x, existing);
  } catch (...) {  // both or neither, as far as --force leaves a way back
    std::error_code ignored;
    if (final && o.force == overwrite::no) std::filesystem::remove(o.final, ignored);
    throw;
  }
}

template <class T>
int scan_of(scan_options const& o, inputs const& in) {
  auto const what = o.operation == "affine" ? operation::affine : operation::semi_log;
  need_capable(o, what, dtype_name<T>, ssm::descr_of(in.a.type));

  auto const data = [](ssm::npy_array& array) { return reinterpret_cast<T*>(array.data.data()); };
  auto const input = [&](ssm::npy_array const& array) {
    return view_of<T const>(array.as<T>().data(), array.shape, in.whole, in.where);
  };
  auto x = zeros(in.a.type, in.whole);
  recurrence<T> problem;
  problem.a = input(in.a);
  problem.b = input(in.b);
  problem.x = view_of<T>(data(x), in.whole, in.whole, in.where);
  problem.operation = what;
  problem.direction = o.direction;
  if (in.offsets) problem.offsets = in.offsets->as<std::int64_t>();
  if (in.reset) problem.reset = in.reset->as<std::uint8_t>();

  tensor_shape const states{problem.x.shape.batch, problem.x.shape.channel,
                            in.offsets || in.reset ? in.states.back() : index_t{1}};
  if (in.initial) problem.initial = {in.initial->as<T>().data(), states};
  std::optional<ssm::npy_array> final;
  if (!o.final.empty()) {
    final = zeros(in.a.type, in.states);
    problem.final = {data(*final), states};
  }
  execution const how{.algorithm = o.algorithm,
                      .backend = o.backend,
                      .inner = o.inner,
                      .threads = whole_number("--threads", o.threads, 0, 4096)};
  // What only the call can see, as offsets that do not ascend; its arguments are called as our flags.
  auto const made = refused_with("--", [&] { return run(problem, how); });
  if (o.explain == scan_options::explanation::wanted)
    fmt::print(stderr, "ran {}{} on {} (tree {}): {}\n", made.algorithm, made.inner.empty() ? "" : " by " + made.inner,
               made.backend, made.tree, made.reason.empty() ? plan(problem, how).reason : made.reason);
  write(o, x, final);
  return exit_code::good;
}

int scan(scan_options o) {
  check_threads(o.threads, o.backend);
  check(o);
  if (auto const why = why_not_here(o.backend); !why.empty()) {
    fmt::print(stderr, "ssmscan scan: --backend {}: skipped, {}\n", o.backend, why);
    return exit_code::skipped;
  }
  auto const in = read(o);
  switch (in.a.type) {
    case ssm::npy_type::f4:
      return scan_of<float>(o, in);
    case ssm::npy_type::f8:
      return scan_of<double>(o, in);
    case ssm::npy_type::c8:
      return scan_of<std::complex<float>>(o, in);
    case ssm::npy_type::c16:
      return scan_of<std::complex<double>>(o, in);
    default:  // u4: the reader takes nothing else for --a
      return scan_of<std::uint32_t>(o, in);
  }
}

}  // namespace

void add_scan(command const& program) {
  command const here = program.add("scan", "x[t] = a[t] x[t-1] + b[t] over arrays in npy files");
  auto const o = std::make_shared<scan_options>();
  auto const file = [&](char const* name, std::string& into, char const* text) {
    here.option(name, into, text, "FILE.npy");
  };
  auto const named = [&](char const* name, std::string& into, char const* text) {
    here.option(name, into, text, "NAME");
  };
  file("--a", o->a, "(time), (lanes, time) or (batch, channel, time); broadcasts against b by NumPy's rules");
  file("--b", o->b, "likewise; a's type: <f4, <f8, <c8, <c16 or <u4");
  file("--out", o->out, "x, of the shape that a and b broadcast to");
  file("--initial", o->initial, "state before each sequence: the shape without time (packed: then segments)");
  file("--final", o->final, "write the state after each sequence there, likewise");
  file("--offsets", o->offsets, "packed: (segments + 1) <i8, ascending, first 0, last = time");
  file("--reset", o->reset, "packed: (time) |u1, non-zero where a sequence starts");
  named("--algorithm", o->algorithm, "a name of `ssmscan list`, or automatic");
  named("--inner", o->inner, "heinsen: the algorithm of its two prefix sums");
  named("--operator", o->operation, "affine, or semi_log (a by its logarithm: by a tree, no drift near 1)");
  named("--backend", o->backend, "serial, openmp, or cuda where it was built: copied to the GPU and back");
  named("--layout", o->layout, "lane_major, or time_major: (time, lanes) or (batch, time, channel)");
  here.option("--threads", o->threads, "openmp: 0 = as many as it would use; changes no bit of a named algorithm", "N");
  here.flag(
      "--reverse", [o] { o->direction = direction::reverse; }, "time runs down");
  here.flag(
      "--force", [o] { o->force = overwrite::yes; }, "replace files that are there");
  here.flag(
      "--explain", [o] { o->explain = scan_options::explanation::wanted; }, "say on stderr what ran, and why");
  here.examples(R"(
  ssmscan scan --a a.npy --b b.npy --out x.npy
      the recurrence, by what `automatic` finds fastest
  ssmscan scan --a a.npy --b b.npy --initial x0.npy --final xT.npy --algorithm blelloch --explain --out x.npy
      with states in and out, by one algorithm
  ssmscan scan --a a.npy --b b.npy --offsets o.npy --reverse --layout time_major --force --out x.npy
      packed sequences, each from its end to its beginning, channels contiguous)");
  here.runs([o] { return scan(*o); });
}

}  // namespace ssmscan::cli
