#include <algorithm>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/detail/automatic.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/detail/kernel_table.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan {
namespace {

// Every (algorithm x inner x backend), in registry order.
std::vector<detail::kernel_table const*> const& tables() {
  static std::vector<detail::kernel_table const*> const all = [] {
    std::vector<detail::kernel_table const*> made;
    auto const add = [&]<class A>(std::type_identity<A>) {
      backends::for_each([&]<class B>(std::type_identity<B>) { made.push_back(&detail::kernels_for<A, B>()); });
    };
    algorithms::for_each([&]<class A>(std::type_identity<A> a) {
      add(a);  // with its default inner algorithm, which is found first
      if constexpr (requires { typename A::inner; })
        inner_algorithms::for_each([&]<class Inner>(std::type_identity<Inner>) {
          if constexpr (!std::same_as<Inner, typename A::inner>)
            add(std::type_identity<typename A::template with_inner<Inner>>{});
        });
    });
    return made;
  }();
  return all;
}

// "heisen" is how some notes spell Heinsen's name.
std::string accepted_spelling(std::string_view name) {
  return name == "heisen" || name.starts_with("heisen.") ? "heinsen" + std::string(name.substr(6)) : std::string(name);
}

detail::kernel_table const& find(std::string_view algorithm, std::string_view inner, std::string_view backend) {
  for (auto const* table : tables())
    if (detail::is_named(table->info, algorithm) && table->backend == backend &&
        (inner.empty() || inner == table->inner))
      return *table;

  auto const quoted = [](std::string_view name) { return "\"" + std::string(name) + "\""; };
  auto const algorithms_known = algorithm_names();
  if (std::ranges::find(algorithms_known, algorithm) == algorithms_known.end())
    throw_invalid("algorithm", quoted(algorithm), "one of automatic, " + listed(algorithms_known));
  auto const backends_known = backend_names();
  if (std::ranges::find(backends_known, backend) == backends_known.end())
    throw_invalid("backend", quoted(backend), "one of " + listed(backends_known));
  std::vector<std::string_view> inners;
  for (auto const* table : tables())
    if (detail::is_named(table->info, algorithm) && table->backend == backend && !table->inner.empty())
      inners.push_back(table->inner);
  throw_invalid(
      "inner", quoted(inner),
      inners.empty() ? "none: " + std::string(algorithm) + " has no inner prefix sums" : "one of " + listed(inners));
}

template <class T>
struct decision {
  detail::kernel_table const* table;
  detail::kernel<T> run;
  choice made;
};

template <class T>
decision<T> decide(recurrence<T> const& problem, execution const& how) {
  detail::packing const packing = problem.offsets.data() != nullptr || problem.reset.data() != nullptr
                                      ? detail::packing::packed
                                      : detail::packing::one_sequence;
  std::string algorithm = accepted_spelling(how.algorithm);
  std::string reason = "asked for by name";
  if (algorithm == "automatic") {
    extent const size{problem.x.shape.batch * problem.x.shape.channel, problem.x.shape.time};
    auto const [name, why] =
        detail::automatic(size, how.backend == "serial" ? 1 : openmp(how.threads).threads(), problem.operation);
    algorithm = name;
    reason = why;
  }
  auto const& table = find(algorithm, how.inner, how.backend);
  auto const run = table.template of<T>().at(problem.operation, packing);
  if (run == nullptr)
    throw_invalid("algorithm",
                  "\"" + algorithm + "\" for " + std::string(dtype_name<T>) +
                      (problem.operation == operation::semi_log ? " semi_log" : " affine") +
                      (packing == detail::packing::packed ? ", packed" : ""),
                  "a combination that capabilities() (`ssmscan list`) has");
  return {&table,
          run,
          {algorithm, std::string(table.inner), std::string(table.backend), std::string(table.info.tree), reason}};
}

}  // namespace

template <recurrence_dtype T>
choice plan(recurrence<T> const& problem, execution const& how) {
  detail::checked_recurrence<T> const checked(problem);
  detail::check_execution(how);
  return decide(problem, how).made;
}

template <recurrence_dtype T>
choice linear_recurrence(recurrence<T> const& problem, execution const& how) {
  detail::checked_recurrence<T> checked(problem);
  detail::check_execution(how);
  auto const decided = decide(problem, how);
  decided.run(checked.problem(), how.threads);
  checked.finish_empty_sequences();
  return decided.made;
}

#define SSMSCAN_INSTANTIATE(T)                                                                      \
  template SSMSCAN_SCAN_EXPORT choice linear_recurrence<T>(recurrence<T> const&, execution const&); \
  template SSMSCAN_SCAN_EXPORT choice plan<T>(recurrence<T> const&, execution const&);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
SSMSCAN_INSTANTIATE(std::complex<float>)
SSMSCAN_INSTANTIATE(std::complex<double>)
SSMSCAN_INSTANTIATE(std::uint32_t)
#undef SSMSCAN_INSTANTIATE

std::vector<capability> const& capabilities() {
  static std::vector<capability> const all = [] {
    static std::vector<std::string> names;  // storage of the "name.variant" views
    names.reserve(tables().size());
    std::vector<capability> rows;
    for (auto const* table : tables()) {
      std::string_view const name = names.emplace_back(detail::full_name(table->info));
      auto const add = [&]<class T>(detail::kernels_of<T> const& kernels) {
        for (operation o : {operation::affine, operation::semi_log})
          if (kernels.at(o, detail::packing::one_sequence) != nullptr)
            rows.push_back({name, table->inner, table->backend, dtype_name<T>, o,
                            kernels.at(o, detail::packing::packed) != nullptr, table->info.tree,
                            to_string(table->info.result), table->info.work, table->info.span, table->info.bytes,
                            table->info.source});
      };
      std::apply([&](auto const&... kernels) { (add(kernels), ...); }, table->kernels);
    }
    return rows;
  }();
  return all;
}

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names;
  for (auto const* table : tables())
    if (auto name = detail::full_name(table->info); std::ranges::find(names, name) == names.end())
      names.push_back(name);
  return names;
}

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  backends::for_each([&]<class B>(std::type_identity<B>) { names.emplace_back(B::name); });
  return names;
}

}  // namespace ssmscan
