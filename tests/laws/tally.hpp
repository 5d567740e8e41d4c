#pragma once
// The number of cases that this binary judged: printed at its end and, where SSMSCAN_CASES_FILE names a file, left
// there for the test that adds them all.
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::laws::tally {

void add(index_t cases);

}  // namespace ssmscan::laws::tally
