#pragma once
// A subject made of an algorithm that need not be registered: the library's own kernels, instantiated here.
#include "tests/laws/registered.hpp"

#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/detail/kernels.hpp>
#include <ssmscan/scan/reference/bounds.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan::laws {

template <class A, class B, class T>
subject<T> subject_of(std::string const& name, operation represents) {
  static constexpr auto kernels = detail::make_kernels<A, B, T>();
  subject<T> made;
  made.algorithm = name;
  made.backend = B::name;
  made.name = name + "/" + std::string(B::name) + (represents == operation::semi_log ? "/semi_log" : "");
  made.tree = A::info.tree;
  made.result = A::info.result;
  made.roundings = A::info.roundings;
  made.represents = represents;
  made.shape = measured_shape<A>;
  made.packed = kernels.at(represents, detail::packing::packed) != nullptr;
  made.run = [represents](recurrence<T> const& problem, int threads) {
    detail::checked_recurrence<T> const checked(problem);
    bool const packed = problem.offsets.data() != nullptr || problem.reset.data() != nullptr;
    auto const kernel = kernels.at(represents, packed ? detail::packing::packed : detail::packing::one_sequence);
    if (kernel == nullptr) throw std::logic_error("this algorithm has no such kernel");
    kernel(checked.problem(), threads);
    checked.finish_empty_sequences();
  };
  return made;
}

// On every backend and in every representation that it supports.
template <class A, class T>
void add_subjects_of(std::string const& name, std::vector<subject<T>>& all) {
  auto const add = [&]<class B>(std::type_identity<B>) {
    if constexpr (supports<A, B, affine<T>>) all.push_back(subject_of<A, B, T>(name, operation::affine));
    if constexpr (std::floating_point<T>)
      if constexpr (supports<A, B, semi_log<T>>) all.push_back(subject_of<A, B, T>(name, operation::semi_log));
  };
  backends::for_each(add);
}

}  // namespace ssmscan::laws
