#pragma once
// For readers that take a path: the bytes of one input as a file, the same one each time.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace ssmscan::fuzz {

inline std::filesystem::path file_of_bytes(std::uint8_t const* data, std::size_t size) {
  static std::filesystem::path const path =
      std::filesystem::temp_directory_path() / ("ssmscan_fuzz_" + std::to_string(getpid()));
  static int const removed_at_exit = std::atexit([] {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  });
  static_cast<void>(removed_at_exit);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<char const*>(data), static_cast<std::streamsize>(size));
  if (!file.flush()) std::abort();
  return path;
}

}  // namespace ssmscan::fuzz
