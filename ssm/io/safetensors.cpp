#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/safetensors_text.hpp>
#include <ssmscan/ssm/io/npy.hpp>  // checked_bytes
#include <ssmscan/ssm/io/safetensors.hpp>

namespace ssmscan::ssm {
namespace {

using detail::has_control_characters;
using detail::in_quotes;
constexpr std::string_view metadata_key = detail::safetensors_metadata_key;
constexpr std::size_t length_bytes = detail::safetensors_length_bytes;

struct type_entry {
  std::string_view name;
  index_t bytes;
};
constexpr std::array<type_entry, 16> types{{{"BOOL", 1},
                                            {"U8", 1},
                                            {"I8", 1},
                                            {"F8_E5M2", 1},
                                            {"F8_E4M3", 1},
                                            {"I16", 2},
                                            {"U16", 2},
                                            {"F16", 2},
                                            {"BF16", 2},
                                            {"I32", 4},
                                            {"U32", 4},
                                            {"F32", 4},
                                            {"C64", 8},
                                            {"F64", 8},
                                            {"I64", 8},
                                            {"U64", 8}}};

std::string names_of_types() {
  std::string text;
  for (type_entry const& entry : types) {
    if (!text.empty()) text += ' ';
    text += entry.name;
  }
  return text;
}

struct place {
  index_t begin = 0;
  index_t end = 0;
};

// Takes the header's events one by one, and knows at each of them what may come: nothing is built that is not wanted, and
// the depth is bounded by what the format has.
class header_reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  header_reader(std::string const& name, safetensors_limits const& limits) : name_(name), limits_(limits) {}

  tensor_table table;
  std::map<std::string, place, std::less<>> places;

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_integer(number_integer_t) override { unexpected("a negative number"); }  // -0 too
  bool number_float(number_float_t, string_t const& text) override { unexpected("the number " + text); }
  bool binary(binary_t&) override { unexpected("binary"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (where_ != inside::shape && where_ != inside::offsets) unexpected("a number");
    if (value > static_cast<number_unsigned_t>(INT64_MAX))
      fail(of_tensor("the number " + std::to_string(value)), "numbers of 0 to 2^63 - 1");
    numbers_.push_back(static_cast<index_t>(value));
    index_t const most = where_ == inside::shape ? limits_.rank : 2;
    if (static_cast<index_t>(numbers_.size()) > most) {
      if (where_ == inside::shape)
        fail(of_tensor("more than " + std::to_string(most) + " axes"), "at most " + std::to_string(most));
      fail(of_tensor("more than two data_offsets"), "[begin, end]");
    }
    return true;
  }

  bool string(string_t& value) override {
    if (where_ == inside::metadata) {
      table.metadata.emplace(key_, value);
      return true;
    }
    if (where_ != inside::tensor || key_ != "dtype") unexpected("the string " + in_quotes(value));
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i].name == value) {
        type_ = static_cast<tensor_type>(i);
        return true;
      }
    }
    fail(of_tensor("dtype " + in_quotes(value)), "one of " + names_of_types());
  }

  bool start_object(std::size_t) override {
    if (where_ == inside::nothing) {
      where_ = inside::header;
    } else if (where_ == inside::header) {
      where_ = tensor_ == metadata_key ? inside::metadata : inside::tensor;
      type_.reset();
      shape_.reset();
      place_.reset();
      keys_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& text) override {
    if (where_ == inside::header) {
      if (text != metadata_key && static_cast<index_t>(text.size()) > limits_.name_bytes)
        fail("a tensor name of " + std::to_string(text.size()) + " bytes",
             "at most " + std::to_string(limits_.name_bytes));
      if (has_control_characters(text))
        fail("a tensor name with control characters, " + in_quotes(text), "printable names");
      if (!names_.insert(text).second) fail("tensor " + in_quotes(text) + " twice", "each name once");
      if (static_cast<index_t>(names_.size()) > limits_.tensors)
        fail("more than " + std::to_string(limits_.tensors) + " tensors", "at most " + std::to_string(limits_.tensors));
      tensor_ = text;
      return true;
    }
    if (!keys_.insert(text).second) fail(of_tensor("key " + in_quotes(text) + " twice"), "each key once");
    if (where_ == inside::tensor && text != "dtype" && text != "shape" && text != "data_offsets")
      fail(of_tensor("key " + in_quotes(text)), "dtype, shape and data_offsets");
    key_ = text;
    return true;
  }

  bool end_object() override {
    if (where_ == inside::tensor) {
      if (!type_ || !shape_ || !place_) fail(of_tensor("a key missing"), "dtype, shape and data_offsets");
      table.tensors.emplace(tensor_, stored_tensor{*type_, *shape_, {}});
      places.emplace(tensor_, *place_);
    }
    where_ = where_ == inside::header ? inside::after : inside::header;
    return true;
  }

  bool start_array(std::size_t) override {
    if (where_ != inside::tensor || (key_ != "shape" && key_ != "data_offsets")) unexpected("an array");
    where_ = key_ == "shape" ? inside::shape : inside::offsets;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    if (where_ == inside::shape) {
      shape_ = numbers_;
    } else {
      if (numbers_.size() != 2) fail(of_tensor(std::to_string(numbers_.size()) + " data_offsets"), "[begin, end]");
      place_ = place{numbers_[0], numbers_[1]};
    }
    where_ = inside::tensor;
    return true;
  }

  bool parse_error(std::size_t, std::string const&, nlohmann::json::exception const& error) override {
    fail(std::string("a header that does not parse (") + error.what() + ")", "JSON");
  }

 private:
  enum class inside { nothing, header, metadata, tensor, shape, offsets, after };

  [[noreturn]] void fail(std::string const& got, std::string const& need) const { throw_invalid(name_, got, need); }
  std::string of_tensor(std::string const& got) const { return got + " in " + in_quotes(tensor_); }
  [[noreturn]] void unexpected(std::string const& what) const {
    switch (where_) {
      case inside::metadata:
        fail(what + " in " + std::string(metadata_key), "strings only");
      case inside::tensor:
        fail(of_tensor(what + " as " + key_), key_ == "dtype" ? "a string" : "an array of numbers");
      case inside::shape:
      case inside::offsets:
        fail(of_tensor(what + " in " + key_), "numbers of 0 to 2^63 - 1");
      case inside::header:
        fail(what + " as " + in_quotes(tensor_), "an object with dtype, shape and data_offsets");
      default:
        fail(what, "an object");
    }
  }

  std::string const& name_;
  safetensors_limits const& limits_;
  inside where_ = inside::nothing;
  std::string tensor_, key_;
  std::set<std::string, std::less<>> names_, keys_;
  std::vector<index_t> numbers_;
  std::optional<tensor_type> type_;
  std::optional<std::vector<index_t>> shape_;
  std::optional<place> place_;
};

// The tensors, in the order of their places, follow one another from the first byte to the last.
void place_tensors(header_reader& header, std::span<std::byte const> elements, std::string const& name) {
  std::vector<std::pair<place, std::string_view>> order;
  for (auto const& [tensor, where] : header.places) order.emplace_back(where, tensor);
  std::sort(order.begin(), order.end(), [](auto const& left, auto const& right) {
    return std::tie(left.first.begin, left.first.end, left.second) <
           std::tie(right.first.begin, right.first.end, right.second);
  });
  index_t covered = 0;
  for (auto const& entry : order) {
    place const where = entry.first;
    std::string_view const tensor = entry.second;
    auto const said = [&] {
      return "data_offsets [" + std::to_string(where.begin) + ", " + std::to_string(where.end) + "] of " +
             in_quotes(tensor);
    };
    if (where.end < where.begin) throw_invalid(name, said(), "begin <= end");
    if (where.begin != covered)
      throw_invalid(name, said(), "tensors without gap or overlap: a begin of " + std::to_string(covered));
    stored_tensor& stored = header.table.tensors.find(tensor)->second;
    index_t const bytes = detail::checked_bytes(stored.shape, bytes_of(stored.type), name + ": " + in_quotes(tensor));
    if (where.end - where.begin != bytes)
      throw_invalid(name, said(), std::to_string(bytes) + " bytes, as its shape and dtype say");
    if (where.end > static_cast<index_t>(elements.size()))
      throw_invalid(name, said(), "an end of at most " + std::to_string(elements.size()) + ", where the file ends");
    stored.bytes = elements.subspan(static_cast<std::size_t>(where.begin), static_cast<std::size_t>(bytes));
    covered = where.end;
  }
  if (covered != static_cast<index_t>(elements.size()))
    throw_invalid(name, std::to_string(elements.size()) + " bytes of elements",
                  std::to_string(covered) + ", as the tensors take");
}

}  // namespace

std::string_view name_of(tensor_type type) { return types.at(static_cast<std::size_t>(type)).name; }
index_t bytes_of(tensor_type type) { return types.at(static_cast<std::size_t>(type)).bytes; }

tensor_table parse_safetensors(std::span<std::byte const> file, std::string const& name,
                               safetensors_limits const& limits) {
  if (file.size() < length_bytes)
    throw_invalid(name, std::to_string(file.size()) + " bytes", "a safetensors file: the header's length in 8 bytes");
  std::uint64_t const length = detail::load<std::uint64_t>(file.data());
  if (length > static_cast<std::uint64_t>(limits.header_bytes))
    throw_invalid(name, "a header of " + std::to_string(length) + " bytes",
                  "at most " + std::to_string(limits.header_bytes));
  if (length > file.size() - length_bytes)
    throw_invalid(name, "a header of " + std::to_string(length) + " bytes", "one that ends within the file");
  std::string_view text(reinterpret_cast<char const*>(file.data()) + length_bytes, length);
  std::span<std::byte const> const elements = file.subspan(length_bytes + length);
  if (!text.starts_with('{')) throw_invalid(name, "a header that does not begin with '{'", "a safetensors file");
  text.remove_suffix(text.size() - 1 - text.find_last_not_of(' '));  // the padding: spaces only
  if (!text.ends_with('}')) throw_invalid(name, "a header that does not end with '}' and spaces", "a safetensors file");
  if (text.find('\0') != std::string_view::npos) throw_invalid(name, "a byte 0 in the header", "JSON");
  header_reader header(name, limits);
  nlohmann::json::sax_parse(text, &header);
  place_tensors(header, elements, name);
  return std::move(header.table);
}

}  // namespace ssmscan::ssm
