#pragma once
// How much memory a pass takes beside what the process already has: by the kernel's own high-water mark of resident memory.
#include <cstddef>
#include <fstream>
#include <string>

#include <malloc.h>

namespace ssmscan::bench {

// In bytes, of /proc/self/status; 0 where there is none.
inline std::size_t resident_bytes(std::string const& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field + ":")) return std::stoull(line.substr(field.size() + 1)) * 1024;
  return 0;
}

// The pages that `pass` touches and the process had not: what the allocator kept of earlier passes is given back first. To some
// tens of kilobytes; 0 where the mark cannot be set back.
template <class Pass>
std::size_t peak_bytes_of(Pass const& pass) {
  malloc_trim(0);
  std::ofstream mark("/proc/self/clear_refs");
  bool const is_set = static_cast<bool>(mark << "5" << std::flush);
  std::size_t const before = resident_bytes("VmRSS");
  pass();
  std::size_t const peak = resident_bytes("VmHWM");
  return is_set && peak > before ? peak - before : 0;
}

}  // namespace ssmscan::bench
