// A worker's share of a lane for one SIMD target: units of chunks, each scanned while the one before is finished.
#if defined(SSMSCAN_SIMD_TURNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_TURNS_INL
#undef SSMSCAN_SIMD_TURNS_INL
#else
#define SSMSCAN_SIMD_TURNS_INL
#endif

#include <ssmscan/scan/backends/simd/chunk-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// A worker's blocks in its own order, unit behind unit as they are drawn: where they lie in the lane.
template <class T>
class own_blocks {
 public:
  own_blocks(unit_exchange<T>& from, index_t blocks_of_lane)
      : from_(from), of_lane_(blocks_of_lane), of_unit_(from.unit * run) {}

  // Whether there is a block i: draws the units up to it, which are asked about in order.
  bool has(index_t i) {
    while (i >= end_ && more_) {
      index_t const begin = from_.draw() * of_unit_;
      more_ = begin + of_unit_ < of_lane_;  // none is behind the lane's last unit
      if (begin >= of_lane_) break;
      begin_[end_ / of_unit_ % at_hand] = begin;
      end_ += std::min(of_unit_, of_lane_ - begin);
    }
    return i < end_;
  }
  index_t place(index_t i) const { return begin_[i / of_unit_ % at_hand] + i % of_unit_; }
  bool begins_unit(index_t i) const { return i % of_unit_ == 0; }
  index_t end() const { return end_; }  // of those drawn

 private:
  // Of one chunk at least: those that wait to be finished, the one that is scanned, the one that memory is asked for.
  static constexpr index_t at_hand = turn_scratch<T>::most_chunks + 2;
  unit_exchange<T>& from_;
  index_t of_lane_, of_unit_, end_ = 0;
  index_t begin_[static_cast<std::size_t>(at_hand)]{};
  bool more_ = true;
};

// The sums of a worker's chunks, as their blocks are scanned.
template <class Scratch, class T>
class chunk_sums {
 public:
  chunk_sums(chunk_source<T> const& in, Scratch& s, unit_exchange<T>& to)
      : in_(in), s_(s), to_(to), last_chunk_((in.n - 1) / chunk) {}

  // Block i of the worker's, k of the lane's, in order.
  void add(index_t i, index_t k) {
    affine_map<T> const last = s_.kept(i).all();
    sum_ = k % run == 0 ? last
                        : affine_map<T>{scalar_multiply(last.a, sum_.a), scalar_multiply_add(last.a, sum_.b, last.b)};
    index_t const c = k / run;
    if (k % run != run - 1 || c == last_chunk_) return;  // a lane's last enters nothing
    chunk_source<T> const own = of_chunk(c);
    to_.leaves(c, own.starts.count == 0 ? sum_ : from_last_start(own, i - (run - 1)));
  }

 private:
  // With what is read of it where sequences start in it.
  chunk_source<T> of_chunk(index_t c) const {
    chunk_source<T> made = in_;
    made.a += c * chunk * in_.a_stride, made.b += c * chunk * in_.b_stride, made.n = chunk;
    if (in_.starts.count == 0) return made;
    auto const* const offsets = in_.starts.offsets;
    auto const place = [&](index_t t) {
      return std::lower_bound(offsets, offsets + in_.starts.count, t + in_.starts.begin) - offsets;
    };
    index_t const from = place(c * chunk), to = place((c + 1) * chunk);
    made.starts.offsets += from, made.starts.count = to - from, made.starts.begin += c * chunk;
    if (made.starts.initial != nullptr) made.starts.initial += from * in_.starts.initial_stride;
    return made;
  }
  affine_map<T> from_last_start(chunk_source<T> const& own, index_t first_block) const {
    return sum_from_last_start(
        own,
        [&](index_t r) {
          kept_block<T> const kept = s_.kept(first_block + r / run);
          return affine_map<T>{kept.last_a[r % run], kept.last_b[r % run]};
        },
        [&](index_t k) { return s_.kept(first_block + k).all(); });
  }

  chunk_source<T> const& in_;
  Scratch& s_;
  unit_exchange<T>& to_;
  index_t last_chunk_;
  affine_map<T> sum_{};
};

// A group of blocks is scanned, then the group that was scanned `ahead` blocks before is finished and written. Memory is asked
// for the group that is scanned next, wherever it lies.
template <starting Starting, coefficients A, class T>
void walk_units(chunk_source<T> const& in, turn_scratch<T>& s, unit_exchange<T>& with, chunk_sink<T> const& to) {
  using Scratch = turn_scratch<T>;
  using Maps = maps_by_products<A, T, Scratch>;
  block_reader<T> const blocks(in, s);
  Maps maps(in, s);
  block_finisher<Starting, Maps, Scratch, T> finisher(in, s, maps);
  chunk_sums<Scratch, T> sums(in, s, with);
  own_blocks<T> own(with, (in.n + block - 1) / block);
  bool const contiguous = in.b_stride == 1 || in.b_stride == -1, both = in.a_stride == in.b_stride;
  bool const memory_works = to.how == write::past_the_cache && contiguous;
  chunk_sink<T> unit = to;
  index_t unit_begin = 0;
  block_writer<A, T> writer(unit, s);

  for (index_t first = -Scratch::ahead; first < 0 || own.has(first); first += group<T>) {
    index_t const scanned = first + Scratch::ahead, asked = scanned + group<T>;
    index_t const ask = own.has(asked) && memory_works ? own.place(asked) * block : -1;
    auto const from = [&](T const* data, bool wanted) {
      return asked_pieces<T>(ask >= 0 && wanted ? data + ask * in.b_stride : nullptr, in.b_stride, &s);
    };
    auto const a = from(in.a, both), b = from(in.b, true);
    // As in walk_chunks: piece `number` of the work on a group that is scanned and one that is finished.
    auto const meanwhile = [&](index_t number, auto const& work) HWY_ATTR __attribute__((always_inline)) {
      if (!memory_works) return work(nothing_meanwhile{});
      work(memory_meanwhile<T>{a.piece(number), b.piece(number), writer.lines().take(lines_of_piece<T>)});
    };
    if (own.has(scanned)) {
      index_t const end = std::min(scanned + group<T>, own.end());
      for (index_t i = scanned; i < end; ++i) {
        kept_block<T> const kept = s.kept(i);
        meanwhile(
            i - scanned, [&](auto const& between) HWY_ATTR __attribute__((always_inline)) {
              index_t const begin = own.place(i) * block;
              blocks.scan(begin, in.first_of_block(begin), maps.kept_at(i), kept.last_a, kept.last_b, between);
            });
      }
      maps.scan_ends(scanned);
      for (index_t i = scanned; i < end; ++i) sums.add(i, own.place(i));
    }
    if (first < 0) continue;
    for (index_t i = first; i < std::min(first + group<T>, own.end()); ++i) {
      index_t const k = own.place(i), begin = k * block, length = std::min(block, in.n - begin);
      if (own.begins_unit(i)) {
        unit_begin = begin, unit.x = to.x + begin * to.stride;
        writer.go_to_sink();
        if constexpr (Starting == starting::somewhere_inside) finisher.go_to(k);
      }
      if (k % run == 0) {
        T const state = k > 0 ? with.enters(k / run) : T(0);
        finisher.begin_chunk(k > 0 ? &state : nullptr);
      }
      finisher.finish(
          i, k,
          [&](scanned_runs<T> const& scans, block_states<T> const& states, index_t const* own_steps) HWY_ATTR
          __attribute__((always_inline)) {
            meanwhile(
                group<T> + i - first, [&](auto const& between) HWY_ATTR __attribute__((always_inline)) {
                  writer.write(scans, states, own_steps, begin - unit_begin, length, between);
                });
          });
    }
  }
  writer.end_piece();
}

template <class T>
void chunks_in_turns(chunk_source<T> const& in, turn_scratch<T>& s, unit_exchange<T>& with, chunk_sink<T> const& to) {
  using enum coefficients;
  if (in.starts.count > 0) return walk_units<starting::somewhere_inside, each_its_own>(in, s, with, to);
  return in.a_stride == 0 ? walk_units<starting::nowhere_inside, one_for_all>(in, s, with, to)
                          : walk_units<starting::nowhere_inside, each_its_own>(in, s, with, to);
}

// Null for numbers of 4 bytes, of which a second scan costs no more than to bring what is kept back from the second-level cache.
template <class T>
constexpr auto in_turns() {
  return sizeof(T) > 4 ? &chunks_in_turns<T> : nullptr;
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
