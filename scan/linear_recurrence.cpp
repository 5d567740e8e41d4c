#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/automatic.hpp>
#include <ssmscan/scan/detail/catalogue.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/simd_target.hpp>

namespace ssmscan {
namespace {

// Every (algorithm x inner x backend).
detail::catalogue<detail::kernel> const& known() {
  static detail::catalogue<detail::kernel> const all([] {
    std::vector<detail::kernel_table const*> tables;
    detail::for_each_form<simd::algorithms, simd::inner_algorithms>([&]<class A>(std::type_identity<A>) {
      backends::for_each([&]<class B>(std::type_identity<B>) { tables.push_back(&detail::kernels_for<A, B>()); });
    });
    return tables;
  }());
  return all;
}

template <class T>
struct decision {
  detail::kernel<T> run;
  choice made;
};

template <class T>
decision<T> decide(recurrence<T> const& problem, execution const& how) {
  std::string algorithm = detail::accepted_spelling(how.algorithm);
  std::string reason = "asked for by name";
  if (algorithm == "automatic") {
    extent const size{problem.x.shape.batch * problem.x.shape.channel, problem.x.shape.time};
    bool const packed = problem.offsets.data() != nullptr || problem.reset.data() != nullptr;
    auto const [name, why] = detail::automatic(
        {size, how.backend == "serial" ? 1 : openmp(how.threads).threads(), problem.operation,
         packed ? detail::packing::packed : detail::packing::one_sequence, detail::arrangement_of(problem)});
    algorithm = name;
    reason = why;
  }
  auto const& table = known().find(algorithm, how.inner, how.backend);
  return {known().kernel_for(table, problem),
          {algorithm, std::string(table.inner), std::string(table.backend), std::string(table.tree(problem.operation)),
           reason}};
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
  static std::vector<capability> const all = known().capabilities();
  return all;
}

std::vector<std::string> algorithm_names() { return known().algorithm_names(); }

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  backends::for_each([&]<class B>(std::type_identity<B>) { names.emplace_back(B::name); });
  return names;
}

std::string_view simd_target() {
#if !defined(SSMSCAN_WITHOUT_SIMD)
  for (auto const& target : simd::targets<float>())
    if (target.made == &simd::best<float>()) return target.name;
#endif
  return "none";
}

}  // namespace ssmscan
