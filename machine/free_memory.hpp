#pragma once
#include <cmath>
#include <fstream>
#include <string>

namespace ssmscan {

// GiB that Linux can give without swapping; infinite where nobody says.
inline double free_gib() {
  std::ifstream lines("/proc/meminfo");
  for (std::string name, rest; lines >> name; std::getline(lines, rest)) {
    double kib = 0;
    if (name == "MemAvailable:" && lines >> kib) return kib / (1 << 20);
  }
  return HUGE_VAL;
}

}  // namespace ssmscan
