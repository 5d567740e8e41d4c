#pragma once
// main() of a benchmark binary. Google Benchmark's flags all work; around them stand what it lacks: a Debug build is
// refused, an error in any run is an error of the process, "nothing ran" is not success, the machine is recorded, and
// the result file appears only when it is complete.
//
//   0 good   2 bad flags   3 a run failed, or not a Release build   77 nothing ran
#include <functional>
#include <string>

namespace ssmscan::bench {

enum exit_code : int { exit_good = 0, exit_usage = 2, exit_failed = 3, exit_nothing_ran = 77 };

// Flags of ours, beside Google Benchmark's.
struct options {
  bool quick = false;        // --quick: fewer sizes, shorter runs
  double max_seconds = 1.0;  // --max-seconds=S: what needs more than S for one pass is not run, and says so
};

// A skip by rule and not by failure: SkipWithError with a message that starts so does not fail the process.
inline constexpr char const* not_run = "not run: ";

// `add` registers the benchmarks. Returns what main() should.
int run_main(int argc, char** argv, std::function<void(options const&)> const& add);

}  // namespace ssmscan::bench
