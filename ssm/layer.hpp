#pragma once
// A layer of linear time-invariant systems as a map from sequences to sequences, computed in any of the three ways that
// the theory says are equal, chosen at run time:
//   recurrence   x[t] = A x[t-1] + B u[t], y[t] = Re(C x[t]) + D u[t], step by step: the definition
//   convolution  y = K * u + D u, and what an initial state adds: Re(C A^(t+1) x0)
//   scan         the same x by any algorithm of the scans
// S4 is a layer of diagonal_plus_low_rank systems, S4D of diagonal ones, S5 of one diagonal system with many inputs and
// outputs; dense systems are what they are held against.
#include <complex>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::ssm {

enum class mode { recurrence, convolution, scan };
SSMSCAN_SSM_EXPORT std::string_view name_of(mode which);
// The mode of that name; std::invalid_argument lists the names.
SSMSCAN_SSM_EXPORT mode mode_by_name(std::string_view name);

struct layer_execution {
  ssm::mode mode = ssm::mode::recurrence;
  convolution_method convolution = convolution_method::fft;  // mode convolution only
  // Mode scan: algorithm, inner, backend, threads. The other modes run channels and sequences side by side on its
  // backend.
  ssmscan::execution scan{};
};

// input (batch, inputs, time) and output (batch, outputs, time), any strides; output may be input exactly, where the
// shapes agree. initial and final (batch, states, sequences), sequences = 1 when not packed, initial clear of output, and
// final of both signals; final may be initial exactly. Left empty where not wanted: then each sequence starts from rest. Packed: sequence k is [offsets[k], offsets[k+1]). reverse: time runs
// down within each sequence; initial enters at its last sample.
template <class T>
struct layer_call {
  tensor_view<T const> input{};
  tensor_view<T> output{};
  tensor_view<std::complex<double> const> initial{};
  tensor_view<std::complex<double>> final{};
  std::span<index_t const> offsets{};
  ssmscan::direction direction = direction::forward;
};

class layer {
 public:
  // Systems side by side, each with inputs, outputs and states of its own, in this order. std::invalid_argument where
  // there is none.
  SSMSCAN_SSM_EXPORT explicit layer(std::vector<linear_system_ptr> systems);
  // One channel for each of the systems; a refusal names the channel.
  SSMSCAN_SSM_EXPORT explicit layer(std::span<diagonal_system const> channels);  // S4D
  SSMSCAN_SSM_EXPORT explicit layer(std::span<dplr_system const> channels);      // S4

  index_t inputs() const { return inputs_; }
  index_t outputs() const { return outputs_; }
  index_t states() const { return states_; }
  std::vector<linear_system_ptr> const& systems() const { return systems_; }

  // Work for each sequence of length L, N states, per system: recurrence N L (dense: N^2 L); convolution O(n log n), n
  // = padded_length, for each input and output of a system, after the kernel of the longest sequence, and N L more
  // where there is an initial state, or a final one is wanted; scan as the algorithm's info says, times N (dense: N^3).
  // What depends on the systems and L alone is made at the first call in mode convolution of that L and T, and kept by
  // the layer and its copies for the next: C~ and the poles of each diagonal plus low-rank system, 8 N^3 log L once,
  // and the roots of unity. Memory: 11 T and 80 bytes a pole, and some 2.6 L + 16 sqrt(L) T for all systems. Only the
  // last L of each T is kept; systems cannot change, so nothing else ends its life. Calls may run side by side; one
  // that needs what another is making waits for it.
  // T is what signals are made of: kernels and transforms are in T,
  // states in complex double in every mode. A piece at a time, final handed on as initial, is the whole, bit for bit in
  // mode recurrence. Same bits from run to run and for any number of threads. An unstable system runs in every mode as
  // far as doubles reach, its late samples drowning no early one, but not as a convolution by FFT, where they would: a
  // spectral radius above 1 is refused there. Throws std::invalid_argument naming the argument, what was given, what is
  // needed, before anything is written; an imaginary part in the initial state of a dense system is among what it
  // refuses. Returns what ran the scan; in the other modes only the backend is named.
  template <class T>
  SSMSCAN_SSM_EXPORT choice run(layer_call<T> const& call, layer_execution const& how = {}) const;

  // One input, one output: `batch` rows of input.size() / batch samples, one after the other, each from rest.
  SSMSCAN_SSM_EXPORT choice run(std::span<double const> input, index_t batch, std::span<double> output,
                                layer_execution const& how = {}) const;

 private:
  std::vector<linear_system_ptr> systems_;
  std::vector<index_t> first_input_, first_output_, first_state_;
  index_t inputs_ = 0, outputs_ = 0, states_ = 0;
  struct kept_generators;
  std::shared_ptr<kept_generators> kept_;
};

// Both directions: forward.run(u) + backward.run(u, reverse). The sample of now is in both. Two layers of the same
// inputs and outputs; the call's direction, initial and final are not taken (std::invalid_argument where they are
// given).
template <class T>
SSMSCAN_SSM_EXPORT void run_bidirectional(layer const& forward, layer const& backward, layer_call<T> const& call,
                                          layer_execution const& how = {});

}  // namespace ssmscan::ssm
