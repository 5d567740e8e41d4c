#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/io/file.hpp>
#include <ssmscan/ssm/io/idx.hpp>
#include <ssmscan/ssm/io/npy.hpp>
#include <ssmscan/ssm/io/signal.hpp>

namespace ssmscan::ssm {
namespace {

// Real numbers of either format, all of them.
struct real_array {
  std::vector<index_t> shape;
  std::vector<double> values;
  bool bytes;  // elements are bytes: with three axes, images
};

template <class T>
std::vector<double> as_doubles(npy_array const& array) {
  std::vector<double> values;
  for (T const x : array.as<T>()) values.push_back(static_cast<double>(x));
  return values;
}

real_array from_npy(npy_array array) {
  bool const bytes = array.type == npy_type::u1;
  switch (array.type) {
    case npy_type::f4:
      return {std::move(array.shape), as_doubles<float>(array), bytes};
    case npy_type::f8:
      return {std::move(array.shape), as_doubles<double>(array), bytes};
    case npy_type::u4:
      return {std::move(array.shape), as_doubles<std::uint32_t>(array), bytes};
    case npy_type::i8:
      return {std::move(array.shape), as_doubles<std::int64_t>(array), bytes};
    default:  // u1: the reader takes nothing else
      return {std::move(array.shape), as_doubles<std::uint8_t>(array), bytes};
  }
}

npy_types const real_types{{npy_type::f4, npy_type::f8, npy_type::u4, npy_type::i8, npy_type::u1}, ": real numbers"};

real_array read_real(std::filesystem::path const& path) {
  std::string const name = path.string();
  std::vector<std::byte> const file = read_file(path);
  auto const starts_with = [&](std::initializer_list<unsigned char> first) {
    std::size_t i = 0;
    for (unsigned char const wanted : first) {
      if (i >= file.size() || file[i++] != std::byte{wanted}) return false;
    }
    return true;
  };
  if (starts_with({0x93, 'N', 'U', 'M', 'P', 'Y'})) return from_npy(parse_npy(file, name, real_types));
  if (starts_with({0x1f, 0x8b}) || starts_with({0, 0})) {
    idx_array array = parse_idx(file, name);
    return {std::move(array.shape), std::move(array.values), array.type == idx_type::u8};
  }
  throw_invalid(name, "a file of another kind", "npy, IDX or gzipped IDX");
}

}  // namespace

signal read_signal(std::filesystem::path const& path) {
  std::string const name = path.string();
  real_array array = read_real(path);
  bool const images = array.shape.size() == 3 && array.bytes;
  if (!images && array.shape.size() != 1 && array.shape.size() != 2) {
    throw_invalid(name, std::to_string(array.shape.size()) + " axes",
                  "(time), (sequences, time) or images of bytes (count, rows, columns)");
  }
  signal result;
  index_t const all = array.shape.size() == 1 ? 1 : array.shape[0];
  result.batch = std::min(all, greatest_signal_batch);
  result.length = array.shape.size() == 1 ? array.shape[0] : array.shape[1];
  if (images) result.length *= array.shape[2];  // each below 2^32 and their product with the count checked
  if (result.batch == 0 || result.length == 0) throw_invalid(name, "no samples", "at least one");

  array.values.resize(static_cast<std::size_t>(result.batch * result.length));
  constexpr double greatest_pixel = 255;
  for (double& value : array.values) {
    if (!std::isfinite(value)) throw_invalid(name, "NaN or infinite samples", "finite numbers");
    if (images) value /= greatest_pixel;
  }
  result.values = std::move(array.values);
  std::string const kept = result.batch < all ? "first " + std::to_string(result.batch) + " of " : "";
  result.description = path.filename().string() + ": " + kept + std::to_string(all) +
                       (images ? " images" : " sequences") + " of " + std::to_string(result.length) +
                       (images ? " pixels" : " samples");
  return result;
}

signal built_in_signal(index_t batch, index_t length) {
  if (batch < 1) throw_invalid("batch", std::to_string(batch), "at least 1");
  if (length < 1) throw_invalid("length", std::to_string(length), "at least 1");
  signal result{"built-in: " + std::to_string(batch) + " chirps with noise, " + std::to_string(length) + " samples",
                batch,
                length,
                {}};
  constexpr double noise_size = 0.1;
  constexpr double end_frequency = 0.25;  // of the sampling rate
  std::uint64_t state = 1;
  for (index_t row = 0; row < batch; ++row) {
    for (index_t i = 0; i < length; ++i) {
      double const t = static_cast<double>(i);
      // Phase of a frequency that rises linearly from 0; each row starts at another phase.
      double const turns = end_frequency / 2 * t * t / static_cast<double>(length) + 0.125 * static_cast<double>(row);
      state = state * 6364136223846793005u + 1442695040888963407u;            // Knuth's MMIX generator
      double const uniform = static_cast<double>(state >> 11) * 0x1p-52 - 1;  // [-1, 1)
      result.values.push_back(std::sin(2 * std::numbers::pi * turns) + noise_size * uniform);
    }
  }
  return result;
}

}  // namespace ssmscan::ssm
