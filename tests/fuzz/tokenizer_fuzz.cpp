// tokenizer.json, whatever the bytes: refused by std::invalid_argument, or a tokenizer whose ids of a text, where it has
// some, are all tokens of its own.
#include <stdexcept>

#include "file_of_bytes.hpp"

#include <ssmscan/ssm/tokenizer.hpp>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace ssmscan;
  try {
    ssm::tokenizer const made = ssm::tokenizer::load(fuzz::file_of_bytes(data, size));
    std::vector<index_t> ids;
    try {
      ids = made.encode("It's 12 words,\n  <|endoftext|> na\xC3\xAFve \xE6\x97\xA5");
    } catch (std::invalid_argument const&) {}  // a byte that is no token
    try {
      for (index_t const id : ids) static_cast<void>(made.decode(id));
    } catch (std::invalid_argument const&) { std::abort(); }
  } catch (std::invalid_argument const&) {}
  return 0;
}
