// Says which GPU the tests would use, or why there is none (exit code 77). ./check --gpu asks it.
#include <cstdio>

#include "tests/cuda/gpu.hpp"

int main() {
  std::string const why = ssmscan::gpu::why_none();
  std::printf("%s\n", why.empty() ? ssmscan::gpu::description().c_str() : why.c_str());
  return why.empty() ? 0 : 77;
}
