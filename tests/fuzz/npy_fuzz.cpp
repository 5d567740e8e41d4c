// Whatever the bytes: an array that is as large as its shape says, or std::invalid_argument.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>

#include <ssmscan/ssm/io/npy.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace ssmscan;
  try {
    ssm::npy_array const array = ssm::parse_npy(std::as_bytes(std::span(data, size)), "fuzz");
    index_t elements = 1;
    for (index_t const n : array.shape) elements *= n;
    if (elements != array.elements() || array.data.size() > size) std::abort();
  } catch (std::invalid_argument const&) {}
  return 0;
}
