#pragma once
// The door of selective_scan, on the CPU and on a device: what can be wrong with a problem, found before anything is written.
// What is in memory is checked apart from the shapes: a device's memory cannot be read.
#include <string>

#include <ssmscan/scan/detail/check_offsets.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm::detail {

inline std::string text_of(tensor_shape const& s) {
  std::string text("(");
  text += std::to_string(s.batch) + ", " + std::to_string(s.channel) + ", ";
  text += std::to_string(s.time) + ")";
  return text;
}

template <class T>
void require_like_u(char const* name, tensor_view<T> const& view, tensor_shape const& shape) {
  if (view.shape != shape) throw_invalid(name, text_of(view.shape), text_of(shape) + ", as u");
  if (view.data == nullptr && !view.empty()) throw_invalid(name, "no memory", "its elements");
}

template <class V>
void require_coefficient(char const* name, selective_coefficient<V> const& of, index_t channels, bool any) {
  if (any && of.data == nullptr) throw_invalid(name, "no memory", "its elements");
  if (of.groups < 1 || channels % std::max<index_t>(of.groups, 1) != 0)
    throw_invalid(name, std::to_string(of.groups) + " groups",
                  "a number that divides the " + std::to_string(channels) + " channels");
}

template <class V, class IO>
void check_selective_arrays(selective_problem<V, IO> const& p) {
  tensor_shape const shape = p.u.shape;
  if (shape.batch < 0 || shape.channel < 0 || shape.time < 0) throw_invalid("u", text_of(shape), "sizes of 0 or more");
  require_like_u("u", p.u, shape);
  require_like_u("delta", p.delta, shape);
  require_like_u("y", p.y, shape);
  if (p.z.data != nullptr) require_like_u("z", p.z, shape);
  auto const writes_twice = [](index_t stride, index_t size) { return stride == 0 && size > 1; };
  if (!p.y.empty() && (writes_twice(p.y.stride.batch, shape.batch) || writes_twice(p.y.stride.channel, shape.channel) ||
                       writes_twice(p.y.stride.time, shape.time)))
    throw_invalid("y", "a stride of 0", "a place for every element");
  if (p.A.columns < 1) throw_invalid("A", std::to_string(p.A.columns) + " states", "at least 1");
  require_matrix("A", p.A, shape.channel, p.A.columns);
  bool const any = !p.u.empty();
  require_coefficient("B", p.B, shape.channel, any);
  require_coefficient("C", p.C, shape.channel, any);
  if (!p.D.empty()) require_size("D", p.D.size(), shape.channel);
  if (!p.delta_bias.empty()) require_size("delta_bias", p.delta_bias.size(), shape.channel);
  if (!p.begin.empty() || !p.end.empty()) {
    if (!p.offsets.empty()) throw_invalid("begin, end", "padding of packed sequences", "one of them");
    require_size("begin", p.begin.size(), shape.batch);
    require_size("end", p.end.size(), shape.batch);
  }
}

template <class V, class IO>
index_t selective_sequences(selective_problem<V, IO> const& p) {
  return p.offsets.empty() ? 1 : static_cast<index_t>(p.offsets.size()) - 1;
}

inline void check_selective_offsets(std::span<index_t const> offsets, index_t time) {
  if (!offsets.empty()) ssmscan::detail::check_offsets(offsets, time);
}

inline void check_selective_padding(std::span<index_t const> begin, std::span<index_t const> end, index_t time) {
  for (std::size_t i = 0; i < begin.size(); ++i) {
    if (begin[i] < 0 || begin[i] > end[i] || end[i] > time)
      throw_invalid("begin, end", "[" + std::to_string(begin[i]) + ", " + std::to_string(end[i]) + ")",
                    "0 <= begin <= end <= " + std::to_string(time));
  }
}

}  // namespace ssmscan::ssm::detail
