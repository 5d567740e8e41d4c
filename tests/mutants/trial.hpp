#pragma once
// A mutant, the laws that must each reject it, and the trial: the same functions that judge the real algorithms.
#include "tests/laws/bounds_law.hpp"
#include "tests/laws/contract.hpp"
#include "tests/laws/registered.hpp"
#include "tests/laws/subject.hpp"
#include "tests/laws/tally.hpp"
#include "tests/laws/verdict.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/detail/kernels.hpp>

namespace ssmscan::mutants {

// One mutant before one law.
struct trial {
  std::string mutant;
  std::string law;
  std::function<laws::verdict()> judge;
};

enum class expectation { rejected, accepted };

inline void hold(std::vector<trial> const& trials, expectation e) {
  for (trial const& t : trials) {
    laws::verdict const found = t.judge();
    EXPECT_EQ(found.holds(), e == expectation::accepted) << t.mutant << " before " << t.law << ": " << found.failure;
    EXPECT_GT(found.cases, 0) << t.mutant << " before " << t.law;
    if (!found.holds())
      std::printf("  %-28s rejected by %-14s %s\n", t.mutant.c_str(), t.law.c_str(), found.failure.c_str());
  }
}

// The distinct mutants that were brought to trial.
inline index_t mutants_of(std::vector<trial> const& trials) {
  std::vector<std::string> names;
  for (trial const& t : trials)
    if (std::find(names.begin(), names.end(), t.mutant) == names.end()) names.push_back(t.mutant);
  return static_cast<index_t>(names.size());
}

// An algorithm as a subject, for one sequence per lane: what a mutant needs, and little to compile. M: affine<T>, or what
// stands in semi_log's place.
template <class A, class B, class T, class M = affine<T>>
laws::subject<T> plain_subject_of(std::string const& name) {
  laws::subject<T> made;
  made.name = made.algorithm = name;
  made.backend = B::name;
  made.tree = A::info.tree;
  made.result = A::info.result;
  made.roundings = A::info.roundings;
  made.formula = A::info.formula;
  made.library = reference::library_of(A::info.formula);
  made.represents = std::same_as<M, affine<T>> ? operation::affine : operation::semi_log;
  if constexpr (!std::same_as<M, affine<T>>) made.shape = laws::measured_shape<A>;
  made.packed = false;
  made.run = [](recurrence<T> const& problem, int threads) {
    detail::checked_recurrence<T> const checked(problem);
    detail::run<A, B, M, T>(checked.problem(), threads);
    checked.finish_empty_sequences();
  };
  return made;
}

// The bounds of a subject on every family, 5000 steps at most.
template <class T>
laws::verdict on_every_family(laws::subject<T> const& s) {
  laws::verdict all;
  for (auto const& family : reference::families) {
    laws::family_data<T> const data(family, 1, 5000);
    laws::verdict const found = laws::bounds_law(s, data, direction::forward, {2, 17, 100, 1000, 5000});
    all.cases += found.cases;
    if (all.holds()) all.failure = found.failure;
  }
  return all;
}

}  // namespace ssmscan::mutants
