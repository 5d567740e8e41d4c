#include <optional>

#include <ssmscan/scan/backends/all.hpp>
#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/automatic.hpp>
#include <ssmscan/scan/detail/catalogue.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/detail/chunk_door.hpp>
#include <ssmscan/scan/detail/short_call.hpp>
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

bool has_ordered_blocks(std::string_view name) {
  bool found = false;
  backends::for_each(
      [&]<class B>(std::type_identity<B>) { found |= std::string_view(B::name) == name && ordered_backend<B>; });
  return found;
}

template <class T>
detail::question question_of(extent size, operation represents, detail::packing packing, detail::arrangement where,
                             execution const& how) {
  return {size,
          how.backend == "serial" ? 1 : openmp::threads_for(how.threads),
          represents,
          packing,
          where,
          detail::price_of_a_tree<T>(represents, packing, where),
          has_ordered_blocks(how.backend) ? detail::block_order::one_after_another : detail::block_order::any};
}

// What `automatic` is asked; nothing where an algorithm is named.
template <class T>
std::optional<detail::question> question_of(recurrence<T> const& problem, execution const& how) {
  if (how.algorithm != "automatic") return {};
  extent const size{problem.x.shape.batch * problem.x.shape.channel, problem.x.shape.time};
  bool const packed = problem.offsets.data() != nullptr || problem.reset.data() != nullptr;
  auto const packing = packed ? detail::packing::packed : detail::packing::one_sequence;
  return question_of<T>(size, problem.operation, packing, detail::arrangement_of(problem), how);
}

template <class T>
struct decision {
  detail::kernel_table const* table;
  detail::kernel<T> run;
};

template <class T>
decision<T> decide(recurrence<T> const& problem, execution const& how) {
  auto const with_kernel = [&](detail::kernel_table const& table) {
    return decision<T>{&table, known().kernel_for(table, problem)};
  };
  auto const named = [&](std::string_view algorithm) {
    return with_kernel(known().find(algorithm, how.inner, how.backend));
  };
  if (auto const question = question_of(problem, how))
    return with_kernel(known().find_chosen(detail::automatic(*question).algorithm, how.inner, how.backend));
  return detail::is_respelled(how.algorithm) ? named(detail::accepted_spelling(how.algorithm)) : named(how.algorithm);
}

// Without the reason.
choice chosen(detail::kernel_table const& table, operation represents) {
  return {detail::full_name(table.info), std::string(table.inner), std::string(table.backend),
          std::string(table.tree(represents)), std::string()};
}

}  // namespace

template <recurrence_dtype T>
choice plan(recurrence<T> const& problem, execution const& how) {
  detail::checked_recurrence<T> const checked(problem);
  detail::check_execution(how);
  choice made = chosen(*decide(problem, how).table, problem.operation);
  auto const question = question_of(problem, how);
  made.reason = question ? detail::explained(*question, detail::automatic(*question)) : "asked for by name";
  return made;
}

template <recurrence_dtype T>
choice linear_recurrence(recurrence<T> const& problem, execution const& how) {
#if !defined(SSMSCAN_WITHOUT_SIMD)
  if (detail::is_short_call(problem, how)) {
    bool const serially = detail::is_text(how.backend, serial::name);
    if (serially ? how.threads <= 1 : detail::is_text(how.backend, openmp::name)) {
      return serially ? detail::run_short_call<serial>(problem) : detail::run_short_call<openmp>(problem);
    }
  }
#endif
  detail::checked_recurrence<T> checked(problem);
  detail::check_execution(how);
  auto const decided = decide(problem, how);
  decided.run(checked.problem(), how.threads);
  checked.finish_empty_sequences();
  return chosen(*decided.table, problem.operation);
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

namespace detail {

simd::chunk_functions<std::complex<double>> const* chunks_of_complex_doubles() {
#if defined(SSMSCAN_WITHOUT_SIMD)
  return nullptr;
#else
  return &simd::best<std::complex<double>>().chunk;
#endif
}

std::string algorithm_by_one_a(extent size, packing how_packed, execution const& how) {
  if (how.algorithm != "automatic") return accepted_spelling(how.algorithm);
  auto const asked =
      question_of<std::complex<double>>(size, operation::affine, how_packed, arrangement::time_beside_one_a, how);
  return std::string(automatic(asked).algorithm);
}

}  // namespace detail

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
