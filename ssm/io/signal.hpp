#pragma once
// What `--signal FILE` may name: an array of real numbers, (time) or (sequences, time), or images, (count, rows,
// columns) of bytes, each read row by row as one sequence of pixels divided by 255. npy, IDX or gzipped IDX, told apart
// by the first bytes and never by the name. At most the first 64 sequences are kept, and the description says so.
#include <filesystem>
#include <string>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

inline constexpr index_t greatest_signal_batch = 64;

struct signal {
  std::string description;
  index_t batch = 0;
  index_t length = 0;
  std::vector<double> values;  // (batch, length)
};

// Throws std::invalid_argument on anything else: complex or other types, other ranks, no samples, NaN or infinities.
SSMSCAN_SSM_EXPORT signal read_signal(std::filesystem::path const& path);

// The signal used where none is given: `batch` sequences, each a chirp sin(2 pi f(t) t) whose frequency rises to a
// quarter of the sampling rate, plus uniform noise of a tenth of its size from a fixed linear congruential generator.
// All frequencies are excited, nothing is smooth enough to hide an error, and it is the same everywhere up to libm's
// sine.
SSMSCAN_SSM_EXPORT signal built_in_signal(index_t batch = 2, index_t length = 1000);

}  // namespace ssmscan::ssm
