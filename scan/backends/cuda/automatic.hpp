#pragma once
// Which algorithm `automatic` stands for on a CUDA device. It looks at the whole shape, and says why.
#include <string>
#include <utility>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/kernel_table.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

// Lanes with which a thread each keeps a device of a hundred multiprocessors busy, its steps being on their way ahead of it; and a
// length that launching the levels of a tree would take longer than walking along.
inline constexpr index_t lanes_enough_ahead = 3 << 11, short_time = 32;

// one_a: what is read, b, and written are contiguous, and a is one for all steps of a lane; of lanes that are evenly spaced in a, so that
// look_back takes it in bulk, or not.
enum class time_layout { contiguous, one_a, one_a_of_uneven_lanes, strided };

inline std::pair<std::string, std::string> device_automatic(extent size, operation represents, packing how,
                                                            time_layout time) {
  constexpr std::size_t longest = 160;  // on every call's path: one allocation
  std::string shape;
  shape.reserve(longest);
  shape += std::to_string(size.lanes);
  shape += size.lanes == 1 ? " lane of " : " lanes of ";
  shape += std::to_string(size.time);
  shape += ": ";
  auto const because = [&](char const* why) { return std::move(shape += why); };
  if (size.time <= short_time) return {"sequential", because("too short for a tree to be worth its launches")};
  if (represents == operation::semi_log && time == time_layout::contiguous && how == packing::one_sequence)
    return {"look_back", because("contiguous in time: logarithms, sums and exponentials in one pass")};
  if (represents == operation::semi_log)
    return {"blelloch",
            because("semi_log is for long sequences with a near 1, and only a tree keeps its promise there")};
  // One a, 12,288 lanes of 4096: look_back 0.146 ms, element by element 0.58; sequential, for which it is nothing to read, 0.37 (H100).
  bool const is_for_threads = size.lanes >= lanes_enough_ahead;
  if (time == time_layout::contiguous || time == time_layout::one_a ||
      (time == time_layout::one_a_of_uneven_lanes && !is_for_threads))
    return {"look_back", because("contiguous in time: one pass at the speed of memory")};
  if (is_for_threads) return {"sequential", because("a thread for each lane keeps the device busy")};
  return {"chunked", because("too few lanes for a thread each, and strided: many runs of each lane")};
}

}  // namespace ssmscan::detail
