#pragma once
// Where and with what a figure was made, so that none travels alone.
#include <string>
#include <utility>
#include <vector>

namespace ssmscan {

// What our own code was built as.
struct build {
  std::string version;   // of ssmscan
  std::string commit;    // git describe, or "unknown"
  std::string compiler;  // "g++ 12.2.0"
  std::string flags;     // without those that name places of the machine it was built on
  std::string type;      // CMAKE_BUILD_TYPE
  bool optimised;        // the compiler optimises
  bool asserts_enabled;  // NDEBUG is not defined
};
build this_build();

using facts = std::vector<std::pair<std::string, std::string>>;

// cpu, cores, cpu_caches ("caches" is Google Benchmark's own word), memory, instruction_sets, simd_target, subnormals,
// governor, threads, os, compiler, flags, build_type, commit, then gpu_facts(). What the system does not tell is "unknown".
facts machine_facts();

// gpu (all of them; and why none can be used where that is so), gpu_clocks, gpu_driver, cuda; nothing in a build without
// CUDA. Makes CUDA's context, which takes a fraction of a second.
facts gpu_facts();

}  // namespace ssmscan
