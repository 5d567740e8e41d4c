#include <algorithm>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/safetensors_text.hpp>
#include <ssmscan/ssm/detail/strict_json.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/io/npy.hpp>  // checked_bytes
#include <ssmscan/ssm/io/safetensors.hpp>

namespace ssmscan::ssm {
namespace {

using detail::has_control_characters;
using detail::in_quotes;
using detail::load;
constexpr std::string_view metadata_key = detail::safetensors_metadata_key;
constexpr std::size_t header_alignment = 8;  // the writer's; a reader may not count on it
constexpr std::size_t greatest_index_bytes = std::size_t{16} << 20;

}  // namespace

stored_tensor const& tensor_files::at(std::string_view name) const {
  auto const found = table_.tensors.find(name);
  if (found == table_.tensors.end()) throw_invalid(source_, "no tensor " + in_quotes(name), "one of that name");
  return found->second;
}

tensor_files read_safetensors(std::filesystem::path const& path, safetensors_limits const& limits) {
  tensor_files read;
  read.source_ = path.string();
  read.files_.push_back(read_file(path));
  read.table_ = parse_safetensors(read.files_.back(), read.source_, limits);
  return read;
}

tensor_files read_sharded_safetensors(std::filesystem::path const& index, safetensors_limits const& limits) {
  tensor_files read;
  read.source_ = index.string();
  std::string const& name = read.source_;
  nlohmann::json const json = detail::parse_strict_json(read_file(index), name, greatest_index_bytes);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    throw_invalid(name, "no weight_map", "an object \"weight_map\" of tensor names and file names");
  for (auto const& [key, value] : json.items()) {
    if (key != "weight_map" && key != "metadata")
      throw_invalid(name, "key " + in_quotes(key), "metadata and weight_map");
  }
  std::map<std::string, std::set<std::string, std::less<>>> tensors_of;
  for (auto const& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string()) throw_invalid(name, "no file name for " + in_quotes(tensor), "a string");
    std::string const text = file.get<std::string>();
    if (text.empty() || text == "." || text == ".." || text.find('/') != std::string::npos ||
        has_control_characters(text))
      throw_invalid(name, "file " + in_quotes(text) + " for " + in_quotes(tensor),
                    "the name of a file beside the index");
    tensors_of[text].insert(tensor);
  }
  if (static_cast<index_t>(json["weight_map"].size()) > limits.tensors)
    throw_invalid(name, std::to_string(json["weight_map"].size()) + " tensors",
                  "at most " + std::to_string(limits.tensors));
  for (auto const& [file, tensors] : tensors_of) {
    std::filesystem::path const path = index.parent_path() / file;
    read.files_.push_back(read_file(path));
    tensor_table part = parse_safetensors(read.files_.back(), path.string(), limits);
    for (std::string const& tensor : tensors) {
      if (!part.tensors.contains(tensor))
        throw_invalid(path.string(), "no tensor " + in_quotes(tensor), "it, as " + name + " says");
    }
    for (auto& [tensor, stored] : part.tensors) {
      if (!tensors.contains(tensor))
        throw_invalid(path.string(), "tensor " + in_quotes(tensor), "only those that " + name + " names for this file");
      read.table_.tensors.emplace(tensor, std::move(stored));
    }
    read.table_.metadata.merge(part.metadata);
  }
  return read;
}

template <class T>
std::vector<T> values_of(stored_tensor const& tensor, std::string const& name) {
  std::vector<T> values(static_cast<std::size_t>(tensor.elements()));
  std::byte const* from = tensor.bytes.data();
  auto const each = [&](auto convert, std::size_t bytes) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = convert(from + i * bytes);
    return values;
  };
  if (tensor.type == tensor_type_of<T>::value) {
    if (!values.empty()) std::memcpy(values.data(), from, tensor.bytes.size());
    return values;
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (tensor.type == tensor_type::bf16)
      return each([](std::byte const* p) { return T(from_bfloat16(load<std::uint16_t>(p))); }, 2);
    if (tensor.type == tensor_type::f16)
      return each([](std::byte const* p) { return T(from_half(load<std::uint16_t>(p))); }, 2);
    if (std::is_same_v<T, double> && tensor.type == tensor_type::f32)
      return each([](std::byte const* p) { return T(load<float>(p)); }, 4);
  }
  std::string const exact = std::is_same_v<T, float>    ? "F32, BF16 or F16"
                            : std::is_same_v<T, double> ? "F64, F32, BF16 or F16"
                                                        : std::string(name_of(tensor_type_of<T>::value));
  throw_invalid(name, std::string(name_of(tensor.type)), exact);
}
template std::vector<float> values_of<float>(stored_tensor const&, std::string const&);
template std::vector<double> values_of<double>(stored_tensor const&, std::string const&);
template std::vector<std::complex<float>> values_of<std::complex<float>>(stored_tensor const&, std::string const&);
template std::vector<std::int64_t> values_of<std::int64_t>(stored_tensor const&, std::string const&);
template std::vector<std::uint8_t> values_of<std::uint8_t>(stored_tensor const&, std::string const&);

namespace detail {
void require_bytes(stored_tensor const& tensor, std::string const& name) {
  index_t const bytes = checked_bytes(tensor.shape, bytes_of(tensor.type), name);
  if (bytes != static_cast<index_t>(tensor.bytes.size()))
    throw_invalid(name, std::to_string(tensor.bytes.size()) + " bytes", std::to_string(bytes) + ", as the shape says");
}
}  // namespace detail

void write_safetensors(std::filesystem::path const& path, tensor_table const& table, existing_file existing) {
  std::vector<std::pair<std::string_view, stored_tensor const*>> order;
  for (auto const& [name, tensor] : table.tensors) order.emplace_back(name, &tensor);
  std::stable_sort(order.begin(), order.end(),
                   [](auto const& left, auto const& right) { return left.second->type > right.second->type; });

  auto const text_of = [](std::string_view text) { return nlohmann::json(text).dump(); };
  std::string header = "{";
  if (!table.metadata.empty()) header += text_of(metadata_key) + ":" + nlohmann::json(table.metadata).dump() + ",";
  std::vector<std::span<std::byte const>> pieces(1);
  index_t begin = 0;
  for (auto const& [name, tensor] : order) {
    detail::require_bytes(*tensor, "tensor " + in_quotes(name));
    if (name == metadata_key || has_control_characters(name) ||
        static_cast<index_t>(name.size()) > safetensors_limits{}.name_bytes ||
        static_cast<index_t>(tensor->shape.size()) > safetensors_limits{}.rank)
      throw_invalid("tensor", in_quotes(name) + ", " + std::to_string(tensor->shape.size()) + " axes",
                    "a printable name of at most 256 bytes, not __metadata__, and at most 8 axes");
    index_t const end = begin + static_cast<index_t>(tensor->bytes.size());
    header += text_of(name) + ":{\"dtype\":\"" + std::string(name_of(tensor->type)) +
              "\",\"shape\":" + nlohmann::json(tensor->shape).dump() + ",\"data_offsets\":[" + std::to_string(begin) +
              "," + std::to_string(end) + "]},";
    begin = end;
    pieces.push_back(tensor->bytes);
  }
  if (header.ends_with(',')) header.pop_back();
  header += '}';
  header.append((header_alignment - header.size() % header_alignment) % header_alignment, ' ');
  if (static_cast<index_t>(header.size()) > safetensors_limits{}.header_bytes ||
      static_cast<index_t>(order.size()) > safetensors_limits{}.tensors)
    throw_invalid("table",
                  std::to_string(order.size()) + " tensors, a header of " + std::to_string(header.size()) + " bytes",
                  "what parse_safetensors takes");
  std::uint64_t const length = header.size();
  std::string text(reinterpret_cast<char const*>(&length), detail::safetensors_length_bytes);
  text += header;
  pieces[0] = std::as_bytes(std::span(text.data(), text.size()));
  write_file(path, pieces, existing);
}

}  // namespace ssmscan::ssm
