#include "tests/cuda/forms.hpp"

#include <ssmscan/scan/backends/cuda/kernels.cuh>
#include <ssmscan/scan/detail/catalogue.hpp>

namespace ssmscan {

template detail::device_table const& detail::device_kernels_for<basic_chunked<laws::short_tile>>();
template detail::device_table const& detail::device_kernels_for<basic_look_back<laws::short_tile>>();
static_assert(laws::short_tiled::size == 2);

namespace laws {

template <class T>
index_t cuda_forms_needed() {
  index_t needed = 0;
  auto const count = [&]<class A>(std::type_identity<A>) {
    needed += detail::device_kernels<A>::template takes<affine<T>, T>;
    if constexpr (std::floating_point<T>) needed += detail::device_kernels<A>::template takes<semi_log<T>, T>;
  };
  detail::for_each_form<device::algorithms, device::inner_algorithms>(count);
  short_tiled::for_each(count);
  return needed;
}

template index_t cuda_forms_needed<float>();
template index_t cuda_forms_needed<double>();
template index_t cuda_forms_needed<std::complex<float>>();
template index_t cuda_forms_needed<std::complex<double>>();
template index_t cuda_forms_needed<std::uint32_t>();

}  // namespace laws
}  // namespace ssmscan
