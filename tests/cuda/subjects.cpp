// The subjects of the GPU's laws: every row of device::capabilities(), and the forms with tiles of 8.
#include "tests/cuda/forms.hpp"
#include "tests/cuda/on_device.hpp"
#include "tests/laws/registered.hpp"

#include <ssmscan/scan/backends/cuda/check_call.hpp>
#include <ssmscan/scan/backends/cuda/look_back_tree.hpp>

namespace ssmscan::laws {
namespace {

template <class T>
subject<T> on_device(capability const& offer) {
  auto made = described<T>(offer, info_of<device::algorithms, device::inner_algorithms>(offer.algorithm, offer.inner));
  if (made.algorithm == "look_back") made.shape = measured_shape<device::look_back_tree<80 / sizeof(T)>>;
  made.run = [algorithm = made.algorithm, inner = made.inner, represents = made.represents](recurrence<T> problem,
                                                                                            int) {
    problem.operation = represents;
    gpu::solve_on_device<T>(problem, {.algorithm = algorithm, .inner = inner},
                            {device::workspace_bytes<T>, device::linear_recurrence<T>});
  };
  return made;
}

// An algorithm that is not registered, by its own kernels.
template <class A, class T>
subject<T> unregistered(operation represents) {
  auto const& table = detail::device_kernels_for<A>();
  auto const form = [&table, represents](recurrence<T> const& problem) {
    bool const packed = problem.offsets.data() != nullptr || problem.reset.data() != nullptr;
    return table.template of<T>().at(represents, packed ? detail::packing::packed : detail::packing::one_sequence);
  };
  subject<T> made;
  made.algorithm = std::string(A::info.name) + "<8>";
  made.backend = table.backend;
  made.name = made.algorithm + "/cuda" + (represents == operation::semi_log ? "/semi_log" : "");
  made.tree = table.tree(represents);
  made.result = A::info.result;
  made.roundings = A::info.roundings;
  made.represents = represents;
  made.shape = measured_shape<A>;
  gpu::device_runner<T> const runner{[form](recurrence<T> const& problem, device::execution const& how) {
                                       return form(problem)->workspace_bytes(detail::checked_call(problem, how));
                                     },
                                     [form](recurrence<T> const& problem, device::execution const& how) {
                                       form(problem)->run(detail::checked_call(problem, how), how.stream,
                                                          how.workspace);
                                     }};
  made.run = [runner](recurrence<T> const& problem, int) { gpu::solve_on_device<T>(problem, {}, runner); };
  return made;
}

}  // namespace

template <class T>
std::vector<subject<T>> const& subjects() {
  static std::vector<subject<T>> const all = [] {
    std::vector<subject<T>> made;
    for (capability const& offer : device::capabilities())
      if (offer.dtype == dtype_name<T>) made.push_back(on_device<T>(offer));
    short_tiled::for_each([&]<class A>(std::type_identity<A>) {
      made.push_back(unregistered<A, T>(operation::affine));
      if constexpr (std::floating_point<T>) made.push_back(unregistered<A, T>(operation::semi_log));
    });
    for (auto& s : made) s.library = reference::library_of(s.formula, reference::cuda_library);
    return made;
  }();
  return all;
}

template <class T>
index_t subjects_needed() {
  return cuda_forms_needed<T>();
}

#define SSMSCAN_INSTANTIATE(T)                        \
  template std::vector<subject<T>> const& subjects(); \
  template index_t subjects_needed<T>();
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
SSMSCAN_INSTANTIATE(std::complex<float>)
SSMSCAN_INSTANTIATE(std::complex<double>)
SSMSCAN_INSTANTIATE(std::uint32_t)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::laws
