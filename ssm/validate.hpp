#pragma once
// Validation against S4 convolution: on one signal, for every system, each way of computing the layer is held against
// the slower way before it, and the difference against a bound that is derived, not tuned:
//   kernel        Vandermonde              =  powers of the stored a (the definition)
//                 generating function, DPLR =  powers                       (S4's rows: held to the project's promise as well)
//   convolution   direct                   =  recurrence
//                 FFT, double and float    =  direct                       (2-norm: an FFT has no bound per element)
//   scan          every algorithm, backend =  recurrence                   (complex<double>, complex<float>; dense: of
//                                                                           affine_matrix, by all that carry it)
//   selective     recurrence, fused, unfused by every algorithm, sample by sample = the definition in long double;
//                 its steps, B and C held still = the S4D convolution
//   layer         another component's S4D by its own scan, and by its own FFT = recurrence
// The systems are S4D lin, inv, real, legs, and HiPPO LegS, LegT, LagT, FouT themselves (dense), by every discretisation;
// and S4 (the four HiPPOs as diagonal plus low rank), by every discretisation. A combination whose spectral radius is 1 or
// more is skipped and says so, and one for which no bound is known, and a row whose reference is zero throughout.
#include <complex>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/reference/math_library.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/io/file.hpp>
#include <ssmscan/ssm/io/signal.hpp>
#include <ssmscan/ssm/layer.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm {

enum class check_status { pass, fail, skip };

struct validation_check {
  std::string name;       // system/what, for example "s4d.lin.zoh/scan"
  std::string algorithm;  // what is held against the slower form: "vandermonde", "direct", "fft", or a scan's name
  std::string backend;    // of a scan; for others "serial", or the FFT's
  std::string dtype;      // "f32", "f64", "c64", "c128"
  std::string norm;       // "componentwise" or "l2"
  double error = 0;       // the largest difference (componentwise: of the element with the largest ratio)
  double bound = 0;       // at the same place
  double ratio = 0;       // largest error/bound over all elements, or rows; a NaN anywhere makes it infinite
  check_status status = check_status::skip;
  std::string reason;  // of a skip; of a promise held to that is less than what is derived
};

struct validation_report {
  std::string signal;
  std::vector<validation_check> checks;
  SSMSCAN_SSM_EXPORT index_t count(check_status status) const;
};

// The greatest sample that can be validated: float has room for 2^128, and its transforms sum up to 2^14 products of it.
inline constexpr double greatest_signal_magnitude = 0x1p100;

// A scan of a component that this one does not know, as CUDA's, to be held against the recurrence as the registry's are.
struct outside_scan {
  algorithm_info info;  // what it says of itself
  std::string backend;
  reference::math_library library;  // whose logarithms it takes
  // Empty where it does not compute that type.
  std::function<void(recurrence<std::complex<double>> const&)> run_double{};
  std::function<void(recurrence<std::complex<float>> const&)> run_single{};
};

// A form of the selective scan of another component, likewise.
struct outside_selective {
  std::string form, algorithm, backend;  // the row's: selective.<rule>/<form>
  std::vector<selective_rule> rules;     // that it takes
  // What its bound is derived from: whose exponentials and sums they are, and how often b is rounded in `time` steps; or nothing
  // where no bound is known.
  enum class arithmetic { device, device_time } of = arithmetic::device;
  std::function<index_t(index_t time)> roundings{};
  std::function<void(selective_problem<double> const&)> run_double{};
  std::function<void(selective_problem<float> const&)> run_single{};
};

// S4D of another component, from input to output: one channel, sequences one after another.
struct outside_layer {
  std::string algorithm, backend;
  mode computed;  // scan or convolution; of transforms of fft_points(length) points
  std::function<index_t(index_t length)> fft_points{};
  std::function<void(diagonal_system const&, index_t batch, std::span<double const> u, std::span<double> y)>
      run_double{};
  std::function<void(diagonal_system const&, index_t batch, std::span<float const> u, std::span<float> y)> run_single{};
};

struct validation_options {
  index_t state_size = 16;                   // of the S4D systems: half as many complex eigenvalues
  index_t dense_state_size = 8;              // of HiPPO-LegS as a matrix
  index_t greatest_length = 1 << 13;         // samples of each sequence; direct convolution costs their square
  index_t greatest_samples = 1 << 16;        // of all sequences; later ones are left out
  index_t greatest_singles = 1 << 14;        // samples for scans in complex<float>, which only repeat the others
  index_t greatest_matrices = 1 << 12;       // samples for scans of the dense systems: a combine costs N^3
  index_t greatest_other_matrices = 256;     // of those that repeat HiPPO-LegS: LegT, LagT, FouT
  index_t greatest_low_rank_matrices = 128;  // of S4, whose real state is as long as state_size
  double step = 0.01;                        // about 1/length for the signals meant here
  std::vector<std::string> algorithms{};     // of the scans; none = all of the registry
  std::vector<std::string> backends{};       // none = all; with outside scans, none = none
  std::vector<outside_scan> outside{};       // of the diagonal systems
  std::vector<outside_selective> outside_selective_forms{};
  std::vector<outside_layer> outside_layers{};
};

// Runs all checks, in a fixed order. Throws std::invalid_argument on an empty signal, on samples that are NaN or too
// large, on unknown names; a wrong result is a row of the report, never an exception. Time: about (batch x length x
// state_size) x 150 ns per scan and system.
SSMSCAN_SSM_EXPORT validation_report validate(signal const& input, validation_options const& options = {});

// The report as JSON, schema ssmscan.validation/1; `machine` becomes the object of that name. Infinite numbers are
// written as null.
SSMSCAN_SSM_EXPORT std::string to_json(validation_report const& report,
                                       std::vector<std::pair<std::string, std::string>> const& machine);

}  // namespace ssmscan::ssm
