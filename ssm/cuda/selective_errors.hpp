#pragma once
// What a form's error is derived from (selective_reference.hpp), by the name that the call gives back.
#include <algorithm>
#include <string_view>

#include <ssmscan/ssm/cuda/selective_arguments.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan::device {

struct selective_form_error {
  index_t roundings;
  ssm::detail::selective_errors errors;
};

// T: what is computed in, IO: what steps are stored as. lanes: channels x states of a sequence; scan_roundings: of the algorithm that unfused ran.
template <class T, class IO = T>
selective_form_error error_of_form(std::string_view ran, index_t lanes, index_t time, index_t scan_roundings = 1) {
  auto const stored = [](ssm::detail::selective_errors const& errors) {
    return sizeof(IO) == 2 ? ssm::detail::with_steps_of_16_bits(errors) : errors;
  };
  if (ran == "fused_time")
    return {ssm::detail::roundings_of_device_time, stored(ssm::detail::errors_of_device_time<T>(time_steps<T>))};
  ssm::detail::selective_errors const errors = ssm::detail::errors_of_a_device<T>();
  if (ran == "fused") {
    index_t const chunk = chunk_of(lanes);
    return {time > chunk ? ssm::detail::roundings_of_device_chunks(chunk, tile_time) : 1, stored(errors)};
  }
  return {std::max<index_t>(scan_roundings, 1), errors};
}

}  // namespace ssmscan::device
