#include <ssmscan/scan/backends/cuda/automatic.hpp>
#include <ssmscan/scan/backends/cuda/check_call.hpp>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/backends/cuda/registry.hpp>
#include <ssmscan/scan/detail/catalogue.hpp>

namespace ssmscan::device {
namespace {

using ssmscan::detail::device_kernel;
using any_table = ssmscan::detail::basic_kernel_table<device_kernel>;

std::vector<ssmscan::detail::device_table const*> const& tables() {
  static std::vector<ssmscan::detail::device_table const*> const all = [] {
    std::vector<ssmscan::detail::device_table const*> made;
    ssmscan::detail::for_each_form<algorithms, inner_algorithms>(
        [&]<class A>(std::type_identity<A>) { made.push_back(&ssmscan::detail::device_kernels_for<A>()); });
    return made;
  }();
  return all;
}

ssmscan::detail::catalogue<device_kernel> const& known() {
  static ssmscan::detail::catalogue<device_kernel> const all(
      std::vector<any_table const*>(tables().begin(), tables().end()));
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
  using ssmscan::detail::time_layout;
  index_t const a = problem.a.stride.time;
  if (problem.b.stride.time != 1 || problem.x.stride.time != 1 || (a != 0 && a != 1)) return time_layout::strided;
  if (a == 1) return time_layout::contiguous;
  auto const& [shape, stride] = std::pair(problem.a.shape, problem.a.stride);
  bool const even = shape.batch <= 1 || shape.channel <= 1 || stride.batch == shape.channel * stride.channel;
  return even ? time_layout::one_a : time_layout::one_a_of_uneven_lanes;
}

// The tables of 16-bit storage, which the CPU's catalogue does not know.
template <storage_dtype S>
ssmscan::detail::kernels_of<device_kernel<S>> const& stored_kernels(any_table const& table) {
  using kernels = ssmscan::detail::kernels_of<device_kernel<S>>;
  return std::get<kernels>(static_cast<ssmscan::detail::device_table const&>(table).stored);
}

// In the words of the catalogue, of those that have 16-bit storage.
template <storage_dtype S>
[[noreturn]] void refuse(std::string_view algorithm, recurrence<S> const& problem) {
  std::vector<std::string> able;
  for (any_table const* table : tables())
    if (stored_kernels<S>(*table).at(problem.operation, packing_of(problem)) != nullptr)
      able.push_back(ssmscan::detail::full_name(table->info));
  std::string given(problem.operation == operation::semi_log ? "semi_log" : "affine");
  if (able.empty()) throw_invalid("operation", given + " for " + std::string(dtype_name<S>), "affine");
  given = "\"" + std::string(algorithm) + "\" for " + std::string(dtype_name<S>) + " " + given;
  throw_invalid("algorithm", given, "one of automatic, " + listed(able));
}

template <class T>
device_kernel<T> kernel_for(any_table const& table, std::string_view algorithm, recurrence<T> const& problem) {
  if constexpr (recurrence_dtype<T>) {
    return known().kernel_for(table, problem);
  } else {
    auto const found = stored_kernels<T>(table).at(problem.operation, packing_of(problem));
    if (found == nullptr) refuse(algorithm, problem);
    return found;
  }
}

template <class T>
decision<T> decide(recurrence<T> const& problem, execution const& how) {
  auto const call = ssmscan::detail::checked_call(problem, how);
  std::string algorithm = ssmscan::detail::accepted_spelling(how.algorithm), reason;
  bool const chosen = algorithm == "automatic";
  if (!chosen) {
    reason = "asked for by name";
  } else if (storage_dtype<T>) {
    algorithm = "look_back", reason = "the form of 16-bit storage";
  } else {
    std::tie(algorithm, reason) = ssmscan::detail::device_automatic(call.problem.size, problem.operation,
                                                                    packing_of(problem), layout_of(problem));
  }
  auto const& table =
      chosen ? known().find_chosen(algorithm, how.inner, "cuda") : known().find(algorithm, how.inner, "cuda");
  auto const form = kernel_for(table, algorithm, problem);
  return {call,
          form,
          {std::move(algorithm), std::string(table.inner), std::string(table.backend),
           std::string(table.tree(problem.operation)), std::move(reason)}};
}

// The rows of a form's 16-bit storage, after its others.
void add_stored(std::vector<capability>& rows, capability row) {
  auto const& table = **std::ranges::find_if(tables(), [&](auto const* t) {
    return ssmscan::detail::is_named(t->info, row.algorithm) && t->inner == row.inner;
  });
  auto const add = [&]<class S>(std::type_identity<S>) {
    auto const& kernels = stored_kernels<S>(table);
    if (kernels.at(operation::affine, ssmscan::detail::packing::one_sequence) == nullptr) return;
    row.dtype = dtype_name<S>, row.operation = operation::affine, row.tree = table.tree(operation::affine);
    row.packed = kernels.at(operation::affine, ssmscan::detail::packing::packed) != nullptr;
    rows.push_back(row);
  };
  add(std::type_identity<bfloat16>{}), add(std::type_identity<float16>{});
}

}  // namespace

template <device_dtype T>
choice plan(recurrence<T> const& problem, execution const& how) {
  return decide(problem, how).made;
}

template <device_dtype T>
std::size_t workspace_bytes(recurrence<T> const& problem, execution const& how) {
  auto const decided = decide(problem, how);
  return decided.form->workspace_bytes(decided.call);
}

template <device_dtype T>
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
SSMSCAN_INSTANTIATE(bfloat16)
SSMSCAN_INSTANTIATE(float16)
#undef SSMSCAN_INSTANTIATE

std::vector<capability> const& capabilities() {
  static std::vector<capability> const all = [] {
    std::vector<capability> rows = known().capabilities(), made;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      auto const& row = made.emplace_back(rows[k]);
      bool const last_of_form =
          k + 1 == rows.size() || rows[k + 1].algorithm != row.algorithm || rows[k + 1].inner != row.inner;
      if (last_of_form) add_stored(made, capability(row));
    }
    return made;
  }();
  return all;
}

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names;
  for (capability const& row : capabilities())
    if (std::ranges::find(names, row.algorithm) == names.end()) names.emplace_back(row.algorithm);
  return names;
}

}  // namespace ssmscan::device
