#pragma once
// Brings every subject of a dtype before a law, and counts. A subject that is missing, a case that was not judged and a
// law that fails are all failures of the test.
#include "tests/laws/effort.hpp"
#include "tests/laws/subject.hpp"
#include "tests/laws/tally.hpp"
#include "tests/laws/verdict.hpp"
#include <gtest/gtest.h>

namespace ssmscan::laws {

// law(subject) -> verdict; cases(subject) -> how many cases it has to judge (0: the law does not speak of this subject).
template <class T, class Law, class Cases>
void judge_all(Law const& law, Cases const& cases) {
  ASSERT_EQ(static_cast<index_t>(subjects<T>().size()), subjects_needed<T>());
  index_t judged = 0;
  for (auto const& s : subjects<T>()) {
    index_t const needed = cases(s);
    if (needed == 0) continue;
    verdict const found = law(s);
    EXPECT_EQ(found.failure, "");
    if (found.holds()) { EXPECT_EQ(found.cases, needed) << s.name; }
    judged += found.cases;
  }
  EXPECT_GT(judged, 0);
  tally::add(judged);
}

template <class V>
index_t size_of(std::vector<V> const& axis) {
  return static_cast<index_t>(axis.size());
}

}  // namespace ssmscan::laws
