#pragma once
// The public call: x[t] = a[t] * x[t-1] + b[t] on (batch, channel, time) views, by any algorithm of the registry.
//
//   x[0] = a[0] * initial + b[0] with an initial state, x[0] = b[0] without one (a[0] is then not read).
//   Reverse: the same with time running down; `initial` enters at the last index, `final` leaves at index 0.
//   Packed: several sequences one after another along time; each starts from its own initial state.
//
// Bits depend on (algorithm, its tree, dtype, operation, time length; packed: the offsets) and on nothing else.
// docs/linear_recurrence.md tells the rest.
#include <complex>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/export.hpp>
#include <ssmscan/scan/tensor_view.hpp>

namespace ssmscan {

enum class direction { forward, reverse };

// How a step is represented while it is combined. Both compute the same recurrence.
enum class operation {
  affine,   // (a, b)
  semi_log  // (log|a|, sign, b): float and double; in a tree (not sequential) no drift near a = 1
};

// What the compiled call takes; scan.hpp takes any monoid. uint32_t is computed mod 2^32.
template <class T>
concept recurrence_dtype = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::complex<float>> ||
    std::same_as<T, std::complex<double>> || std::same_as<T, std::uint32_t>;

// a, b, x have one shape; a and b may be broadcast by stride 0. x may be exactly a or exactly b (same pointer, same
// strides); no other overlap. initial and final have shape (batch, channel, sequences), sequences = 1 when not packed;
// left empty (data = nullptr) where not wanted.
template <class T>
struct recurrence {
  static_assert(recurrence_dtype<T>,
                "linear_recurrence takes float, double, std::complex<float>, std::complex<double> and std::uint32_t");
  tensor_view<T const> a{};
  tensor_view<T const> b{};
  tensor_view<T> x{};
  tensor_view<T const> initial{};
  tensor_view<T> final{};
  // Packed sequences, one of: offsets (ascending, first 0, last = time, sequence k is [offsets[k], offsets[k+1]), may
  // be empty), or reset (one byte per time step, non-zero = a sequence starts here; one starts at 0 in any case). A span
  // of null means not packed, of whatever vector it comes: one that never had an element gives null, one that had gives a
  // span of no values, which is refused where values are needed.
  std::span<index_t const> offsets{};
  std::span<std::uint8_t const> reset{};
  ssmscan::direction direction = direction::forward;
  ssmscan::operation operation = operation::affine;
};

struct execution {
  std::string_view algorithm = "automatic";  // a name of algorithm_names(), or "automatic"
  std::string_view backend = "openmp";       // "serial" or "openmp"
  std::string_view inner = "";               // heinsen only: the algorithm of its two prefix sums; "" = its default
  int threads = 0;  // openmp's; of serial 0 or 1. 0 = as many as OpenMP would use; changes no bit of a named algorithm
};

// What was, or would be, run. Naming `algorithm` (and `inner`) reproduces the bits of `automatic`. `reason`, a sentence, is
// plan's to say: linear_recurrence, of which a short call takes less time than a sentence, leaves it empty.
struct choice {
  std::string algorithm;
  std::string inner;
  std::string backend;
  std::string tree;
  std::string reason;
};

// Computes x (and final). Combines, their longest chain and the bytes moved are as the row of capabilities() says; scratch
// is allocated as the algorithm needs. Throws std::invalid_argument naming the argument, what was given, what is needed, before anything is
// written; std::system_error where scratch cannot be had. Thread-safe as far as the memory of different calls is disjoint.
template <recurrence_dtype T>
SSMSCAN_SCAN_EXPORT choice linear_recurrence(recurrence<T> const& problem, execution const& how = {});

// The same checks and the same choice, with its reason, without running.
template <recurrence_dtype T>
SSMSCAN_SCAN_EXPORT choice plan(recurrence<T> const& problem, execution const& how = {});

// One row per algorithm x inner x backend x dtype x operation that linear_recurrence accepts.
struct capability {
  std::string_view algorithm;  // with its variant: "heinsen", "heinsen.plain"
  std::string_view inner;      // "" except for heinsen
  std::string_view backend;
  std::string_view dtype;
  ssmscan::operation operation;
  bool packed;
  std::string_view tree;
  std::string_view result;  // exact, reassociates, reformulates
  // Of what runs one sequence a lane in this row's operation (concepts.hpp has the words).
  index_t (*work)(index_t time);                  // combines per lane, where the lane is one worker's
  index_t (*span)(index_t time);                  // longest chain of combines
  double (*bytes)(index_t time, double element);  // per time step, an element having so many bytes
  std::string_view source;
  index_t (*shared_work)(index_t time, index_t workers);  // combines per lane at most, where so many share it
};
SSMSCAN_SCAN_EXPORT std::vector<capability> const& capabilities();

// The distinct algorithm names in registry order, and the backends'.
SSMSCAN_SCAN_EXPORT std::vector<std::string> algorithm_names();
SSMSCAN_SCAN_EXPORT std::vector<std::string> backend_names();

}  // namespace ssmscan
