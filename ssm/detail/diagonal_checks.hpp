#pragma once
// The checks of one stable diagonal system: kernel, convolutions, scans, each against the slower form before it.
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/io/signal.hpp>
#include <ssmscan/ssm/layer.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

// What an algorithm of the registry says of itself.
algorithm_info info_of(std::string_view name);

class diagonal_checks {
 public:
  // `input` and `report` must outlive the object.
  diagonal_checks(std::string name, diagonal_system const& system, signal const& input, validation_report& report);

  void kernel();        // Vandermonde = powers
  void convolutions();  // direct = recurrence, FFT = direct; after kernel()
  void scan(std::string const& algorithm, std::string const& backend);         // c128, through the layer
  void scan_single(std::string const& algorithm, std::string const& backend);  // c64
  void outside(outside_scan const& scan);                                      // c128
  void outside_single(outside_scan const& scan);                               // c64
  // Another component's layer = recurrence, of the input as T has it: f64 and f32.
  template <class T>
  void outside(outside_layer const& form) const;

 private:
  // A layer as one arithmetic has it: poles and driven inputs rounded to complex<Real>, and the exact meaning of those
  // numbers by the recurrence in double.
  template <class Real>
  struct layer_in {
    std::vector<std::complex<Real>> a;
    std::vector<std::complex<Real>> b;
    layer_sums sums;
    std::vector<double> recurrence;
    std::vector<double> heinsen_bound;             // filled when first asked for,
    std::pair<index_t, double> heinsen_by{-1, 0};  // by so many roundings and this library's exp
  };
  template <class Real>
  void prepare(layer_in<Real>& layer) const;
  template <class Real>
  std::complex<Real> drive(layer_in<Real> const& layer, std::size_t n, double u) const;
  // Bound of the state by this algorithm, carried to output i; empty with a reason where there is none.
  template <class Real>
  std::vector<double> scan_bound(layer_in<Real>& layer, algorithm_info const& info,
                                 reference::math_library const& library, std::string& reason) const;
  // The layer's output from states that `run` computes, a lane for each sequence and eigenvalue.
  template <class Real>
  void scan_lanes(layer_in<Real>& layer, outside_scan const& scan, validation_check as,
                  std::function<void(recurrence<std::complex<Real>> const&)> const& run) const;
  template <class Real>
  void report_scan(layer_in<Real> const& layer, validation_check row, std::vector<double> const& output,
                   std::vector<double> const& bound) const;

  validation_check row(std::string const& what, std::string const& algorithm, std::string const& backend,
                       std::string const& dtype) const;
  template <class Real>
  double read_out_bound(layer_in<Real> const& layer, std::size_t i) const;

  std::string name_;
  diagonal_system system_;
  discrete_diagonal discrete_;
  layer layer_;
  signal const& input_;
  std::size_t length_;
  validation_report& report_;
  layer_in<double> double_;
  layer_in<float> single_;
  std::vector<double> kernel_;
  std::vector<double> kernel_bound_;
};

}  // namespace ssmscan::ssm::detail
