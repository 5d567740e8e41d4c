#pragma once
// Every SIMD target that this processor runs, one after the other. One that our code is not compiled for takes the best one
// below it.
#include <string>

#include <hwy/targets.h>

namespace ssmscan::ssm::test {

// visit(name) with that target chosen by run-time dispatch; afterwards the choice is the processor's again.
template <class Visit>
void on_every_simd_target(Visit const& visit) {
  struct restore {
    ~restore() {
      hwy::SetSupportedTargetsForTest(0);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    }
  } const at_the_end;
  for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    visit(std::string(hwy::TargetName(left & -left)));
  }
}

}  // namespace ssmscan::ssm::test
