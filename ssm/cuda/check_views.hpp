#pragma once
// What the calls on a device ask of views and workspace, in the house's one sentence. Device memory is not read.
#include <cstddef>
#include <span>
#include <string>

#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/scan/detail/overlap.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/scan/tensor_view.hpp>

namespace ssmscan::device::detail {

inline std::string text_of(tensor_shape const& s) {
  std::string text("(");  // grown in place: of a sum GCC 12 warns without cause
  text += std::to_string(s.batch) + ", " + std::to_string(s.channel) + ", " + std::to_string(s.time) + ")";
  return text;
}

// `needed`, with its meaning in words: "(batch, channels, length) of the plan".
template <class T>
void need_view(char const* name, tensor_view<T> const& given, tensor_shape const& needed, char const* meaning) {
  if (given.shape != needed) throw_invalid(name, "shape " + text_of(given.shape), text_of(needed) + " = " + meaning);
  if (given.data == nullptr && !given.empty())
    throw_invalid(name, "a null pointer", "a pointer to " + text_of(needed) + " values");
}

// y is u exactly or apart from it.
template <class T>
void need_apart(tensor_view<T> const& y, tensor_view<T const> const& u) {
  using ssmscan::detail::overlap, ssmscan::detail::overlaps_itself;
  if (overlaps_itself(y))
    throw_invalid("y", "strides that write one place twice", "a place of its own for each element");
  if (!(y.data == u.data && y.stride == u.stride) && overlap(y, u))
    throw_invalid("y", "memory that overlaps u", "the same pointer and strides as u, or no overlap");
}

inline void need_workspace(std::span<std::byte> given, std::size_t needed) {
  if (given.data() == nullptr && !given.empty())
    throw_invalid("workspace", "a null pointer to " + std::to_string(given.size()) + " bytes", "device memory");
  if (given.size() < needed)
    throw_invalid("workspace", std::to_string(given.size()) + " bytes",
                  "at least " + std::to_string(needed) + ", as workspace_bytes says");
  arena const aligned_memory(given);
}

}  // namespace ssmscan::device::detail
