#pragma once
// main() of a benchmark binary. Google Benchmark's flags all work; around them stand what it lacks: a Debug build is
// refused, an error in any run is an error of the process, "nothing ran" is not success, the machine is recorded, and
// the result file appears only when it is complete.
//
//   0 good   1 a result was wrong   2 bad flags   3 a run failed, or not a Release build   77 nothing ran
#include <functional>
#include <string>

#include "bench/common/outcome.hpp"

namespace ssmscan::bench {

// Flags of ours, beside Google Benchmark's.
struct options {
  bool quick = false;        // --quick: fewer sizes, shorter runs
  double max_seconds = 1.0;  // --max-seconds=S: what needs more than S for one pass is not run, and says so
};

// `add` registers the benchmarks. Returns what main() should.
int run_main(int argc, char** argv, std::function<void(options const&)> const& add);

}  // namespace ssmscan::bench
