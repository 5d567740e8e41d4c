#pragma once
// A model's matrix on a device: rows of floats or of bfloat16, each at a multiple of 16 bytes with zeros behind its end, so that
// kernels read whole vectors.
#include <cstddef>

#include <ssmscan/ssm/cuda/device_array.hpp>
#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::device::detail {

inline constexpr std::size_t vector_bytes = 16;

// (outputs, inputs) of W.
template <class W>
struct weight_rows {
  W const* data = nullptr;
  index_t outputs = 0, inputs = 0;
  index_t stride = 0;  // of whole vectors
};

struct device_matrix {
  ssm::matrix_storage storage = ssm::matrix_storage::float32;
  index_t outputs = 0, inputs = 0, stride = 0;
  device_array<std::byte> memory;

  template <class W>
  weight_rows<W> rows() const {
    return {reinterpret_cast<W const*>(memory.get()), outputs, inputs, stride};
  }
  // call(weight_rows<W>) with the W that it is stored as.
  template <class Call>
  decltype(auto) visit(Call call) const {
    return storage == ssm::matrix_storage::float32 ? call(rows<float>()) : call(rows<ssm::bfloat16>());
  }
};

enum class into { replace, add };  // y = W x, or y += W x

// Copied to the device that is current: allocates and waits.
device_matrix uploaded_matrix(ssm::mamba_matrix const& of, index_t outputs, index_t inputs);

}  // namespace ssmscan::device::detail
