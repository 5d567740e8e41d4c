#pragma once
// What a law says of a subject: how many cases it judged, and the first that failed. Laws return verdicts instead of
// asserting, so that the mutants can be brought before the same laws as the real algorithms.
#include <string>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::laws {

struct verdict {
  index_t cases = 0;    // one length x one configuration each, judged whole
  std::string failure;  // empty: the law holds

  bool holds() const { return failure.empty(); }

  // Counts one case. Only the first failure is kept; `where` is asked for only then.
  template <class Where>
  void add(std::string const& found, Where const& where) {
    ++cases;
    if (!found.empty() && failure.empty()) failure = where() + ": " + found;
  }
};

}  // namespace ssmscan::laws
