#pragma once
// Arrays of files as (batch, channel, time) views: NumPy's broadcasting, then the layout's axes.
#include <algorithm>
#include <string>
#include <vector>

#include "names.hpp"

#include <ssmscan/scan/tensor_view.hpp>
#include <ssmscan/ssm/io/npy.hpp>

namespace ssmscan::cli {

using shape_list = std::vector<index_t>;

// As Python writes it: "()", "(3,)", "(2, 3)".
inline std::string to_string(shape_list const& shape) {
  std::string text = "(";
  for (std::size_t k = 0; k < shape.size(); ++k) text += (k == 0 ? "" : ", ") + std::to_string(shape[k]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

inline ssm::npy_array read_array(std::string const& argument, std::string const& path, ssm::npy_types const& taken) {
  return refused_with(argument + ": ", [&] { return ssm::read_npy(path, taken); });
}

// Axes are aligned at the last; sizes agree or one of them is 1.
inline shape_list broadcast(shape_list const& a, shape_list const& b) {
  shape_list made(std::max(a.size(), b.size()));
  for (std::size_t k = 1; k <= made.size(); ++k) {  // counted from the last axis
    index_t const p = k <= a.size() ? a[a.size() - k] : 1, q = k <= b.size() ? b[b.size() - k] : 1;
    if (p != q && p != 1 && q != 1)
      throw_invalid("--a", "shape " + to_string(a) + " against --b's " + to_string(b), "shapes that broadcast");
    made[made.size() - k] = p == 1 ? q : p;
  }
  return made;
}

// Which file axis is batch, channel, time: (time), (lanes, time), (batch, channel, time), or with time before channel.
struct axes {
  int batch = -1, channel = -1, time = 0;
};
inline axes axes_of(std::size_t rank, layout order) {
  bool const time_last = order == layout::lane_major;
  if (rank == 1) return {-1, -1, 0};
  if (rank == 2) return {-1, time_last ? 0 : 1, time_last ? 1 : 0};
  return {0, time_last ? 1 : 2, time_last ? 2 : 1};
}

// An array of `shape` (C order), repeated to `whole`.
template <class T>
tensor_view<T> view_of(T* data, shape_list const& shape, shape_list const& whole, axes where) {
  shape_list strides(whole.size(), 0);
  index_t stride = 1;
  for (std::size_t k = 1; k <= shape.size(); ++k) {
    index_t const n = shape[shape.size() - k];
    strides[whole.size() - k] = n == 1 ? 0 : stride;
    stride *= n;
  }
  auto const pick = [](shape_list const& from, int axis, index_t otherwise) {
    return axis < 0 ? otherwise : from[static_cast<std::size_t>(axis)];
  };
  return {data,
          {pick(whole, where.batch, 1), pick(whole, where.channel, 1), pick(whole, where.time, 1)},
          {pick(strides, where.batch, 0), pick(strides, where.channel, 0), pick(strides, where.time, 0)}};
}

// Zeros of a shape.
inline ssm::npy_array zeros(ssm::npy_type type, shape_list shape) {
  auto const bytes = ssm::detail::checked_bytes(shape, ssm::bytes_of(type), "--out");
  bool const none = std::ranges::find(shape, index_t{0}) != shape.end();
  return {type, std::move(shape), std::vector<std::byte>(none ? 0 : static_cast<std::size_t>(bytes))};
}

}  // namespace ssmscan::cli
