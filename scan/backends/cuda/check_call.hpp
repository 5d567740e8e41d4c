#pragma once
// The door of device::linear_recurrence: what can be found without reading device memory is checked as on the CPU, by the
// same code, and what passes is turned into a device_call.
#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/backends/cuda/kernel_table.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>

namespace ssmscan::detail {

// check_arrays.hpp, where a, b, x and the states are of two types.
template <storage_dtype S>
void check_states(recurrence<S> const& given, index_t sequences) {
  tensor_shape const states{given.x.shape.batch, given.x.shape.channel, sequences};
  if (given.initial.data != nullptr) need_view("initial", given.initial, states);
  if (given.final.data != nullptr) need_view<float const>("final", given.final, states);
}

template <storage_dtype S>
recurrence_problem<S> assembled(recurrence<S> const& given) {
  auto const in_time = [&](auto view) {
    if (view.empty()) return decltype(view){};
    return given.direction == direction::reverse ? reversed(view) : view;
  };
  recurrence_problem<S> problem;
  problem.size = {given.x.shape.batch * given.x.shape.channel, given.x.shape.time};
  problem.a = lane_view<S const>(in_time(given.a)), problem.b = lane_view<S const>(in_time(given.b));
  problem.x = lane_view<S>(in_time(given.x));
  problem.initial = lane_view<float const>(in_time(given.initial)),
  problem.final = lane_view<float>(in_time(given.final));
  return problem;
}

// With a mask, the states say how many sequences there are; 0 where there are none.
template <class T>
index_t sequences_of_states(recurrence<T> const& given) {
  if (given.initial.data == nullptr && given.final.data == nullptr) return 0;
  index_t const sequences = given.final.data != nullptr ? given.final.shape.time : given.initial.shape.time;
  if (sequences < 1)
    throw_invalid(given.final.data != nullptr ? "final" : "initial", std::to_string(sequences) + " sequences",
                  "as many as the mask has, 1 at least");
  return sequences;
}

inline void check_host_offsets(std::span<index_t const> copy, std::span<index_t const> offsets, index_t time) {
  if (copy.data() == nullptr) return;
  if (copy.size() != offsets.size())
    throw_invalid("host_offsets", std::to_string(copy.size()) + " values",
                  "a copy of offsets, which has " + std::to_string(offsets.size()));
  (void)offsets_of(copy, time);
}

template <class T>
device_call<T> checked_call(recurrence<T> const& given, device::execution const& how) {
  packed_by const packed = check_arrays(given);
  need_sizes<arithmetic<T>>(given.x.shape);
  index_t const time = given.x.shape.time;
  index_t sequences = 1;
  if (packed == packed_by::offsets) {
    need_offsets(given.offsets);
    check_host_offsets(how.host_offsets, given.offsets, time);
    sequences = static_cast<index_t>(given.offsets.size()) - 1;
  } else if (how.host_offsets.data() != nullptr) {
    throw_invalid("host_offsets", "a copy of offsets", "none, as the problem has no offsets");
  }
  if (packed == packed_by::reset) {
    need_length(given.reset, time);
    sequences = sequences_of_states(given);
  }
  check_states(given, sequences);
  check_overlaps(given);
  return {assembled(given), {given.offsets, given.reset, given.direction, sequences}};
}

template <class T>
void check_workspace(std::span<std::byte> workspace, std::size_t needed, recurrence<T> const& given) {
  if (workspace.data() == nullptr && !workspace.empty())
    throw_invalid("workspace", "a null pointer to " + std::to_string(workspace.size()) + " bytes", "device memory");
  if (workspace.size() < needed)
    throw_invalid("workspace", std::to_string(workspace.size()) + " bytes",
                  "at least " + std::to_string(needed) + ", as workspace_bytes says");
  arena const aligned_memory(workspace);
  std::span<std::byte const> const memory = workspace;
  auto const need = [](char const* name, bool overlap) {
    if (overlap) throw_invalid("workspace", std::string("memory that overlaps ") + name, "memory of its own");
  };
  need("a", overlap(given.a, memory));
  need("b", overlap(given.b, memory));
  need("x", overlap(given.x, memory));
  need("initial", overlap(given.initial, memory));
  need("final", overlap(given.final, memory));
  need("offsets", overlap(tensor_view(given.offsets.data(), std::ssize(given.offsets)), memory));
  need("reset", overlap(tensor_view(given.reset.data(), std::ssize(given.reset)), memory));
}

}  // namespace ssmscan::detail
