#pragma once
// A view of (batch, channel, time) values in memory that someone else owns: any signed 64-bit strides, in elements;
// stride 0 repeats a value (inputs only). The two usual layouts have names.
#include <array>
#include <type_traits>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

enum class layout {
  lane_major,  // (batch, channel, time), time contiguous
  time_major   // (batch, time, channel), channels contiguous
};

struct tensor_shape {
  index_t batch = 0;
  index_t channel = 0;
  index_t time = 0;
  friend bool operator==(tensor_shape const&, tensor_shape const&) = default;
};

template <class T>
struct tensor_view {
  T* data = nullptr;
  tensor_shape shape{};
  tensor_shape stride{};  // in elements

  constexpr tensor_view() = default;
  constexpr tensor_view(T* data_, tensor_shape shape_, tensor_shape stride_)
      : data(data_), shape(shape_), stride(stride_) {}
  // Dense, in one of the two layouts.
  constexpr tensor_view(T* data_, tensor_shape shape_, layout order = layout::lane_major)
      : data(data_),
        shape(shape_),
        stride(order == layout::lane_major ? tensor_shape{shape_.channel * shape_.time, shape_.time, 1}
                                           : tensor_shape{shape_.channel * shape_.time, 1, shape_.channel}) {}
  // One dense sequence.
  constexpr tensor_view(T* data_, index_t time) : tensor_view(data_, tensor_shape{1, 1, time}) {}
  // A view to read is made from a view to write.
  template <class U>
  requires(std::is_const_v<T>&& std::is_same_v<std::remove_const_t<T>, U>) constexpr tensor_view(
      tensor_view<U> const& other)
      : tensor_view(other.data, other.shape, other.stride) {}

  constexpr bool empty() const { return shape.batch == 0 || shape.channel == 0 || shape.time == 0; }
  constexpr T& operator()(index_t batch, index_t channel, index_t time) const {
    return data[batch * stride.batch + channel * stride.channel + time * stride.time];
  }
};

}  // namespace ssmscan
