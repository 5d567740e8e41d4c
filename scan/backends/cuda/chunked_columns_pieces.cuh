#pragma once
// Two tasks of the kernel of chunked in one pass: reduce and scan, which compute with the pieces in the ring of slots. Packed, where a
// sequence starts is told by bits that come with a piece: what is folded or passed begins there.
#include <array>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/chunked_columns_block.cuh>
#include <ssmscan/scan/backends/cuda/chunked_columns_boxes.cuh>
#include <ssmscan/scan/backends/cuda/packed_pieces.cuh>

namespace ssmscan::device::chunked_columns {

using piece_runs::state_before;

// The states after packed sequences that end in a run: what this thread has just stored in x. Called, so that scan has the registers.
template <class T>
__device__ __noinline__ void leave_states(storage_of_packed_columns<T> const& m,
                                          ssmscan::detail::recurrence_problem<T> const& p, plan_of_columns const& plan,
                                          int place, int in_piece, int column) {
  auto const& item = m.item[place];
  auto const of = column_of<T>::of(plan, item, column);
  index_t const t = of.at_piece * piece + in_piece * fan;
  if (!of.any || t >= plan.time) return;
  starts_of_piece const& starts = m.starts[place][column >> plan.log_across];
  int const count = static_cast<int>(min(index_t{fan}, plan.time - t));
  each_of(packed_group<fan>::of(starts, in_piece).first(count).ends, [&](int k) {
    p.final(of.lane, sequence_of(p, starts, of.at_piece, in_piece * fan + k)) =
        item.x[of.in_group + (t + k) * p.x.time_stride()];
  });
}

template <class T, rows How, sequences Of>
struct pieces_of_columns : block_of_columns<T, Of> {
  using block = block_of_columns<T, Of>;
  using block::m, block::p, block::plan, block::words, block::epoch, block::packed;
  using block::slot, block::parity, block::place, block::turn, block::has_item, block::combine, block::completed;
  using typename block::map, typename block::tile, typename block::item_t, typename block::column_t;

  static constexpr int parts = parts_of<How>;
  // From a step to the next; and where in a slot a run's first step stands.
  static constexpr bool down = How == rows::in_boxes_down;
  static constexpr int onward = down ? -tile::width : tile::width;
  __device__ static int place_of_run(int in_piece, int column) {
    constexpr int of_part = fan / parts;  // runs
    int const in_part = in_piece % of_part, row = (in_piece - in_part) * fan + (of_part - in_part) * fan - 1;
    return (down ? row : in_piece * fan) * tile::width + column;
  }

  // ---- a run of 16 steps of a column ----
  struct run {
    index_t t;
    int count;
  };
  __device__ run run_of(column_t const& of, int in_piece) const {
    index_t const t = of.at_piece * piece + in_piece * fan;
    return {t, of.any && t < plan.time ? static_cast<int>(min(index_t{fan}, plan.time - t)) : 0};
  }
  __device__ void await_run(int i, int in_piece) const {
    m.full[slot(i)][in_piece * parts / fan].wait(parity(i));
    if constexpr (packed && parts > 1) m.full[slot(i)][0].wait(parity(i));  // with which the starts come
  }
  // Step k of it; the first of a lane takes the initial state in.
  __device__ map step(column_t const& of, run const& r, T const* a, T const* b, int k) const {
    T const step_a = a[k * onward], step_b = b[k * onward];
    if (!packed && k == 0 && r.t == 0 && r.count > 0)
      return affine<T>::start(p.initial ? multiply_add(step_a, p.initial(of.lane, 0), step_b) : step_b);
    return affine<T>::step(step_a, step_b);
  }

  // ---- packed ----
  __device__ starts_of_piece const& starts_at(int i, int column) const {
    return m.starts[place(i)][column >> plan.log_across];
  }
  // Of no run, none.
  __device__ std::uint32_t starts_of(int i, run const& r, int in_piece, int column) const {
    if constexpr (packed) {
      return r.count > 0 ? packed_group<fan>::of(starts_at(i, column), in_piece).starts : 0;
    } else {
      return 0;
    }
  }
  // The runs of a piece in which one starts.
  __device__ std::uint32_t starting_runs(int i, column_t const& of, int column) const {
    if constexpr (packed) {
      return of.any ? starts_at(i, column).marks() >> starts_of_piece::first_run : 0;
    } else {
      return 0;
    }
  }
  // The initial states of sequences that start in a run enter b, before anybody else reads it.
  __device__ void put_states(int i, column_t const& of, run const& r, int in_piece, int column, std::uint32_t starts,
                             T const* a, T* b) const {
    starts &= (1u << r.count) - 1;
    if (starts == 0) return;
    starts_of_piece const& of_piece = starts_at(i, column);
    int at = starts_before<fan>(of_piece, in_piece);
    m.states_came[place(i)].wait(turn(i));
    each_of(starts, [&](int k) {
      T const state = at < m.ahead ? m.initial[slot(i)][at][column]
                                   : p.initial(of.lane, sequence_of(p, of_piece, of.at_piece, in_piece * fan + k));
      b[k * onward] = multiply_add(a[k * onward], state, b[k * onward]);
      ++at;
    });
    // The copy engine's next writes come after these.
    if constexpr (are_boxes<How>) fence_before_bulk_store();
  }
  __device__ static map fold_packed(std::uint32_t starts, T const* a, T const* b) {
    map own = (starts & 1) != 0 ? affine<T>::start(b[0]) : affine<T>::step(a[0], b[0]);
#pragma unroll 4
    for (int k = 1; k < fan; ++k) {
      map const step = affine<T>::step(a[k * onward], b[k * onward]);
      own = (starts >> k & 1) != 0 ? affine<T>::start(step.b) : combine(own, step);
    }
    return own;
  }
  // ---- reduce ----
  // Who folds the runs of a piece: the warp that has its last one, as it has the total sooner where no other reads shared memory beside it;
  // or all, each as far as it needs, beside threads that copy.
  static constexpr int folding = are_boxes<How> ? warp_size : tile::workers;
  static_assert(!are_boxes<How> || tile::width == warp_size, "a warp has one run of every column");
  __device__ void reduce(int worker) const {
    item_t item;
    int const column = worker % tile::width, first = worker / tile::width;
    constexpr int next = tile::workers / tile::width;  // from a cell of this thread to its next
    for (int i = 0; has_item(i, item); ++i) {
      auto const mine = column_t::of(plan, item, column);
      auto& totals = m.run_total[i & 1];
      map own = affine<T>{}.identity();
#pragma unroll
      for (int c = 0; c < tile::rounds; ++c) {
        int const in_piece = first + c * next;
        run const r = run_of(mine, in_piece);
        T const* const a = m.a[slot(i)] + place_of_run(in_piece, column);
        T const* const b = m.b[slot(i)] + place_of_run(in_piece, column);
        if (c == 0 || parts > 1) await_run(i, in_piece);
        own = affine<T>{}.identity();
        std::uint32_t const starts = starts_of(i, r, in_piece, column);
        if constexpr (packed) {
          if (p.initial)
            put_states(i, mine, r, in_piece, column, starts, a, m.b[slot(i)] + place_of_run(in_piece, column));
        }
        if (packed && starts != 0) {
          own = fold_packed(starts, a, b);
        } else if (r.count == fan) {  // what is less is followed by nothing
          own = step(mine, r, a, b, 0);
#pragma unroll
          for (int k = 1; k < fan; ++k) own = combine(own, affine<T>::step(a[k * onward], b[k * onward]));
        }
        totals[in_piece][column] = own;
      }
      std::uint32_t const starting = starting_runs(i, mine, column);
      if constexpr (packed) {
        if (p.initial) m.stated[place(i)].arrive();
      }
      m.empty[slot(i)].arrive();
      asm volatile("bar.sync 1, %0;" ::"n"(tile::workers) : "memory");
      map before = totals[0][column];
      std::array<map, fan - 1> up_to;  // each run, folded
      if constexpr (are_boxes<How>) {
        if (first != next - 1) continue;
#pragma unroll
        for (int r = 0; r < fan - 1; ++r) up_to[r] = totals[r][column];  // all read before the first is folded
#pragma unroll
        for (int r = 1; r < fan - 1; ++r) up_to[r] = combine(up_to[r - 1], up_to[r], (starting >> r & 1) != 0);
        before = up_to[fan - 2];
      } else {  // beside threads that copy, no more is read than is needed
#pragma unroll
        for (int c = 0; c < tile::rounds; ++c) {
          int const in_piece = first + c * next;
          for (int r = c == 0 ? 1 : in_piece - next; r < in_piece; ++r)
            if (r > 0) before = combine(before, totals[r][column], (starting >> r & 1) != 0);
          if (in_piece > 0) m.before[place(i)][in_piece][column] = before;
        }
      }
      if (first == next - 1) {  // the piece's last run
        map const total = combine(before, own, (starting >> (fan - 1) & 1) != 0);
        if (mine.any && plan.pieces > 1)
          publish(words.of_piece(plan, mine.at_piece, mine.lane), total, packed && starting != 0, epoch);
        m.total[place(i)][column] = total;
        if constexpr (packed) m.total_starts[place(i)][column] = starting != 0;
      }
      if constexpr (are_boxes<How>) {
#pragma unroll
        for (int r = 1; r < fan; ++r) m.before[place(i)][r][column] = up_to[r - 1];
      }
      m.reduced[place(i)].arrive();
    }
  }

  // ---- scan ----
  // A thread for each run, which keeps its prefixes: another piece is on its way into the slot while the state is waited for.
  __device__ void scan(int worker) const {
    item_t item;
    int const column = worker % tile::width, in_piece = worker / tile::width;
    for (int i = 0; has_item(i, item); ++i) {
      auto mine = column_t::of(plan, item, column);
      run r = run_of(mine, in_piece);
      T const* const a = m.a[slot(i)] + place_of_run(in_piece, column);
      T const* const b = m.b[slot(i)] + place_of_run(in_piece, column);
      std::array<map, fan> prefixes;
      await_run(i, in_piece);
      std::uint32_t starts = starts_of(i, r, in_piece, column);
      if constexpr (packed) {
        if (p.initial && starts != 0) m.stated[place(i)].wait(turn(i));  // nothing was put into the others
      }
      prefixes[0] = step(mine, r, a, b, 0);  // what is past the end is stored by nobody
      if (packed && starts != 0) {
#pragma unroll
        for (int k = 1; k < fan; ++k)
          prefixes[k] = combine(prefixes[k - 1], affine<T>::step(a[k * onward], b[k * onward]), (starts >> k & 1) != 0);
      } else {
#pragma unroll
        for (int k = 1; k < fan; ++k)
          prefixes[k] = combine(prefixes[k - 1], affine<T>::step(a[k * onward], b[k * onward]));
      }
      m.empty[slot(i)].arrive();
      m.reduced[place(i)].wait(turn(i));
      m.folded[place(i)].wait(turn(i));
      m.carried[place(i)].wait(turn(i));
      if constexpr (packed) {  // found anew, as registers are few
        item = m.item[place(i)];
        mine = column_t::of(plan, item, column), r = run_of(mine, in_piece);
        starts = starts_of(i, r, in_piece, column);
      }
      complete(i, item, mine, r, in_piece, column, starts, prefixes);
      if constexpr (packed) {
        if (p.final && packed_group<fan>::of(m.starts[place(i)][column >> plan.log_across], in_piece).ends != 0)
          leave_states(m, p, plan, place(i), in_piece, column);
      }
    }
  }

  // chunked.cuh's way down.
  __device__ void complete(int i, item_t const& item, column_t const& of, run const& r, int in_piece, int column,
                           std::uint32_t starts, std::array<map, fan> const& prefixes) const {
    index_t const chunk = of.at_piece / fan;
    bool const first_piece = of.at_piece % fan == 0;
    state_before<T> const before_chunk{chunk > 0, m.before_chunk[place(i)][column]};
    map const pieces = m.before_piece[place(i)][column];
    auto before_piece = before_chunk;
    bool pieces_start = false, runs_start = false;
    if constexpr (packed) {
      pieces_start = m.before_piece_starts[place(i)][column];
      runs_start = (starting_runs(i, of, column) & ((1u << in_piece) - 1)) != 0;
    }
    if (!first_piece) before_piece = {true, completed(pieces, before_chunk, pieces_start)};
    map runs{};
    auto before_run = before_piece;
    if (in_piece > 0) {
      runs = m.before[place(i)][in_piece][column];
      before_run = {true, completed(runs, before_piece, runs_start)};
    }
    int const first = packed && starts != 0 ? __ffs(static_cast<int>(starts)) - 1 : fan;  // which starts a sequence
    index_t const stride = p.x.time_stride();
    T* x = item.x + of.in_group + r.t * stride;
    T last(0);
#pragma unroll
    for (int k = 0; k < fan; ++k) {
      if (k >= r.count) break;
      if (k < fan - 1) {
        last = completed(prefixes[k], before_run, k >= first);
      } else {  // a run's last is completed by the level above, a piece's by the one above that
        map const whole = in_piece > 0 ? combine(runs, prefixes[k], first < fan) : prefixes[k];
        bool const starts_here = first < fan || runs_start;
        if (in_piece < fan - 1) {
          last = completed(whole, before_piece, starts_here);
        } else {
          last = completed(first_piece ? whole : combine(pieces, whole, starts_here), before_chunk,
                           starts_here || (!first_piece && pieces_start));
        }
      }
      *x = last, x += stride;
    }
    if (!packed && p.final && r.count > 0 && r.t + r.count == plan.time) p.final(of.lane, 0) = last;
  }
};

}  // namespace ssmscan::device::chunked_columns
