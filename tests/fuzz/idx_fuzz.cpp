// Whatever the bytes, gzipped or not: an array that is as large as its shape says and within the limit, or
// std::invalid_argument.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>

#include <ssmscan/ssm/io/idx.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace ssmscan;
  constexpr index_t limit = 1 << 20;  // a gzip stream may inflate to a thousand times its size
  try {
    ssm::idx_array const array = ssm::parse_idx(std::as_bytes(std::span(data, size)), "fuzz", limit);
    index_t elements = 1;
    for (index_t const n : array.shape) elements *= n;
    if (elements != static_cast<index_t>(array.values.size()) || 8 * elements > limit) std::abort();
  } catch (std::invalid_argument const&) {}
  return 0;
}
