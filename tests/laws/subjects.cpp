#include "tests/laws/registered.hpp"
#include "tests/laws/tiles_of_8.hpp"

#include <ssmscan/scan/backends/all.hpp>
#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan::laws {
template <class T>
std::vector<subject<T>> const& subjects() {
  static std::vector<subject<T>> const all = [] {
    std::vector<subject<T>> made;
    for (capability const& offer : capabilities())
      if (offer.dtype == dtype_name<T>) made.push_back(registered<T>(offer));
    for (auto& s : tiles_of_8<T>()) made.push_back(std::move(s));
    return made;
  }();
  return all;
}

template <class T>
index_t subjects_needed() {
  index_t needed = 0;
  auto const count = [&]<class A>(std::type_identity<A>) {
    backends::for_each([&]<class B>(std::type_identity<B>) {
      needed += supports<A, B, affine<T>>;
      if constexpr (std::floating_point<T>) needed += supports<A, B, semi_log<T>>;
    });
  };
  detail::for_each_form<simd::algorithms, simd::inner_algorithms>(count);
  short_tiled::for_each(count);
  return needed;
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
