#pragma once
// Who stands before the laws: anything that runs a recurrence<T>. Three kinds: every entry of capabilities() through
// the public call, the textbook forms with tiles of 8 elements (so that short lengths cross many tiles), and the mutants.
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/reference/bounds.hpp>

namespace ssmscan::laws {

template <class T>
struct subject {
  std::string name;  // algorithm[(inner)]/backend[/semi_log]
  std::string algorithm;
  std::string inner;
  std::string backend;
  std::string tree;
  result_class result{};
  log_formula formula = log_formula::none;
  operation represents = operation::affine;
  bool packed = true;
  bool registered = false;  // a form that users get by its name
  index_t (*roundings)(index_t) = nullptr;
  std::function<reference::tree_shape(index_t)>
      shape;  // what the bound of semi_log needs; empty where there is no tree
  reference::math_library library = reference::c_library;  // that its logarithms come from
  // threads: 0 = the backend's default; nothing but speed may depend on it.
  std::function<void(recurrence<T> const&, int threads)> run;

  bool exact_on_exact_data() const { return result != result_class::reformulates; }
  // The inner scans of a reformulation stand before the laws themselves, and around each are the same logarithms and
  // exponentials, a hundred plain steps each: where lengths are many, one not its own choice takes fewer.
  bool has_another_inner() const {
    return result == result_class::reformulates && !inner.empty() && inner != "chunked";
  }
  bool is_the_definition() const { return result == result_class::exact && represents == operation::affine; }
};

// All that the library offers for dtype T, from capabilities(), and the forms with tiles of 8.
template <class T>
std::vector<subject<T>> const& subjects();

// How many subjects there must be, from the registry and `supports` alone.
template <class T>
index_t subjects_needed();

}  // namespace ssmscan::laws
