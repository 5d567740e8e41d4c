#pragma once
// One call of a subject on dense data between red zones. What must hold of every call whatever it computes is checked
// here and reported as a fault: no red zone is touched, and no input is changed.
#include <string>
#include <vector>

#include "tests/laws/fenced.hpp"
#include "tests/laws/subject.hpp"

namespace ssmscan::laws {

enum class aliasing { apart, x_is_b, x_is_a };
inline constexpr aliasing all_aliasings[] = {aliasing::apart, aliasing::x_is_b, aliasing::x_is_a};
inline constexpr direction all_directions[] = {direction::forward, direction::reverse};

constexpr std::string_view to_string(aliasing a) {
  return a == aliasing::apart ? "x apart" : a == aliasing::x_is_b ? "x = b" : "x = a";
}
constexpr std::string_view to_string(direction d) { return d == direction::forward ? "forward" : "reverse"; }

// lanes x time values of a and b, lane after lane.
template <class T>
struct sequences {
  index_t lanes = 1;
  index_t time = 0;
  std::vector<T> a, b;
  std::vector<T> initial{};        // lanes x segments, or empty: absent
  std::vector<index_t> offsets{};  // packed, one of the two
  std::vector<std::uint8_t> reset{};

  index_t segments() const {
    if (!offsets.empty()) return static_cast<index_t>(offsets.size()) - 1;
    if (reset.empty()) return 1;
    index_t heads = 0;
    for (std::size_t t = 0; t < reset.size(); ++t) heads += t == 0 || reset[t] != 0;
    return heads;
  }
};

template <class T>
struct outcome {
  std::vector<T> x;
  std::vector<T> final;  // lanes x segments
  std::string fault;     // empty, or what no call may do
};

template <class T>
outcome<T> call(subject<T> const& s, sequences<T> const& given, direction d = direction::forward,
                aliasing alias = aliasing::apart, int threads = 0) {
  fenced<T> a(given.a), b(given.b), initial(given.initial);
  fenced<T> apart(alias == aliasing::apart ? given.lanes * given.time : 0);
  fenced<T> final(given.lanes * given.segments());
  fenced<T>& x = alias == aliasing::x_is_a ? a : alias == aliasing::x_is_b ? b : apart;

  tensor_shape const shape{1, given.lanes, given.time}, states{1, given.lanes, given.segments()};
  recurrence<T> problem;
  problem.a = tensor_view<T const>(a.data(), shape);
  problem.b = tensor_view<T const>(b.data(), shape);
  problem.x = tensor_view<T>(x.data(), shape);
  if (!given.initial.empty()) problem.initial = tensor_view<T const>(initial.data(), states);
  problem.final = tensor_view<T>(final.data(), states);
  if (!given.offsets.empty()) problem.offsets = given.offsets;
  if (!given.reset.empty()) problem.reset = given.reset;
  problem.direction = d;
  s.run(problem, threads);

  outcome<T> made{x.values(), final.values(), ""};
  if (!a.intact() || !b.intact() || !initial.intact() || !apart.intact() || !final.intact())
    made.fault = "wrote into a red zone";
  else if ((alias != aliasing::x_is_a && !a.holds(given.a)) || (alias != aliasing::x_is_b && !b.holds(given.b)) ||
           !initial.holds(given.initial))
    made.fault = "changed an input";
  return made;
}

// "" where all bits agree, else the first place that differs.
template <class T>
std::string difference(char const* what, std::vector<T> const& needed, std::vector<T> const& got) {
  if (needed.size() != got.size()) return std::string(what) + " has another size";
  for (std::size_t i = 0; i < needed.size(); ++i)
    if (!same_bits(needed[i], got[i])) return std::string(what) + " differs at place " + std::to_string(i);
  return "";
}

template <class T>
std::string difference(outcome<T> const& needed, outcome<T> const& got) {
  if (!got.fault.empty()) return got.fault;
  std::string const found = difference("x", needed.x, got.x);
  return found.empty() ? difference("final", needed.final, got.final) : found;
}

}  // namespace ssmscan::laws
