#pragma once
// The door of a layer: what can be wrong with a call is found here, before anything is written.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/detail/check_offsets.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm::detail {

template <class T>
void need_view(char const* name, tensor_view<T> const& given, tensor_shape const& needed, char const* meaning) {
  using ssmscan::detail::to_string;
  if (given.shape != needed)
    throw_invalid(name, "shape " + to_string(given.shape), to_string(needed) + std::string(" = ") + meaning);
  if (given.data == nullptr && !given.empty())
    throw_invalid(name, "a null pointer", "a pointer to " + to_string(needed) + " values");
}

inline index_t longest_of(std::span<index_t const> offsets) {
  index_t longest = 0;
  for (std::size_t k = 1; k < offsets.size(); ++k) longest = std::max(longest, offsets[k] - offsets[k - 1]);
  return longest;
}

// A name that no mode knows is refused in each, whether it is asked there or not; what a scan lacks, the scan says.
inline void need_execution(execution const& how) {
  std::vector<std::string> const backends = backend_names();
  if (std::find(backends.begin(), backends.end(), how.backend) == backends.end())
    throw_invalid("backend", std::string(how.backend), "one of " + listed(backends));
  ssmscan::detail::check_execution(how);
  if (how.algorithm == "automatic") return;
  std::vector<std::string> const algorithms = algorithm_names();
  std::string const algorithm = ssmscan::detail::accepted_spelling(how.algorithm);
  if (std::find(algorithms.begin(), algorithms.end(), algorithm) == algorithms.end())
    throw_invalid("algorithm", std::string(how.algorithm), "one of automatic, " + listed(algorithms));
}

template <class T>
void need_own_memory(layer_call<T> const& call) {
  using ssmscan::detail::overlap, ssmscan::detail::overlaps_itself;
  bool const in_place = call.output.data == call.input.data && call.output.shape == call.input.shape &&
                        call.output.stride == call.input.stride;
  if (overlaps_itself(call.output))
    throw_invalid("output", "strides that write one place twice", "a place of its own for each element");
  if (!in_place && overlap(call.output, call.input))
    throw_invalid("output", "memory that overlaps input", "the same pointer and strides as input, or no overlap");
  if (overlap(call.output, call.initial)) throw_invalid("output", "memory that overlaps initial", "no overlap");
  if (overlaps_itself(call.final))
    throw_invalid("final", "strides that write one place twice", "a place of its own for each element");
  if (overlap(call.final, call.input) || overlap(call.final, call.output))
    throw_invalid("final", "memory that overlaps a signal", "no overlap");
  if (call.initial.data != static_cast<std::complex<double> const*>(call.final.data) &&
      overlap(call.final, call.initial))
    throw_invalid("final", "memory that overlaps initial", "the same place as initial, or no overlap");
}

inline void need_real_states(std::vector<linear_system_ptr> const& systems,
                             tensor_view<std::complex<double> const> const& initial) {
  if (initial.data == nullptr) return;
  index_t first = 0;
  for (auto const& system : systems) {
    for (index_t n = first; system->has_real_states() && n < first + system->states(); ++n)
      for (index_t b = 0; b < initial.shape.batch; ++b)
        for (index_t sequence = 0; sequence < initial.shape.time; ++sequence)
          if (double const part = initial(b, n, sequence).imag(); part != 0)  // a NaN too
            throw_invalid("initial", "an imaginary part of " + text_of(part) + " at state " + std::to_string(n),
                          "0: the states of a dense system are real");
    first += system->states();
  }
}

// What grows drowns the early samples of a convolution by FFT: a transform errs by the largest sample in every one.
inline void need_convolution(std::vector<linear_system_ptr> const& systems, convolution_method method,
                             index_t longest) {
  for (std::size_t k = 0; longest > 0 && k < systems.size(); ++k) {
    systems[k]->need_kernel_length(longest);
    if (method == convolution_method::fft && systems[k]->grows())
      throw_invalid("mode",
                    "convolution by FFT of a system that grows (index " + std::to_string(k) + ", spectral radius " +
                        text_of(systems[k]->spectral_radius()) + ")",
                    "recurrence, scan, or convolution by convolution_method::direct");
  }
}

struct layer_sizes {
  index_t inputs, outputs, states;
};

template <class T>
void check_call(std::vector<linear_system_ptr> const& systems, layer_sizes const& sizes, layer_call<T> const& call,
                std::span<index_t const> offsets, layer_execution const& how) {
  name_of(how.mode), name_of(how.convolution);  // refuse what is none
  need_execution(how.scan);
  if (call.direction != direction::forward && call.direction != direction::reverse)
    throw_invalid("direction", std::to_string(static_cast<int>(call.direction)), "forward or reverse");
  index_t const batch = call.input.shape.batch, time = call.input.shape.time;
  if (batch < 0 || time < 0)
    throw_invalid("input", "shape " + ssmscan::detail::to_string(call.input.shape), "no negative size");
  need_view("input", call.input, {batch, sizes.inputs, time}, "(batch, inputs, time)");
  need_view("output", call.output, {batch, sizes.outputs, time}, "(batch, outputs, time)");
  ssmscan::detail::check_offsets(offsets, time);
  tensor_shape const ends{batch, sizes.states, static_cast<index_t>(offsets.size()) - 1};
  if (call.initial.data != nullptr) need_view("initial", call.initial, ends, "(batch, states, sequences)");
  if (call.final.data != nullptr) need_view("final", call.final, ends, "(batch, states, sequences)");
  need_own_memory(call);
  need_real_states(systems, call.initial);
  if (how.mode == mode::convolution) need_convolution(systems, how.convolution, longest_of(offsets));
}

}  // namespace ssmscan::ssm::detail
