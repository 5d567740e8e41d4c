#pragma once
// HiPPO as diagonal plus low rank without a read-out, which each check and test chooses.
#include <ssmscan/ssm/dplr_system.hpp>
#include <ssmscan/ssm/hippo.hpp>

namespace ssmscan::ssm::detail {

inline dplr_system system_of(normal_plus_low_rank const& form, double step, spectrum kept) {
  return {.lambda = {form.lambda.begin(), form.lambda.end()},
          .p = {form.p.data(), form.p.data() + form.p.size()},  // columns, one after the other
          .b = {form.b.begin(), form.b.end()},
          .step = step,
          .kept = kept};
}

}  // namespace ssmscan::ssm::detail
