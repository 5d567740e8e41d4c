#pragma once
// Where lanes that lie beside one another in memory are cut, so that each line of x is written by one worker, and rows so that it is
// written at once.
#include <algorithm>

#include <ssmscan/scan/backends/simd/lane_chunks.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::simd {

struct range {
  index_t begin, end;
};

template <class View>
bool is_beside(View const& v) {  // lane beside lane
  return &v(1, 0) - &v(0, 0) == 1;
}
template <class View>
bool is_one_for_all(View const& v) {  // lanes
  return &v(1, 0) == &v(0, 0);
}
template <class View>
bool is_for_all_steps(View const& v) {  // one for all lanes, or each lane's
  return v.time_stride() == 0 && (is_beside(v) || is_one_for_all(v));
}

// Lanes that are walked along in the time of one, by vectors of 16 bytes or side by side.
inline constexpr index_t lanes_together = 4;

// Where lanes are cut: at lines of memory of x where they lie beside one another; so that some stay together where they are
// evenly spaced; else anywhere.
template <class T>
class lane_shares {
 public:
  lane_shares(detail::recurrence_problem<T> const& p, range lanes)
      : lanes_(lanes), even_(p.a.is_even() && p.b.is_even() && p.x.is_even()) {
    if (!even_) return;
    if (lanes.end - lanes.begin > 1 && !is_beside(p.x)) {
      step_ = lanes_together;
      return;
    }
    step_ = line_bytes / static_cast<index_t>(sizeof(T));
    auto const address = reinterpret_cast<std::uintptr_t>(&p.x(lanes.begin, 0));
    past_a_line_ = static_cast<index_t>(address % line_bytes / sizeof(T));
  }
  range lanes() const { return lanes_; }
  bool even() const { return even_; }
  index_t count() const { return detail::ceil_div(lanes_.end - lanes_.begin, step_); }  // at most
  // The first lane of share `i` of n; behind the last one where i = n.
  index_t cut(index_t i, index_t n) const { return i == n ? lanes_.end : at(detail::share_begin(count(), n, i)); }
  // The same where each share has `steps` lines, or lanes that stay together, and the last what is left.
  index_t cut_by(index_t i, index_t steps) const { return at(i * steps); }

 private:
  index_t at(index_t steps) const {
    return steps == 0 ? lanes_.begin : std::min(lanes_.begin + steps * step_ - past_a_line_, lanes_.end);
  }
  range lanes_;
  index_t step_ = 1, past_a_line_ = 0;
  bool even_;
};

// Rows that follow one another in memory are one piece of it, which may be cut into rows anywhere. Where they are written past
// the cache they begin where a line of x does, so that every line is written at once and by one worker. The lanes in front of
// that stand behind the last one, which they follow in memory: a step later where time runs up, a step earlier where it runs down.
template <class T>
class rows_by_lines {
 public:
  range lanes, steps;  // lane n + i, n being their number: lane i, a step later or earlier

  rows_by_lines(detail::recurrence_problem<T> const& p, write how)
      : lanes{0, p.size.lanes}, steps{0, p.size.time}, n_(p.size.lanes), time_(p.size.time) {
    constexpr index_t least_time = 3;  // the first two steps and the last are not of whole rows
    index_t const row = p.x.time_stride(), size = sizeof(T);
    up_ = row > 0;
    bool const one_a = is_for_all_steps(p.a);
    bool const in_one_piece = n_ > 1 && p.a.is_even() && p.b.is_even() && p.x.is_even() && is_beside(p.b) &&
                              is_beside(p.x) && (row == n_ || row == -n_) && p.b.time_stride() == row &&
                              (one_a || (is_beside(p.a) && p.a.time_stride() == row));
    if (how != write::past_the_cache || time_ < least_time || !in_one_piece || n_ * size % line_bytes != 0) return;
    in_front_ = to_line(&p.x(0, 0));
    if (in_front_ == 0) return;
    lanes = {in_front_, n_ + in_front_};
    steps = up_ ? range{1, time_ - 1} : range{2, time_};
    repeats_a_ = one_a && is_beside(p.a);
  }
  // Each lane's one a for all steps is there for the lanes n + i, too.
  bool repeats_a() const { return repeats_a_; }
  detail::recurrence_problem<T> with_a(detail::recurrence_problem<T> made, T* memory) const {
    std::copy_n(&made.a(0, 0), n_, memory), std::copy_n(memory, in_front_, memory + n_);
    made.a = detail::lane_view<T const>({memory, {1, lanes.end, time_}, {0, 1, 0}});
    return made;
  }

  // What is before the rows, and behind them: fold(lanes, steps).
  template <class Fold>
  void begin(Fold const& fold, T* state) const {
    if (in_front_ == 0) return;
    fold({0, n_}, {0, 1});
    fold(up_ ? range{0, in_front_} : range{in_front_, n_}, {1, 2});
    std::copy_n(state, in_front_, state + n_);
  }
  template <class Fold>
  void end(Fold const& fold, T* state) const {
    if (in_front_ == 0) return;
    std::copy_n(state + n_, in_front_, state);
    fold(up_ ? range{in_front_, n_} : range{0, in_front_}, {time_ - 1, time_});
  }

 private:
  index_t n_, time_, in_front_ = 0;
  bool up_, repeats_a_ = false;
};

}  // namespace ssmscan::simd
