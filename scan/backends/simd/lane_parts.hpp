#pragma once
// A lane as parts, each walked in one piece, for recurrences that forget. What enters a part is the last state of the part in
// front of it, which is not there yet. But where |a| stays below 1 the state behind some chunks is, to the last bit, what it
// is whatever entered. So a part's first chunks are summed only, it is walked behind them from the state that they leave
// where nothing enters, and once the part in front has ended their sums tell whether that was the state. If so they are
// walked too, by what enters; if not (what entered was huge, or not finite), all of it is walked again. So no bit depends on it.
#include <cmath>
#include <cstring>
#include <limits>

#include <ssmscan/scan/backends/simd/lane_chunks.hpp>

namespace ssmscan::simd {

// Of a product of a: what it makes of a state is lost beside a number of that state's size. By the roundings of two numbers
// in place of one, as some states are far greater than the next.
template <class T>
bool is_forgotten(T const& a) {
  using real = typename parts_of<T>::real;
  if constexpr (std::numeric_limits<real>::is_integer) {
    return a == 0;
  } else {
    constexpr real least = std::numeric_limits<real>::epsilon() * std::numeric_limits<real>::epsilon();
    return std::abs(a) <= least;
  }
}

// A part for each worker.
struct lane_parts {
  index_t count, parts;  // chunks of the lane

  // Beside 16 chunks, what is summed and what a walk costs to begin are little.
  static constexpr index_t least_part = 16, most_summed_by_any = least_part;
  bool are_long_enough() const { return parts > 1 && count >= parts * least_part; }
  index_t begin(index_t part) const { return detail::share_begin(count, parts, part); }
  index_t end(index_t part) const { return begin(part + 1); }
  // Of an opening: an eighth of its part.
  index_t most_summed() const { return std::min(count / parts / 8, most_summed_by_any); }
};

// Beside its sum, of an opening's chunk: the product of all, and the state after it, without and with what enters.
inline constexpr index_t part_combines = 3;

// The first chunks of a part, until their state forgets what entered, or `most`.
template <class T>
class part_opening {
 public:
  template <class Functions, class Scratch>
  part_opening(Functions const& tile, lane_chunks<T> const& chunks, index_t lane, index_t begin, index_t most,
               Scratch& s)
      : chunks_(chunks), lane_(lane), begin_(begin) {
    for (T all(1); count_ < most && !forgets_; ++count_) {
      affine_map<T> const& sum = sums_[count_] = chunks.summary(tile, lane, begin + count_, s);
      all = multiply_add(sum.a, all, T(0));
      forgets_ = chunks.starts(lane, begin + count_, begin + count_ + 1).count > 0 || is_forgotten(all);
    }
  }
  bool forgets() const { return forgets_; }
  index_t end() const { return begin_ + count_; }
  // The state after them, by what enters.
  T after(T state) const {
    for (index_t i = 0; i < count_; ++i) state = chunks_.state_after(lane_, begin_ + i, sums_[i], state);
    return state;
  }

 private:
  lane_chunks<T> const& chunks_;
  index_t lane_, begin_, count_ = 0;
  bool forgets_ = false;
  affine_map<T> sums_[lane_parts::most_summed_by_any];
};

}  // namespace ssmscan::simd
