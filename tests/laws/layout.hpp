#pragma once
// Layout never changes a bit: any order of the axes, gaps, padding, negative strides, misaligned bases, and for inputs
// stride 0; compared with one call on dense copies. Every element of every buffer that is not in a view is poison (NaN,
// 0xdeadbeef) before and after, and every input is as it was.
#include <map>

#include "tests/laws/arrangement.hpp"
#include "tests/laws/data.hpp"
#include "tests/laws/effort.hpp"
#include "tests/laws/verdict.hpp"

namespace ssmscan::laws {

inline constexpr index_t layout_batch = 2, layout_channel = 3;

// One call: which arrangement a has, which x, and what stands in whose place. The other views' arrangements follow, each
// at another pace, so that pairs vary.
struct layout_case {
  index_t time;
  direction order;
  index_t input, output;
  aliasing alias;

  placement where() const {
    return {layout_batch,
            layout_channel,
            nth(input, arrangements_for_inputs),
            nth(7 * input + 3 + output, arrangements_for_inputs),
            nth(output, arrangements_for_outputs),
            nth(5 * input + 1, arrangements_for_inputs),
            nth(5 * output + input + 1, arrangements_for_outputs)};
  }
};

// Every arrangement of a with every arrangement and place of x, in both directions.
inline std::vector<layout_case> every_layout(index_t n) {
  std::vector<layout_case> all;
  for (direction const d : all_directions)
    for (index_t output = 0; output < arrangements_for_outputs; ++output)
      for (aliasing const alias : all_aliasings)
        for (index_t input = 0; input < arrangements_for_inputs; ++input) all.push_back({n, d, input, output, alias});
  return all;
}

// For lengths at which all pairs would cost too much: each arrangement and place of x once (fast: each arrangement once,
// its place in turn); direction and the arrangement of a turn with them.
inline std::vector<layout_case> some_layouts(index_t n, effort e) {
  std::vector<layout_case> all;
  for (index_t output = 0, turn = 0; output < arrangements_for_outputs; ++output)
    for (aliasing const alias : all_aliasings) {
      direction const d = turn % 2 == 0 ? direction::forward : direction::reverse;
      layout_case const next{n, d, turn++, output, alias};
      if (e == effort::full || alias == all_aliasings[output % std::ssize(all_aliasings)]) all.push_back(next);
    }
  return all;
}

// The call on dense copies, made once for all the arrangements that hold the same values.
template <class T>
class dense_calls {
 public:
  outcome<T> const& of(subject<T> const& s, sequences<T> const& given, direction d) {
    std::string key = std::to_string(given.time) + std::string(to_string(d));
    for (auto const* values : {&given.a, &given.b, &given.initial})
      key.append(reinterpret_cast<char const*>(values->data()), values->size() * sizeof(T));
    auto const [known, is_new] = made_.try_emplace(std::move(key));
    if (is_new) known->second = call(s, given, d);
    return known->second;
  }

 private:
  std::map<std::string, outcome<T>> made_;
};

template <class T>
verdict layout_law(subject<T> const& s, std::vector<layout_case> const& cases) {
  constexpr index_t lanes = layout_batch * layout_channel;
  verdict found;
  sequences<T> dense;
  dense_calls<T> needed;
  for (layout_case const& c : cases) {
    if (dense.a.empty() || dense.time != c.time) dense = random_sequences<T>(16, lanes, c.time, initial_state::given);
    laid_out<T> const views(c.where(), dense, c.alias);
    found.add(difference(needed.of(s, views.given(), c.order), views.call(s, c.order)), [&] {
      return place(s, c.time, c.order) + ", " + std::string(to_string(c.alias)) + ", a " +
             std::string(c.where().a.name) + ", x " + std::string(c.where().x.name);
    });
    if (!found.holds()) return found;
  }
  return found;
}

}  // namespace ssmscan::laws
