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

// Whether a product of a, `times` times over, makes of a state what is lost beside another. eps^2, not eps, as some states are far
// greater than what follows; where that is not enough, the part is walked again.
template <class T>
bool is_forgotten(T const& a, index_t times) {
  using real = typename parts_of<T>::real;
  if constexpr (std::numeric_limits<real>::is_integer) {
    return times > 1 ? a % 2 == 0 : a == 0;
  } else {
    constexpr double eps = std::numeric_limits<real>::epsilon();
    return std::pow(static_cast<double>(std::abs(a)), static_cast<double>(times)) <= eps * eps;
  }
}

// A part for each worker.
struct lane_parts {
  index_t count, parts;  // chunks of the lane

  // Beside 16 chunks, what it costs to begin a walk is little.
  static constexpr index_t least_part = 16;
  bool are_long_enough() const { return parts > 1 && count >= parts * least_part; }
  index_t begin(index_t part) const { return detail::share_begin(count, parts, part); }
  index_t end(index_t part) const { return begin(part + 1); }
  // Of an opening. A sum takes a quarter of a walk: of an eighth of the chunks, 3 % of the part's time. 16 chunks are enough
  // where |a| is below exp(-1/2000) in the mean (float; double 1/900).
  static constexpr index_t most_summed_by_any = 16;
  index_t most_summed() const { return std::min(count / parts / 8, most_summed_by_any); }
};

// Beside its sum, of an opening's chunk: the product of all, and the state after it, without and with what enters.
inline constexpr index_t part_combines = 3;

// The first chunks of a part, until their state forgets what entered, or `most`; one, where so many like it would not.
template <class T>
class part_opening {
 public:
  template <class Functions, class Scratch>
  part_opening(Functions const& tile, lane_chunks<T> const& chunks, index_t lane, index_t begin, index_t most,
               Scratch& s)
      : chunks_(chunks), lane_(lane), begin_(begin) {
    for (T all(1); count_ < most && !forgets_;) {
      affine_map<T> const& sum = sums_[count_] = chunks.summary(tile, lane, begin + count_, s);
      all = multiply_add(sum.a, all, T(0));
      forgets_ = chunks.starts(lane, begin + count_, begin + count_ + 1).count > 0 || is_forgotten(all, 1);
      if (++count_ == 1 && !forgets_ && !is_forgotten(all, most)) return;
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
