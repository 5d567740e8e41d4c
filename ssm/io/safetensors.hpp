#pragma once
// safetensors, the file of named tensors that Hugging Face's models are kept in: the length of a header, the header (JSON:
// per tensor its type, shape and place), the elements. Strict: a file is taken whole or refused by one sentence, before
// any of its numbers is used. The header begins with '{', names nothing twice and nothing unknown, its integers are
// integers; the tensors cover the rest of the file without gap or overlap, to the byte; all products are checked.
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/io/file.hpp>

namespace ssmscan::ssm {

static_assert(std::endian::native == std::endian::little, "safetensors are read as they stand: little endian");

// In the order of the reference writer, which puts the last of these first into a file.
enum class tensor_type { boolean, u8, i8, f8_e5m2, f8_e4m3, i16, u16, f16, bf16, i32, u32, f32, c64, f64, i64, u64 };

// As it stands in the file: "BF16", "F32".
SSMSCAN_SSM_EXPORT std::string_view name_of(tensor_type type);
SSMSCAN_SSM_EXPORT index_t bytes_of(tensor_type type);

template <class T>
struct tensor_type_of;
template <>
struct tensor_type_of<float> : std::integral_constant<tensor_type, tensor_type::f32> {};
template <>
struct tensor_type_of<double> : std::integral_constant<tensor_type, tensor_type::f64> {};
template <>
struct tensor_type_of<std::complex<float>> : std::integral_constant<tensor_type, tensor_type::c64> {};
template <>
struct tensor_type_of<std::int64_t> : std::integral_constant<tensor_type, tensor_type::i64> {};
template <>
struct tensor_type_of<std::uint8_t> : std::integral_constant<tensor_type, tensor_type::u8> {};

// A tensor whose bytes someone else owns; they need not be aligned.
struct stored_tensor {
  tensor_type type = tensor_type::f32;
  std::vector<index_t> shape{};  // C order; empty: one element without axes
  std::span<std::byte const> bytes{};

  index_t elements() const { return static_cast<index_t>(bytes.size()) / bytes_of(type); }
};

struct tensor_table {
  std::map<std::string, stored_tensor, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;  // "__metadata__"; left empty: none
};

// What is refused whatever the file says of itself.
struct safetensors_limits {
  index_t header_bytes = index_t{16} << 20;
  index_t tensors = 65536;
  index_t name_bytes = 256;
  index_t rank = 8;
};

// The tensors view `file`, which must outlive them. `name` stands in front of messages; all errors of the contents:
// std::invalid_argument. Linear in the header's size (sorting the tensors aside); no allocation grows with what the
// header claims.
SSMSCAN_SSM_EXPORT tensor_table parse_safetensors(std::span<std::byte const> file, std::string const& name,
                                                  safetensors_limits const& limits = {});

// Tensors together with the bytes of the files that they came from.
class tensor_files {
 public:
  tensor_table const& table() const { return table_; }
  bool contains(std::string_view name) const { return table_.tensors.contains(name); }
  // std::invalid_argument where there is none of that name.
  SSMSCAN_SSM_EXPORT stored_tensor const& at(std::string_view name) const;
  // What messages call the file that holds it.
  std::string const& source() const { return source_; }

 private:
  friend SSMSCAN_SSM_EXPORT tensor_files read_safetensors(std::filesystem::path const&, safetensors_limits const&);
  friend SSMSCAN_SSM_EXPORT tensor_files read_sharded_safetensors(std::filesystem::path const&,
                                                                  safetensors_limits const&);
  std::string source_;
  std::vector<std::vector<std::byte>> files_;  // moved, never copied: the table views their bytes
  tensor_table table_;

  tensor_files() = default;

 public:
  tensor_files(tensor_files const&) = delete;
  tensor_files& operator=(tensor_files const&) = delete;
  tensor_files(tensor_files&&) = default;
  tensor_files& operator=(tensor_files&&) = default;
};

SSMSCAN_SSM_EXPORT tensor_files read_safetensors(std::filesystem::path const& path,
                                                 safetensors_limits const& limits = {});

// `index` is a model.safetensors.index.json: its "weight_map" names for each tensor the file beside it that holds it.
// Every tensor must be where the map says, and no file may hold another one. File names are names, not paths. What
// "metadata" claims (a total size, which writers count differently) is not checked.
SSMSCAN_SSM_EXPORT tensor_files read_sharded_safetensors(std::filesystem::path const& index,
                                                         safetensors_limits const& limits = {});

// The elements as T. std::invalid_argument unless the type is T's own, or widens to it exactly: float from F32, BF16,
// F16; double from these and F64; std::complex<float>, std::int64_t, std::uint8_t only from their own.
template <class T>
SSMSCAN_SSM_EXPORT std::vector<T> values_of(stored_tensor const& tensor, std::string const& name);

// A tensor over `values`, which must outlive it (as many as the shape says, else std::invalid_argument).
template <class T>
stored_tensor view_of(std::vector<index_t> shape, std::span<T const> values);

// Tensors in the reference writer's order (type, greatest first; then name), so that each is aligned to its element,
// the header padded to 8 bytes, the file put in its place in one step (write_file). std::invalid_argument for what
// parse_safetensors would refuse.
SSMSCAN_SSM_EXPORT void write_safetensors(std::filesystem::path const& path, tensor_table const& table,
                                          existing_file existing);

namespace detail {
SSMSCAN_SSM_EXPORT void require_bytes(stored_tensor const& tensor, std::string const& name);
}

template <class T>
stored_tensor view_of(std::vector<index_t> shape, std::span<T const> values) {
  stored_tensor tensor{tensor_type_of<T>::value, std::move(shape), std::as_bytes(values)};
  detail::require_bytes(tensor, "values");
  return tensor;
}

}  // namespace ssmscan::ssm
