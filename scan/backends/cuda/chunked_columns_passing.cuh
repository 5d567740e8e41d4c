#pragma once
// Two tasks of the kernel of chunked in one pass: fold and carry, which find what is before a piece in its chunk, and the state that
// enters the chunk. A look takes a microsecond or so, and both take several: so they are made beside one another.
#include <algorithm>

#include <ssmscan/scan/backends/cuda/chunked_columns_block.cuh>

namespace ssmscan::device::chunked_columns {

template <class T, sequences Of>
struct passing_of_columns : block_of_columns<T, Of> {
  using block = block_of_columns<T, Of>;
  using block::m, block::p, block::plan, block::words, block::epoch, block::lane, block::starts, block::packed;
  using block::slot, block::place, block::turn, block::has_item, block::combine;
  using typename block::map, typename block::tile, typename block::item_t, typename block::column_t;

  // Values that are asked for at a time: few, as a look takes what the slowest of its lines does; one more where others wait for who looks,
  // but packed, where there are no registers for it.
  static constexpr int looks = words_of<map> == 1 ? 3 : std::max(1, 4 / words_of<map>);
  static constexpr int looks_of_closing = words_of<map> == 1 && !packed ? 4 : looks;
  // Chunks from one of the states that are looked at at a time to the next: two more to pass over at most, and fewer looks.
  static constexpr int apart = 3;

  // Waits for the first `count`; at(j): where the j-th stands.
  template <int Looks, class V, class At>
  __device__ void await(reading<V> (&found)[Looks], int count, At const& at) const {
    bool missing[Looks];
#pragma unroll
    for (int j = 0; j < Looks; ++j) missing[j] = j < count;
    bool any;
    do {
      any = false;
#pragma unroll
      for (int j = 0; j < Looks; ++j)
        if (missing[j]) found[j].look(at(j));
#pragma unroll
      for (int j = 0; j < Looks; ++j) missing[j] = missing[j] && !found[j].ready(epoch), any |= missing[j];
    } while (any);
  }

  // The pieces of a chunk before its k-th, folded, as they come; packed, whether a sequence starts in them.
  template <int Looks>
  __device__ map pieces_before(column_t const& of, int k, [[maybe_unused]] bool& starts) const {
    map folded{};
    for (int q = 0; q < k; q += Looks) {
      reading<map> found[Looks];
      await(found, k - q, [&](int j) { return words.of_piece(plan, of.at_piece - k + q + j, of.lane); });
#pragma unroll
      for (int j = 0; j < Looks; ++j)
        if (q + j < k) {
          folded = q + j == 0 ? found[j].value() : combine(folded, found[j].value(), found[j].marked());
          if constexpr (packed) starts |= found[j].marked();
        }
    }
    return folded;
  }

  // The state that enters a chunk that is not the first, as somebody publishes it.
  __device__ T published_state(index_t chunk, index_t of_lane) const {
    reading<T> state;
    do state.look(words.of_state(plan, chunk, of_lane));
    while (!state.ready(epoch));
    return state.value();
  }

  // The same, for who is to publish the next: from the latest that is published, over the chunks since. Else states would be a chain
  // of one look for each chunk.
  __device__ T found_state(index_t chunk, index_t of_lane) const {
    T state(0);
    index_t from = chunk;  // whose state is known; that of the first, which is none, is
    for (bool known = false; !known;) {
      reading<T> seen[looks];
#pragma unroll
      for (int j = 0; j < looks; ++j)
        if (from > j * apart) seen[j].look(words.of_state(plan, from - j * apart, of_lane));
      int back = looks * apart;
#pragma unroll
      for (int j = 0; j < looks; ++j) {
        if (known || from <= j * apart) continue;
        if (seen[j].ready(epoch)) known = true, back = j * apart, state = seen[j].value();
      }
      from = max(from - back, index_t{0});
      known |= from == 0;
    }
    for (; from < chunk; from += looks) {
      reading<map> found[looks];
      int const count = static_cast<int>(min(index_t{looks}, chunk - from));
      await(found, count, [&](int j) { return words.of_chunk(plan, from + j, of_lane); });
#pragma unroll
      for (int j = 0; j < looks; ++j)
        if (j < count) {
          map const made = found[j].value();
          state = from + j == 0 || (packed && found[j].marked()) ? made.b : multiply_add(made.a, state, made.b);
        }
    }
    return state;
  }

  // What a thread of a warp that folds or carries has of a ticket.
  struct part {
    column_t of;
    index_t chunk;
    int pieces_before;  // in the chunk
    bool any, closes;   // the chunk; the last of a lane leads nowhere
  };
  __device__ part part_of(item_t const& item) const {
    auto const mine = column_t::of(plan, item, lane % tile::width);
    bool const any = mine.any && lane < tile::width;
    index_t const chunk = mine.at_piece / fan;
    int const before = any ? static_cast<int>(mine.at_piece % fan) : 0;
    return {mine, chunk, before, any, any && before == fan - 1 && chunk + 1 < plan.chunks};
  }

  // Packed: whether a sequence starts in the piece of this thread's column.
  __device__ bool starts_in_total(int i) const {
    if constexpr (packed) {
      return m.total_starts[place(i)][lane];
    } else {
      return false;
    }
  }

  // Packed: the first initial states of each piece, for which who needs them would wait. Here there is time, as what is folded comes later.
  __device__ void copy_states(int i, item_t const& item) const {
    m.states_came[place(i)].wait(turn(i) ^ 1);  // of who was in this place before, for which nobody may have waited
    for (int q = 0; q < tile::width >> plan.log_across && item.piece + q < plan.pieces; ++q) {
      starts_of_piece const& piece = starts.pieces[item.piece + q];
      bool const mine = lane >> plan.log_across == q && (lane & (plan.across - 1)) < item.lanes && lane < tile::width;
      int copied = 0;
      for (int w = 0; w < starts_of_piece::words; ++w) {
        index_t const left = plan.time - (item.piece + q) * starts_of_piece::steps - w * 32;
        if (left <= 0) break;
        std::uint32_t const bits =
            packed_group<32>::of(piece, w).first(static_cast<int>(min(index_t{32}, left))).starts;
        if (bits == 0) continue;
        auto const which = sequences_of_group<T, 32>::of(p, piece, item.piece + q, w, bits);
        for (std::uint32_t rest = bits; rest != 0 && copied < m.ahead; rest &= rest - 1, ++copied) {
          index_t const sequence = which.at(__ffs(static_cast<int>(rest)) - 1);
          if (mine)
            copy_element(&m.initial[slot(i)][copied][lane],
                         &p.initial(item.lane + (lane & (plan.across - 1)), sequence));
        }
      }
    }
    m.states_came[place(i)].arrive_after_copies();
  }

  // Who closes no chunk is not waited for, and looks when there is something to see.
  __device__ void fold(int first) const {
    item_t item;
    for (int i = first; has_item(i, item); i += turns<T>) {
      part const mine = part_of(item);
      if constexpr (packed) {
        if (p.initial) copy_states(i, item);
      }
      if (!__any_sync(all_lanes, mine.closes)) m.reduced[place(i)].wait(turn(i));
      bool starts = false;
      map const pieces = __any_sync(all_lanes, mine.closes)
                             ? pieces_before<looks_of_closing>(mine.of, mine.pieces_before, starts)
                             : pieces_before<looks>(mine.of, mine.pieces_before, starts);
      if (mine.closes) {
        m.reduced[place(i)].wait(turn(i));
        bool const last_starts = starts_in_total(i);
        publish(words.of_chunk(plan, mine.chunk, mine.of.lane), combine(pieces, m.total[place(i)][lane], last_starts),
                starts || last_starts, epoch);
      }
      if (lane < tile::width) {
        m.before_piece[place(i)][lane] = pieces;
        if constexpr (packed) m.before_piece_starts[place(i)][lane] = starts;
      }
      m.folded[place(i)].arrive();
    }
    if constexpr (packed) copies_are_done();
  }

  __device__ void carry(int first) const {
    item_t item;
    for (int i = first; has_item(i, item); i += turns<T>) {
      part const mine = part_of(item);
      T state(0);
      if (mine.closes) {
        if (mine.chunk > 0) state = found_state(mine.chunk, mine.of.lane);
        m.folded[place(i)].wait(turn(i));
        m.reduced[place(i)].wait(turn(i));
        bool const last_starts = starts_in_total(i);
        map const whole = combine(m.before_piece[place(i)][lane], m.total[place(i)][lane], last_starts);
        bool starts = last_starts;
        if constexpr (packed) starts |= m.before_piece_starts[place(i)][lane];
        T const next = mine.chunk > 0 && !starts ? multiply_add(whole.a, state, whole.b) : whole.b;
        publish(words.of_state(plan, mine.chunk + 1, mine.of.lane), next, false, epoch);
      }
      __syncwarp();  // a warp may hold pieces of two chunks: the earlier is closed before its state is waited for
      if (mine.any && !mine.closes && mine.chunk > 0) state = published_state(mine.chunk, mine.of.lane);
      if (lane < tile::width) m.before_chunk[place(i)][lane] = state;
      m.carried[place(i)].arrive();
    }
  }
};

}  // namespace ssmscan::device::chunked_columns
