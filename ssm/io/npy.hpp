#pragma once
// NumPy's array file (.npy, format versions 1.0 to 3.0): a magic word, a header that is a Python dictionary of exactly
// descr, fortran_order and shape, then the elements. Only what this project exchanges is read: C order, little endian,
// seven element types. Everything else is refused by name, and a file must be as long as its header says, to the byte.
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/io/file.hpp>

namespace ssmscan::ssm {

static_assert(std::endian::native == std::endian::little, "npy elements are read as they stand: little endian");

enum class npy_type { f4, f8, c8, c16, u4, i8, u1 };

// As it stands in the file: "<f4", "<f8", "<c8", "<c16", "<u4", "<i8", "|u1".
SSMSCAN_SSM_EXPORT std::string_view descr_of(npy_type type);
SSMSCAN_SSM_EXPORT index_t bytes_of(npy_type type);

template <class T>
struct npy_type_of;
template <>
struct npy_type_of<float> : std::integral_constant<npy_type, npy_type::f4> {};
template <>
struct npy_type_of<double> : std::integral_constant<npy_type, npy_type::f8> {};
template <>
struct npy_type_of<std::complex<float>> : std::integral_constant<npy_type, npy_type::c8> {};
template <>
struct npy_type_of<std::complex<double>> : std::integral_constant<npy_type, npy_type::c16> {};
template <>
struct npy_type_of<std::uint32_t> : std::integral_constant<npy_type, npy_type::u4> {};
template <>
struct npy_type_of<std::int64_t> : std::integral_constant<npy_type, npy_type::i8> {};
template <>
struct npy_type_of<std::uint8_t> : std::integral_constant<npy_type, npy_type::u1> {};

struct npy_array {
  npy_type type = npy_type::f8;
  std::vector<index_t> shape;   // empty: one element without axes
  std::vector<std::byte> data;  // C order

  index_t elements() const { return static_cast<index_t>(data.size()) / bytes_of(type); }

  // The elements; T must be the array's type (std::invalid_argument otherwise).
  template <class T>
  std::span<T const> as() const {
    require(npy_type_of<T>::value);
    return {reinterpret_cast<T const*>(data.data()), data.size() / sizeof(T)};
  }

 private:
  SSMSCAN_SSM_EXPORT void require(npy_type wanted) const;
};

// Copies `values` (as many as the shape says, else std::invalid_argument).
template <class T>
npy_array make_npy(std::vector<index_t> shape, std::span<T const> values);

// The element types that a reader takes; of any other it says that it needs these.
struct npy_types {
  std::vector<npy_type> of{npy_type::f4, npy_type::f8, npy_type::c8, npy_type::c16,
                           npy_type::u4, npy_type::i8, npy_type::u1};
  std::string reason = {};  // why no other, as ", the type of --a"
};

// `name` stands in front of error messages. All errors of the contents: std::invalid_argument.
SSMSCAN_SSM_EXPORT npy_array parse_npy(std::span<std::byte const> file, std::string const& name,
                                       npy_types const& taken = {});
SSMSCAN_SSM_EXPORT npy_array read_npy(std::filesystem::path const& path, npy_types const& taken = {});

// The bytes numpy.save writes for the same array (version 1.0).
SSMSCAN_SSM_EXPORT void write_npy(std::filesystem::path const& path, npy_array const& array, existing_file existing);

namespace detail {
// Product of the sizes times `element_bytes`; std::invalid_argument when a size is negative or the product, zeros left
// out of it, does not fit.
SSMSCAN_SSM_EXPORT index_t checked_bytes(std::span<index_t const> shape, index_t element_bytes,
                                         std::string const& name);
}  // namespace detail

template <class T>
npy_array make_npy(std::vector<index_t> shape, std::span<T const> values) {
  npy_array array{npy_type_of<T>::value, std::move(shape), {}};
  auto const bytes = std::as_bytes(values);
  if (detail::checked_bytes(array.shape, sizeof(T), "shape") != static_cast<index_t>(bytes.size())) {
    throw std::invalid_argument("values: got " + std::to_string(values.size()) + "; need as many as the shape says");
  }
  array.data.assign(bytes.begin(), bytes.end());
  return array;
}

}  // namespace ssmscan::ssm
