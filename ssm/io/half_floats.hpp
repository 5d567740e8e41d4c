#pragma once
// The 16-bit types that weights are kept in: those of ../../scan/half_floats.hpp.
#include <ssmscan/scan/half_floats.hpp>

namespace ssmscan::ssm {

using ssmscan::bfloat16;
using ssmscan::float16;
using ssmscan::from_bfloat16;
using ssmscan::from_half;
using ssmscan::narrow;
using ssmscan::to_bfloat16;
using ssmscan::to_half;
using ssmscan::widen;

}  // namespace ssmscan::ssm
