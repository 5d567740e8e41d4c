// Whatever the bytes: taken whole or refused by std::invalid_argument; what is taken has every byte of its elements once.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>

#include <ssmscan/ssm/io/safetensors.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace ssmscan::ssm;
  try {
    tensor_table const table = parse_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
    std::size_t bytes = 0;
    for (auto const& [name, tensor] : table.tensors) {
      bytes += tensor.bytes.size();
      for (std::byte const one : tensor.bytes) static_cast<void>(*static_cast<std::byte const volatile*>(&one));
      if (tensor.elements() * bytes_of(tensor.type) != static_cast<ssmscan::index_t>(tensor.bytes.size())) std::abort();
    }
    if (bytes > size) std::abort();
  } catch (std::invalid_argument const&) {}
  return 0;
}
