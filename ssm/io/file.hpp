#pragma once
// Whole files in, whole files out. A result file is either the old one or the complete new one, never a part: it is
// written under a temporary name beside its place, flushed, and then takes the place in one step.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

enum class existing_file { keep, replace };  // keep: a file that is already there is an error

inline constexpr index_t default_file_limit = index_t{1} << 36;  // 64 GiB: a mistake, not a signal

// The bytes of a regular file, at most `limit`. Throws std::invalid_argument where the path names no readable file or a
// larger one, std::system_error when reading fails.
SSMSCAN_SSM_EXPORT std::vector<std::byte> read_file(std::filesystem::path const& path,
                                                    index_t limit = default_file_limit);

// The pieces, one after the other. Throws std::invalid_argument where the file exists and is to be kept, or where the
// path cannot be a file; std::system_error when writing fails (no temporary file is left then).
SSMSCAN_SSM_EXPORT void write_file(std::filesystem::path const& path,
                                   std::span<std::span<std::byte const> const> pieces, existing_file existing);
SSMSCAN_SSM_EXPORT void write_file(std::filesystem::path const& path, std::string_view text, existing_file existing);

}  // namespace ssmscan::ssm
