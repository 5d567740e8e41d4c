#pragma once
// IDX, the format of MNIST: two zero bytes, an element type, a rank, the sizes and the elements, all big endian; often
// gzipped. Strict: the sizes are checked before anything is allocated, and the file, or what is inflated, must be as
// long as they say, to the byte.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

enum class idx_type : std::uint8_t { u8 = 0x08, i8 = 0x09, i16 = 0x0B, i32 = 0x0C, f32 = 0x0D, f64 = 0x0E };

struct idx_array {
  idx_type type;
  std::vector<index_t> shape;  // 1 to 4 sizes
  std::vector<double> values;  // C order; every element type fits exactly
};

inline constexpr index_t default_idx_limit = index_t{1} << 32;  // elements times 8 bytes in memory: 4 GiB

// Plain or gzipped, told apart by the first bytes. `name` stands in front of messages; all errors of the contents:
// std::invalid_argument. Never more than `limit` bytes of memory for the values, and nothing is inflated beyond the
// size that the header gives.
SSMSCAN_SSM_EXPORT idx_array parse_idx(std::span<std::byte const> file, std::string const& name,
                                       index_t limit = default_idx_limit);
SSMSCAN_SSM_EXPORT idx_array read_idx(std::filesystem::path const& path, index_t limit = default_idx_limit);

}  // namespace ssmscan::ssm
