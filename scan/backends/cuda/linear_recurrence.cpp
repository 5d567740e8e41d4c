#include <ssmscan/scan/backends/cuda/automatic.hpp>
#include <ssmscan/scan/backends/cuda/check_call.hpp>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/backends/cuda/registry.hpp>
#include <ssmscan/scan/detail/catalogue.hpp>

namespace ssmscan::device {
namespace {

ssmscan::detail::catalogue<ssmscan::detail::device_kernel> const& known() {
  static ssmscan::detail::catalogue<ssmscan::detail::device_kernel> const all([] {
    std::vector<ssmscan::detail::device_table const*> tables;
    ssmscan::detail::for_each_form<algorithms, inner_algorithms>(
        [&]<class A>(std::type_identity<A>) { tables.push_back(&ssmscan::detail::device_kernels_for<A>()); });
    return tables;
  }());
  return all;
}

template <class T>
struct decision {
  ssmscan::detail::device_call<T> call;
  ssmscan::detail::device_kernel<T> form;
  choice made;
};

template <class T>
ssmscan::detail::packing packing_of(recurrence<T> const& problem) {
  bool const packed = problem.offsets.data() != nullptr || problem.reset.data() != nullptr;
  return packed ? ssmscan::detail::packing::packed : ssmscan::detail::packing::one_sequence;
}

template <class T>
ssmscan::detail::time_layout layout_of(recurrence<T> const& problem) {
  bool const contiguous = problem.a.stride.time == 1 && problem.b.stride.time == 1 && problem.x.stride.time == 1;
  return contiguous ? ssmscan::detail::time_layout::contiguous : ssmscan::detail::time_layout::strided;
}

template <class T>
decision<T> decide(recurrence<T> const& problem, execution const& how) {
  auto const call = ssmscan::detail::checked_call(problem, how);
  std::string algorithm = ssmscan::detail::accepted_spelling(how.algorithm);
  std::string reason = "asked for by name";
  if (algorithm == "automatic")
    std::tie(algorithm, reason) = ssmscan::detail::device_automatic(call.problem.size, problem.operation,
                                                                    packing_of(problem), layout_of(problem));
  auto const& table = known().find(algorithm, how.inner, "cuda");
  return {call,
          known().kernel_for(table, problem),
          {algorithm, std::string(table.inner), std::string(table.backend), std::string(table.tree(problem.operation)),
           reason}};
}

}  // namespace

template <recurrence_dtype T>
choice plan(recurrence<T> const& problem, execution const& how) {
  return decide(problem, how).made;
}

template <recurrence_dtype T>
std::size_t workspace_bytes(recurrence<T> const& problem, execution const& how) {
  auto const decided = decide(problem, how);
  return decided.form->workspace_bytes(decided.call);
}

template <recurrence_dtype T>
choice linear_recurrence(recurrence<T> const& problem, execution const& how) {
  auto decided = decide(problem, how);
  ssmscan::detail::check_workspace(how.workspace, decided.form->workspace_bytes(decided.call), problem);
  decided.form->run(decided.call, how.stream, how.workspace);
  return std::move(decided.made);
}

#define SSMSCAN_INSTANTIATE(T)                                                                         \
  template SSMSCAN_CUDA_EXPORT choice linear_recurrence<T>(recurrence<T> const&, execution const&);    \
  template SSMSCAN_CUDA_EXPORT std::size_t workspace_bytes<T>(recurrence<T> const&, execution const&); \
  template SSMSCAN_CUDA_EXPORT choice plan<T>(recurrence<T> const&, execution const&);
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

}  // namespace ssmscan::device
