#pragma once
// A lane as chunks, and how a problem's stores are best written.
#include <unistd.h>

#include <ssmscan/scan/backends/simd/functions.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::simd {

// Of a core; 0: not known.
inline long second_level_bytes() {
#if defined(_SC_LEVEL2_CACHE_SIZE)
  static long const made =
      std::max(sysconf(_SC_LEVEL2_CACHE_SIZE), 0L);  // a virtual machine may take microseconds to say
  return made;
#else
  return 0;
#endif
}

// What a call reads and writes, in bytes.
template <class T>
double bytes_moved(detail::recurrence_problem<T> const& p) {
  return 3.0 * sizeof(T) * static_cast<double>(p.size.lanes) * static_cast<double>(p.size.time);
}

template <class T>
bool is_in_place(detail::recurrence_problem<T> const& p) {
  return p.size.lanes > 0 && p.size.time > 0 && (&p.x(0, 0) == &p.a(0, 0) || &p.x(0, 0) == &p.b(0, 0));
}

// Past the cache where what is written, and what was read for it, will have left it before anyone asks. No bit depends on
// it.
template <class T>
write best_write(detail::recurrence_problem<T> const& p) {
  static double const last_cache = [] {
    constexpr double most_of_our_own =
        32e6;  // a greater one serves more cores than those that work here, and they use it
    long bytes = -1;
#if defined(_SC_LEVEL3_CACHE_SIZE)
    bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    return bytes > 0 ? std::min(static_cast<double>(bytes), most_of_our_own) : most_of_our_own;
  }();
  constexpr double left = 2;  // caches' worth of traffic, after which little of the first is left
  return bytes_moved(p) > left * last_cache && !is_in_place(p) ? write::past_the_cache : write::through_the_cache;
}

// Measured choices that differ from processor to processor go by the size of a core's second-level cache: that of the EPYCs
// (up to Zen 5) is 1 MiB at most, that of the Xeons 2 MiB (docs/experiments/cpu_simd.md). No bit depends on it.
inline bool has_small_second_level() { return second_level_bytes() > 0 && second_level_bytes() <= (1 << 20); }

// How far ahead of its reading a walk that goes on asks memory for what comes next, where it is contiguous: a group of blocks,
// or two where that is so few that its last is scanned soon after, and with a small second-level cache.
template <class T>
index_t ahead() {
  constexpr index_t one_group = group<T> * block;
  return group<T> < 4 || has_small_second_level() ? 2 * one_group : one_group;
}

template <class T>
class lane_chunks {
 public:
  lane_chunks(detail::recurrence_problem<T> const& p, write how)
      : p_(&p),
        how_(how),
        asks_(how == write::past_the_cache || bytes_moved(p) > static_cast<double>(second_level_bytes())) {}

  static constexpr index_t nowhere = -1;  // a chunk's number
  index_t count() const { return detail::ceil_div(p_->size.time, chunk); }

  // Chunks [k, end) of a lane.
  chunk_source<T> source(index_t lane, index_t k, index_t end, T const* first) const {
    index_t const begin = k * chunk, n = std::min(end * chunk, p_->size.time) - begin;
    return {&p_->a(lane, begin), &p_->b(lane, begin), stride(p_->a), stride(p_->b), n, first, nullptr, nullptr,
            starts(lane, k, end)};
  }
  // The sequences that start in chunks [k, end), the one at the lane's beginning excepted.
  chunk_starts<T> starts(index_t lane, index_t k, index_t end) const {
    if (p_->offsets.empty()) return {};
    index_t const begin = k * chunk;
    auto const place = [&](index_t t) { return std::ranges::lower_bound(p_->offsets, t) - p_->offsets.begin(); };
    index_t const from = place(std::max<index_t>(begin, 1)), to = place(std::min(end * chunk, p_->size.time));
    return {p_->offsets.data() + from, to - from, begin, p_->initial && from < to ? &p_->initial(lane, from) : nullptr,
            p_->initial.time_stride()};
  }
  // What stands in the place of a lane's first b: the initial state taken in.
  T first_of(index_t lane) const {
    index_t const sequence = p_->offsets.empty() ? 0 : p_->sequence_at(0);
    return p_->initial ? multiply_add(p_->a(lane, 0), p_->initial(lane, sequence), p_->b(lane, 0)) : p_->b(lane, 0);
  }
  // By chunk_functions<T>, or by what sums and walks a chunk like them with states of its own type.
  template <class Functions, class Scratch>
  auto summary(Functions const& tile, index_t lane, index_t k, Scratch& s) const {
    T const first = k == 0 ? first_of(lane) : T(0);
    chunk_source<T> in = source(lane, k, k + 1, k == 0 ? &first : nullptr);
    if (asks_ && has_small_second_level())
      in.next_a = asked(in.a, in.a_stride, ahead<T>()), in.next_b = asked(in.b, in.b_stride, ahead<T>());
    return tile.summary(in, s);
  }
  // Writes x of chunk k; `state` enters unless k = 0. The state after the chunk. On the way memory is asked for the chunk that
  // the worker reads next: chunk number `next` of all lanes', or for what follows by and by where that is this one's, and
  // meanwhile the last of that is walked for the beginning of chunk number `behind`.
  template <class Functions, class Scratch, class State>
  State walk(Functions const& tile, index_t lane, index_t k, Scratch& s, State const& state, index_t next) const {
    return walk(tile, lane, k, k + 1, s, state, next);
  }
  // The same of chunks [k, end), by functions that walk several.
  template <class Functions, class Scratch, class State>
  State walk(Functions const& tile, index_t lane, index_t k, index_t end, Scratch& s, State const& state, index_t next,
             index_t behind = nowhere) const {
    T const first = k == 0 ? first_of(lane) : T(0);
    chunk_source<T> in = source(lane, k, end, k == 0 ? &first : nullptr);
    if (asks_ && next < p_->size.lanes * count()) {
      bool const goes_on = next == lane * count() + k;
      index_t const next_lane = next / count(), begin = next % count() * chunk;
      in.next_a = asked(&p_->a(next_lane, begin), in.a_stride, goes_on ? ahead<T>() : 0);
      in.next_b = asked(&p_->b(next_lane, begin), in.b_stride, goes_on ? ahead<T>() : 0);
      if (behind != nowhere && behind < p_->size.lanes * count()) {
        in.behind_a = asked(&p_->a(behind / count(), behind % count() * chunk), in.a_stride, 0);
        in.behind_b = asked(&p_->b(behind / count(), behind % count() * chunk), in.b_stride, 0);
      }
    }
    State const left = tile.walk(in, s, k == 0 ? nullptr : &state, {&p_->x(lane, k * chunk), stride(p_->x), how_});
    if (p_->final) finish(lane, k * chunk, k * chunk + in.n);
    return left;
  }
  // Lanes [begin, end) from their first steps. Where they follow one another in memory, of whole blocks, one walk goes over many:
  // to begin and to end a walk takes as long as some thousand elements do. Else memory is asked for the next lane's beginning
  // meanwhile a lane is ended.
  template <class Functions>
  void walk_lanes(Functions const& tile, index_t begin, index_t end, chunk_scratch<T>& s) const {
    index_t const time = p_->size.time, way = end - begin > 1 ? way_of_lanes() : 0;
    constexpr index_t most_firsts = 64;
    T firsts[most_firsts];
    for (index_t done = 0; done < end - begin;) {
      index_t const left = end - begin - done, lanes = way == 0 ? 1 : p_->initial ? std::min(left, most_firsts) : left;
      auto const lane = [&](index_t i) { return way < 0 ? end - 1 - done - i : begin + done + i; };
      chunk_source<T> in = source(lane(0), 0, count(), nullptr);
      if (p_->initial) {
        for (index_t i = 0; i < lanes; ++i) firsts[i] = first_of(lane(i));
        in.first = firsts;
      }
      if (lanes > 1) in.lane_length = time, in.n = lanes * time;
      if (asks_) {
        in.next_a = asked(in.a, in.a_stride, ahead<T>()), in.next_b = asked(in.b, in.b_stride, ahead<T>());
        if (way == 0 && left > 1)
          in.behind_a = asked(&p_->a(lane(1), 0), in.a_stride, 0),
          in.behind_b = asked(&p_->b(lane(1), 0), in.b_stride, 0);
      }
      tile.walk(in, s, nullptr, {&p_->x(lane(0), 0), stride(p_->x), how_});
      for (index_t i = 0; i < lanes && p_->final; ++i) finish(lane(i), 0, time);
      done += lanes;
    }
  }
  // A worker's share of a lane, by functions that have such; `first` is the lane's once its first unit is drawn.
  template <class Functions>
  void walk_in_turns(Functions const& tile, index_t lane, turn_scratch<T>& s, unit_exchange<T>& with,
                     T const& first) const {
    tile.walk_in_turns(source(lane, 0, count(), &first), s, with, {&p_->x(lane, 0), stride(p_->x), how_});
  }
  // What this worker has written is there for others.
  template <class Functions>
  void end_writing(Functions const& tile) const {
    if (how_ == write::past_the_cache) tile.flush();
  }
  // The final states of the sequences that end in chunks [k, end), whose x is written.
  void finish_chunks(index_t lane, index_t k, index_t end) const {
    if (p_->final) finish(lane, k * chunk, std::min(end * chunk, p_->size.time));
  }
  // The state after chunk k, by its summary and the state before.
  T state_after(index_t lane, index_t k, affine_map<T> const& summary, T const& before) const {
    bool const forgets = k == 0 || starts(lane, k, k + 1).count > 0;
    return forgets ? summary.b : multiply_add(summary.a, before, summary.b);
  }

 private:
  // The final states of the sequences that end in (begin, end].
  void finish(index_t lane, index_t begin, index_t end) const {
    auto const& offsets = p_->offsets;
    if (offsets.empty() && end == p_->size.time) p_->final(lane, 0) = p_->x(lane, end - 1);
    for (index_t i = std::ranges::upper_bound(offsets, begin) - offsets.begin();
         i < std::ssize(offsets) && offsets[static_cast<std::size_t>(i)] <= end; ++i)
      if (!p_->is_empty(i - 1)) p_->final(lane, i - 1) = p_->x(lane, offsets[static_cast<std::size_t>(i)] - 1);
  }
  // 1: a lane begins where the one before it ends; -1: where the one behind it does; 0: neither, or not by whole blocks.
  index_t way_of_lanes() const {
    index_t const time = p_->size.time;
    if (time % block != 0 || !p_->offsets.empty()) return 0;
    auto const is_way = [&](auto const& v, index_t way) {
      return v.is_even() && &v(1, 0) - &v(0, 0) == way * time * v.time_stride() && v.time_stride() != 0;
    };
    for (index_t const way : {1, -1})
      if (is_way(p_->a, way) && is_way(p_->b, way) && is_way(p_->x, way)) return way;
    return 0;
  }
  // What comes `ahead` after `at`; null where it is not contiguous.
  static T const* asked(T const* at, index_t step, index_t ahead) {
    return step == 1 || step == -1 ? at + step * ahead : nullptr;
  }
  template <class View>
  index_t stride(View const& v) const {  // one that is never stepped along may be anything
    return p_->size.time > 1 ? v.time_stride() : 1;
  }

  detail::recurrence_problem<T> const* p_;
  write how_;
  bool asks_;  // memory for what comes next: not all of it lies in the second-level cache
};

inline constexpr index_t least_share = 2 * chunk;  // elements that are worth a worker

// As many as the backend has, and as the work is worth.
template <class B>
index_t workers_for(B& on, extent size) {
  index_t threads = 1;
  if constexpr (requires { on.threads(); }) threads = on.threads();
  return std::clamp<index_t>(size.lanes * size.time / least_share, 1, threads);
}

}  // namespace ssmscan::simd
