// The recorded tripwire. A bound holds on any data, and where coefficients lie near 1 it is a hundred thousand times what
// happens: a tree fifty times worse than today's would pass. So what happens is recorded too: for each form, dtype and
// family the largest |error| / (u S + the smallest number there is) over one sequence, in recorded_errors.txt, and nothing
// may come to more than twice that. Bits depend on the tree and the dtype alone (and, in logarithms, on the C library): a
// number that grows is a change of the arithmetic. After one that is meant, or with a new form, read the difference and
// commit what `how_to_record` writes, run from the source's root.
#include <fstream>
#include <map>
#include <sstream>

#include "tests/laws/bounds_law.hpp"
#include "tests/laws/tally.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/serial.hpp>

namespace ssmscan::laws {
namespace {

constexpr index_t time = 4 * 4096 + 1;  // some chunks and one: every level of every tree
constexpr std::uint64_t seed = 1;
constexpr double margin = 2;
constexpr std::size_t families_needed = 12;
constexpr std::string_view how_to_record =
    "SSMSCAN_RECORD_ERRORS=tests/laws/recorded_errors.txt build/tests/laws/laws_tripwire";

using row = std::vector<double>;            // by family
using errors = std::map<std::string, row>;  // by "form dtype"

// On one backend: another gives the same bits (invariance).
template <class T>
void measure(errors& all) {
  for (reference::family_info const& family : reference::families) {
    family_data<T> const data(family, seed, time);
    constexpr double smallest = std::numeric_limits<reference::real_t<T>>::denorm_min();
    sequences<T> const given{1, time, data.values.a, data.values.b};
    for (auto const& s : subjects<T>()) {
      if (!s.registered || s.backend != serial::name || !has_a_bound(s)) continue;
      auto const x = call(s, given).x;
      double worst = 0;
      for (index_t t = 0; t < time; ++t) {
        double const error = data.truth.exact().error(t, x[static_cast<std::size_t>(t)]);
        double const unit = reference::unit_roundoff<T> * data.truth.exact().at(t).s + smallest;
        if (!(error / unit <= worst)) worst = error / unit;  // NaN too
        if (std::isnan(worst)) break;
      }
      all[s.name + " " + std::string(dtype_name<T>)].push_back(worst);
    }
  }
}

errors const& measured() {
  static errors const all = [] {
    errors made;
    measure<float>(made), measure<double>(made);
    measure<std::complex<float>>(made), measure<std::complex<double>>(made);
    return made;
  }();
  return all;
}

void record(char const* path) {
  std::ofstream out(path);
  out << "# largest |error| / (u S + smallest subnormal) over " << time
      << " steps, by family; tripwire_test.cpp says how it is made\n# form dtype";
  for (auto const& family : reference::families) out << ' ' << family.name;
  out << '\n';
  out.precision(3);
  for (auto const& [form, worst] : measured()) {
    out << form;
    for (double const error : worst) out << ' ' << error;
    out << '\n';
  }
}

errors recorded() {
  errors made;
  std::ifstream in(SSMSCAN_RECORDED_ERRORS);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string form, dtype;
    words >> form >> dtype;
    row worst;
    for (double error; words >> error;) worst.push_back(error);
    made.emplace(form + " " + dtype, worst);
  }
  return made;
}

TEST(tripwire, no_error_is_twice_what_is_recorded) {
  ASSERT_EQ(reference::families.size(), families_needed);
  if (char const* const path = std::getenv("SSMSCAN_RECORD_ERRORS")) record(path);
  errors const known = recorded();
  EXPECT_EQ(known.size(), measured().size())
      << "forms recorded, and forms there are; if that is meant: " << how_to_record;
  index_t judged = 0;
  for (auto const& [form, worst] : measured()) {
    auto const found = known.find(form);
    ASSERT_NE(found, known.end()) << form << " is not recorded; if it is new: " << how_to_record;
    ASSERT_EQ(found->second.size(), families_needed) << form;
    for (std::size_t f = 0; f < families_needed; ++f) {
      EXPECT_LE(worst[f], margin * found->second[f]) << form << ", " << reference::families[f].name;
      ++judged;
    }
  }
  EXPECT_EQ(judged, static_cast<index_t>(measured().size() * families_needed));
  tally::add(judged);
}

}  // namespace
}  // namespace ssmscan::laws
