#include <stdexcept>

#include "tests/laws/tiles_of_8.hpp"

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/detail/kernels.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan::laws {
namespace {

std::string full_name(algorithm_info const& info) {
  std::string name(info.name);
  if (!info.variant.empty()) name.append(".").append(info.variant);
  return name;
}

// visit(A) for every entry, with each of its inner algorithms.
template <class Visit>
void for_each_form(Visit const& visit) {
  algorithms::for_each([&]<class A>(std::type_identity<A> a) {
    if constexpr (requires { typename A::inner; }) {
      inner_algorithms::for_each([&]<class Inner>(std::type_identity<Inner>) {
        visit(std::type_identity<typename A::template with_inner<Inner>>{});
      });
    } else {
      visit(a);
    }
  });
}

algorithm_info info_of(std::string_view name, std::string_view inner) {
  algorithm_info found{};
  for_each_form([&]<class A>(std::type_identity<A>) {
    if (full_name(A::info) == name && ssmscan::detail::inner_of<A>() == inner) found = A::info;
  });
  if (found.name.empty()) throw std::logic_error("capabilities() offers an algorithm that the registry lacks");
  return found;
}

template <class T>
subject<T> registered(capability const& offer) {
  algorithm_info const info = info_of(offer.algorithm, offer.inner);
  subject<T> made;
  made.algorithm = offer.algorithm;
  made.inner = offer.inner;
  made.backend = offer.backend;
  made.represents = offer.operation;
  made.name = made.algorithm;
  if (!made.inner.empty()) made.name.append("(").append(made.inner).append(")");
  made.name.append("/").append(made.backend);
  if (offer.operation == operation::semi_log) made.name.append("/semi_log");
  made.tree = offer.tree;
  made.result = info.result;
  made.roundings = info.roundings;
  made.packed = offer.packed;
  made.registered = true;
  made.shape = [algorithm = made.algorithm](index_t n) { return reference::tree_of(algorithm, n).value(); };
  made.run = [algorithm = made.algorithm, inner = made.inner, backend = made.backend, represents = made.represents](
                 recurrence<T> problem, int threads) {
    problem.operation = represents;
    linear_recurrence<T>(problem, {.algorithm = algorithm, .backend = backend, .inner = inner, .threads = threads});
  };
  return made;
}

}  // namespace

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
  for_each_form(count);
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
