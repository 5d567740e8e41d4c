// config.json of a Mamba, whatever the bytes: sizes that are positive and fit together, or std::invalid_argument.
#include <stdexcept>

#include "file_of_bytes.hpp"

#include <ssmscan/ssm/mamba.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace ssmscan;
  try {
    ssm::mamba_config const c = ssm::read_mamba_config(fuzz::file_of_bytes(data, size));
    for (index_t const n : {c.vocabulary, c.hidden, c.inner, c.states, c.layers, c.width, c.rank})
      if (n < 1) std::abort();
    if (!(c.epsilon >= 0)) std::abort();
    for (index_t const id : c.end_of_text)
      if (id < 0 || id >= c.vocabulary) std::abort();
  } catch (std::invalid_argument const&) {}
  return 0;
}
