#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/io/npy.hpp>

namespace ssmscan::ssm {
namespace {

struct type_entry {
  npy_type type;
  std::string_view descr;
  index_t bytes;
};
constexpr std::array<type_entry, 7> types{{{npy_type::f4, "<f4", 4},
                                           {npy_type::f8, "<f8", 8},
                                           {npy_type::c8, "<c8", 8},
                                           {npy_type::c16, "<c16", 16},
                                           {npy_type::u4, "<u4", 4},
                                           {npy_type::i8, "<i8", 8},
                                           {npy_type::u1, "|u1", 1}}};
constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t greatest_rank = 32;  // NumPy's own limit
constexpr std::size_t alignment = 64;      // numpy.save pads the header so that the elements start at a multiple of it

type_entry const& entry_of(npy_type type) { return types.at(static_cast<std::size_t>(type)); }

// "<i8", or "one of <f4, <f8".
std::string needed(npy_types const& taken) {
  std::string text = taken.of.size() == 1 ? "" : "one of ";
  for (npy_type const type : taken.of) text += (type == taken.of.front() ? "" : ", ") + std::string(descr_of(type));
  return text + taken.reason;
}

// Reads the dictionary one token after the other; whatever is not expected is an error that says what is.
class header_parser {
 public:
  header_parser(std::string_view text, std::string const& name, npy_types const& taken)
      : rest_(text), name_(name), taken_(taken) {}

  npy_array parse() {
    std::optional<npy_type> type;
    std::optional<std::vector<index_t>> shape;
    bool order_seen = false;
    expect('{');
    while (!accept('}')) {
      std::string const key = quoted("a key in quotes");
      expect(':');
      if (key == "descr" && !type) {
        type = descr();
      } else if (key == "fortran_order" && !order_seen) {
        c_order();
        order_seen = true;
      } else if (key == "shape" && !shape) {
        shape = tuple();
      } else {
        fail("key '" + key + "'", "descr, fortran_order and shape, once each");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!type || !shape || !order_seen) fail("a header without all keys", "descr, fortran_order and shape");
    skip_spaces();
    if (!rest_.empty() && rest_ != "\n") fail("text after the header's dictionary", "spaces and a newline");
    return {*type, std::move(*shape), {}};
  }

 private:
  [[noreturn]] void fail(std::string const& got, std::string const& need) const { throw_invalid(name_, got, need); }

  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool accept(char wanted) {
    skip_spaces();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail("a header that does not parse", std::string("'") + wanted + "' in the header");
  }
  std::string quoted(std::string const& need) {
    skip_spaces();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) fail("a header that does not parse", need);
    std::size_t const end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) fail("a header with an open quote", need);
    std::string const text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }
  npy_type descr() {
    std::string const need = needed(taken_);
    skip_spaces();
    if (!rest_.empty() && rest_.front() == '[') fail("a structured type", need);
    std::string const text = quoted(need);
    for (npy_type const type : taken_.of)
      if (descr_of(type) == text) return type;
    fail((text.starts_with('>') ? "big-endian type '" : "type '") + text + "'", need);
  }
  void c_order() {
    skip_spaces();
    constexpr std::string_view yes = "True";
    constexpr std::string_view no = "False";
    if (rest_.starts_with(yes)) fail("Fortran (column-major) order", "C order: save numpy.ascontiguousarray(x)");
    if (!rest_.starts_with(no)) fail("fortran_order neither True nor False", "False");
    rest_.remove_prefix(no.size());
  }
  std::vector<index_t> tuple() {
    std::vector<index_t> shape;
    bool comma = true;  // (n) is a number in brackets, (n,) a tuple
    expect('(');
    while (!accept(')')) {
      if (!comma) fail("a shape that does not parse", "a tuple of sizes");
      skip_spaces();
      index_t size = 0;
      auto const [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc{} || size < 0) fail("a shape that does not parse", "sizes of 0 to 2^63 - 1");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      shape.push_back(size);
      if (shape.size() > greatest_rank) fail("more than 32 axes", "at most 32");
      comma = accept(',');
    }
    if (shape.size() == 1 && !comma) fail("a shape that is no tuple", "(n,) for one axis");
    return shape;
  }

  std::string_view rest_;
  std::string const& name_;
  npy_types const& taken_;
};

std::string shape_text(std::vector<index_t> const& shape) {
  std::string text = "(";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string(shape[axis]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::string header_of(npy_array const& array) {
  std::string text = "{'descr': '" + std::string(descr_of(array.type)) +
                     "', 'fortran_order': False, 'shape': " + shape_text(array.shape) + ", }";
  // NumPy leaves room for the first size to grow to 20 digits when a file is appended to.
  if (!array.shape.empty()) text.append(21 - std::to_string(array.shape.front()).size(), ' ');
  std::size_t const before = magic.size() + 2 + 2;  // version, length
  text.append((alignment - (before + text.size() + 1) % alignment) % alignment, ' ');
  text += '\n';
  std::string header(magic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace

std::string_view descr_of(npy_type type) { return entry_of(type).descr; }
index_t bytes_of(npy_type type) { return entry_of(type).bytes; }

void npy_array::require(npy_type wanted) const {
  if (type != wanted) throw_invalid("array", std::string(descr_of(type)), std::string(descr_of(wanted)));
}

namespace detail {
index_t checked_bytes(std::span<index_t const> shape, index_t element_bytes, std::string const& name) {
  index_t product = element_bytes;
  bool empty = false;
  for (index_t const size : shape) {
    if (size < 0) throw_invalid(name, "a negative size", "sizes of 0 or more");
    if (size == 0) {
      empty = true;  // a zero must not hide an overflow of the others
    } else if (__builtin_mul_overflow(product, size, &product)) {
      throw_invalid(name, "a shape of more than 2^63 - 1 bytes", "a product that fits");
    }
  }
  return empty ? 0 : product;
}
}  // namespace detail

npy_array parse_npy(std::span<std::byte const> file, std::string const& name, npy_types const& taken) {
  std::string_view const text(reinterpret_cast<char const*>(file.data()), file.size());
  auto const byte_at = [&](std::size_t i) { return std::to_integer<std::size_t>(file[i]); };
  if (!text.starts_with(magic)) throw_invalid(name, "a file that does not begin with \\x93NUMPY", "an npy file");
  std::size_t start = magic.size() + 2;  // the version
  if (file.size() < start + 2) throw_invalid(name, "a file that ends in its first bytes", "a whole npy file");
  std::size_t const major = byte_at(magic.size());
  std::size_t const minor = byte_at(magic.size() + 1);
  if (major < 1 || major > 3 || minor != 0) {
    throw_invalid(name, "npy version " + std::to_string(major) + "." + std::to_string(minor), "1.0, 2.0 or 3.0");
  }
  std::size_t const length_bytes = major == 1 ? 2 : 4;
  if (file.size() < start + length_bytes)
    throw_invalid(name, "a file that ends in its first bytes", "a whole npy file");
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) length |= byte_at(start + i) << (8 * i);
  start += length_bytes;
  if (length > file.size() - start) throw_invalid(name, "a header longer than the file", "a whole npy file");

  npy_array array = header_parser(text.substr(start, length), name, taken).parse();
  std::span<std::byte const> const elements = file.subspan(start + length);
  index_t const expected = detail::checked_bytes(array.shape, bytes_of(array.type), name);
  if (static_cast<index_t>(elements.size()) != expected) {
    throw_invalid(name, std::to_string(elements.size()) + " bytes of elements",
                  std::to_string(expected) + " for shape " + shape_text(array.shape) + " of " +
                      std::string(descr_of(array.type)));
  }
  array.data.assign(elements.begin(), elements.end());
  return array;
}

npy_array read_npy(std::filesystem::path const& path, npy_types const& taken) {
  return parse_npy(read_file(path), path.string(), taken);
}

void write_npy(std::filesystem::path const& path, npy_array const& array, existing_file existing) {
  if (detail::checked_bytes(array.shape, bytes_of(array.type), "shape") != static_cast<index_t>(array.data.size())) {
    throw_invalid("data", std::to_string(array.data.size()) + " bytes", "as many as the shape says");
  }
  std::string const header = header_of(array);
  std::array<std::span<std::byte const>, 2> const pieces{std::as_bytes(std::span(header.data(), header.size())),
                                                         std::span<std::byte const>(array.data)};
  write_file(path, pieces, existing);
}

}  // namespace ssmscan::ssm
