// The chunk of chunk.hpp for one SIMD target: its blocks read, scanned, finished and written, one behind the other.
#if defined(SSMSCAN_SIMD_CHUNK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_CHUNK_INL
#undef SSMSCAN_SIMD_CHUNK_INL
#else
#define SSMSCAN_SIMD_CHUNK_INL
#endif

#include <ssmscan/scan/backends/simd/lines-inl.hpp>
#include <ssmscan/scan/backends/simd/runs-inl.hpp>
#include <ssmscan/scan/backends/simd/starts-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// The blocks of a chunk as they are read: where they lie in memory, or copied where they are not contiguous, not whole, or
// another number stands in the place of their first b. The same tree, and never a read past the end.
template <class T>
class block_reader {
 public:
  block_reader(chunk_source<T> const& in, chunk_scratch<T>& s)
      : in_(in),
        s_(s),
        one_a_(in.a_stride == 0),
        up_(in.b_stride == 1 && (one_a_ || in.a_stride == 1)),
        down_(in.b_stride == -1 && (one_a_ || in.a_stride == -1)) {
    if (one_a_) std::fill_n(s.in_a, block, *in.a);
  }

  // first: what stands in the place of the block's first b; null: that does itself.
  template <class Scanned, class Between>
  HWY_INLINE void scan(index_t begin, T const* first, Scanned const& scanned, T* last_a, T* last_b,
                       Between const& between) const {
    T const *const a = in_.a + begin * in_.a_stride, *const b = in_.b + begin * in_.b_stride;
    bool const as_it_lies = begin + block <= in_.n && first == nullptr;
    if (as_it_lies && up_) {
      scan_runs<order::up>(one_a_ ? s_.in_a : a, b, scanned, last_a, last_b, between.template along<order::up>());
    } else if (as_it_lies && down_) {
      scan_runs<order::down>(one_a_ ? s_.in_a + (block - 1) : a, b, scanned, last_a, last_b,
                             between.template along<order::down>());
    } else {
      copy(begin, first, a, b);
      scan_runs<order::up>(s_.in_a, s_.in_b, scanned, last_a, last_b, between.template along<order::up>());
    }
  }

 private:
  HWY_NOINLINE void copy(index_t begin, T const* first, T const* a, T const* b) const {
    index_t const n = std::min(block, in_.n - begin);
    auto const copied = [n](T const* from, index_t stride, T* to) {
      if (stride == 1) {
        std::copy_n(from, n, to);
      } else {
        for (index_t i = 0; i < n; ++i) to[i] = from[i * stride];
      }
    };
    copied(b, in_.b_stride, s_.in_b);
    if (!one_a_) copied(a, in_.a_stride, s_.in_a);
    if (first != nullptr) s_.in_b[0] = *first;
    for (index_t i = n; i < block; ++i)
      s_.in_a[i] = T(1), s_.in_b[i] = T(0);  // after all that is there: changes nothing
  }

  chunk_source<T> const& in_;
  chunk_scratch<T>& s_;
  bool one_a_, up_, down_;
};

// Of arrays, by number.
template <class T>
auto sums_of(T const* a, T const* b) {
  return [=](index_t k) { return affine_map<T>{a[k], b[k]}; };
}
template <class T>
auto run_sums(chunk_scratch<T> const& s) {
  return sums_of(s.run_a, s.run_b);
}

// The sum of a chunk, which is whole.
template <coefficients A, class T>
affine_map<T> sum_of_chunk(chunk_source<T> const& in, chunk_scratch<T>& s) {
  block_reader<T> const blocks(in, s);
  if constexpr (A == coefficients::one_for_all) std::fill_n(s.run_a, block, put_powers(*in.a, s.scanned[0]));
  auto const scan = [&](index_t begin, auto const& between) HWY_ATTR __attribute__((always_inline)) {
    blocks.scan(begin, in.first_of_block(begin), not_kept<T, A>{}, s.run_a + begin / run, s.run_b + begin / run,
                between);
  };
  for (index_t begin = 0; begin < chunk; begin += block) {
    if (in.next_b == nullptr) {
      scan(begin, nothing_meanwhile{});
    } else {
      auto const of = [&](T const* next) {
        return asked_pieces<T>(next != nullptr ? next + begin * in.b_stride : next, in.b_stride, &s);
      };
      auto const a = of(in.next_a), b = of(in.next_b);
      scan(begin, both_meanwhile<T>{{a.piece(0), b.piece(0), {}}, {a.piece(1), b.piece(1), {}}});
    }
  }
  T block_a[run], block_b[run];
  scan_runs<order::up>(s.run_a, s.run_b, not_kept<T>{}, block_a, block_b, nothing_meanwhile{});
  if (in.starts.count > 0) return sum_from_last_start(in, run_sums(s), sums_of(block_a, block_b));
  affine_map<T> all{block_a[0], block_b[0]};
  for (index_t k = 1; k < run; ++k)
    all = {scalar_multiply(block_a[k], all.a), scalar_multiply_add(block_a[k], all.b, block_b[k])};
  return all;
}

template <class T>
affine_map<T> chunk_summary(chunk_source<T> const& in, chunk_scratch<T>& s) {
  return in.a_stride == 0 ? sum_of_chunk<coefficients::one_for_all>(in, s)
                          : sum_of_chunk<coefficients::each_its_own>(in, s);
}

// Blocks as they are finished: to memory as they are, or by a buffer past the cache, or one by one.
template <coefficients A, class T>
class block_writer {
 public:
  block_writer(chunk_sink<T> const& to, chunk_scratch<T>& s)
      : to_(to),
        lines_(to.x, to.stride == -1 ? order::down : order::up, s),
        past_the_cache_(to.how == write::past_the_cache && (to.stride == 1 || to.stride == -1)) {}

  // The block from `begin` on, `length` of it. own[r]: from which step of run r on the states are as its scan left them;
  // null: none are.
  template <class Between>
  HWY_INLINE void write(scanned_runs<T> const& scanned, block_states<T> const& states, index_t const* own,
                        index_t begin, index_t length, Between const& between) {
    T* const x = to_.x + begin * to_.stride;
    if (length < block || (to_.stride != 1 && to_.stride != -1)) {
      end_piece();
      alignas(line_bytes) T out[block];
      finish_runs<order::up, A>(scanned, states, out, between.template along<order::up>());
      if (own != nullptr) put_own(scanned, own, out, 1, length);
      for (index_t i = 0; i < length; ++i) x[i * to_.stride] = out[i];
      return;
    }
    T* const place = past_the_cache_ ? lines_.place(made_++) : x;
    if (to_.stride == 1) {
      finish_runs<order::up, A>(scanned, states, place, between.template along<order::up>());
    } else {
      finish_runs<order::down, A>(scanned, states, place, between.template along<order::down>());
    }
    if (own != nullptr) put_own(scanned, own, place, to_.stride, length);
    if (made_ == group<T>) lines_.end_group(std::exchange(made_, 0));
  }
  // Blocks that follow are counted from the place that the sink has now.
  void go_to_sink() {
    if (!past_the_cache_) return;
    if (made_ > 0) lines_.end_group(std::exchange(made_, 0));
    lines_.go_to(to_.x);
  }
  void end_piece() {  // what waits
    if (!past_the_cache_) return;
    if (made_ > 0) lines_.end_group(std::exchange(made_, 0));
    lines_.end_piece();
  }
  bool is_past_the_cache() const { return past_the_cache_; }
  waiting_lines<real_of<T>>& lines() { return lines_.lines(); }

 private:
  HWY_NOINLINE static void put_own(scanned_runs<T> const& scanned, index_t const* own, T* x, index_t stride,
                                   index_t n) {
    for (index_t r = 0; r < run; ++r)
      for (index_t j = own[r]; j < run - 1 && r * run + j < n; ++j)  // the last is the run's end
        x[(r * run + j) * stride] = number_at<T>(scanned.b, static_cast<std::size_t>(j), static_cast<std::size_t>(r));
  }

  chunk_sink<T> const& to_;
  line_writer<T> lines_;
  index_t made_ = 0;  // blocks of the group that are to be written past the cache
  bool past_the_cache_;
};

enum class starting : bool { nowhere_inside, somewhere_inside };

// What a walk knows of the maps of its chunk: how the a of several steps is made, here by products. semi_log-inl.hpp has another.
template <coefficients A, class T, class Scratch = chunk_scratch<T>>
class maps_by_products {
 public:
  static constexpr coefficients a = A;
  maps_by_products(chunk_source<T> const& in, Scratch& s) : s_(s) {
    if constexpr (A == coefficients::one_for_all) {
      T of_run{};
      for (auto& scanned : s.every_scanned()) of_run = put_powers(*in.a, scanned);
      std::ranges::fill(s.every_last_a(), of_run);
    }
  }

  // Where block k keeps its runs' scans; the scan of the run ends of the group that begins with block `first`.
  HWY_INLINE auto kept_at(index_t k) { return kept<T, A>{s_.kept(k).scanned}; }
  HWY_INLINE void scan_ends(index_t first) {
    kept_block<T> const at = s_.kept(first);
    HWY_NAMESPACE::scan_ends<T>(at.last_a, at.last_b, s_.ends_of(first));
  }
  // Of the chunk's blocks up to and including block k of its lane, which is `last`, kept as number i.
  HWY_INLINE affine_map<T> with_block(index_t, index_t k, affine_map<T> const& last) {
    sum_ = k % run == 0 ? last
                        : affine_map<T>{scalar_multiply(last.a, sum_.a), scalar_multiply_add(last.a, sum_.b, last.b)};
    return sum_;
  }
  // A sequence has started in the last of them: whatever is earlier, `state` left it.
  HWY_INLINE void start(T const& state) { sum_.b = state; }

 private:
  Scratch& s_;
  affine_map<T> sum_{};
};

// Blocks that were scanned, by the states that enter them. Blocks of a walk are counted as its scratch keeps them (i); k: as
// they lie in their lane.
template <starting Starting, class Maps, class Scratch, class T>
class block_finisher {
 public:
  block_finisher(chunk_source<T> const& in, Scratch& s, Maps& maps) : in_(in), s_(s), maps_(maps) {}

  // The next block is a chunk's first; what enters it, null: nothing does.
  HWY_INLINE void begin_chunk(T const* state) {
    enters_ = state != nullptr;
    of_chunk_ = entering_ = state != nullptr ? *state : T(0);
    started_ = false;
  }
  // What starts before block k is not ours.
  void go_to(index_t k) {
    auto const* const end = in_.starts.offsets + in_.starts.count;
    next_start_ = std::lower_bound(in_.starts.offsets, end, k * block + in_.starts.begin) - in_.starts.offsets;
  }
  // write(scanned, states, own): x of the block.
  template <class Write>
  HWY_INLINE void finish(index_t i, index_t k, Write const& write) {
    static constexpr index_t first_run[rows] = {0,   run, run, run, run, run, run, run,
                                                run, run, run, run, run, run, run, run};  // nothing entered it
    kept_block<T> const kept = s_.kept(i);
    affine_map<T> const sum = maps_.with_block(i, k, kept.all());
    T after = enters_ && !started_ ? scalar_multiply_add(sum.a, of_chunk_, sum.b) : sum.b;
    bool const first = k % run == 0 && !enters_;
    index_t const* own = first ? first_run : nullptr;
    bool const starts_here = Starting == starting::somewhere_inside && next_start_ < in_.starts.count &&
                             in_.starts.offsets[next_start_] - in_.starts.begin < std::min((k + 1) * block, in_.n);
    if (starts_here) {
      after = complete_ends(in_, kept, s_.own, k, next_start_, first ? nullptr : &entering_);
      maps_.start(after), started_ = true, own = s_.own;
    }
    block_states<T> const states{kept.end_a, kept.end_b, entering_, after, first || starts_here};
    entering_ = after;
    write(*kept.scanned, states, own);
  }
  T const& state() const { return entering_; }

 private:
  chunk_source<T> const& in_;
  Scratch& s_;
  Maps& maps_;
  bool enters_ = false, started_ = false;  // something enters the chunk; a sequence starts in its blocks so far
  T of_chunk_{}, entering_{};              // what enters the chunk, and the block
  index_t next_start_ = 0;
};

// A block's place in its lane, where lanes of so many blocks follow one another.
struct place_in_lane {
  index_t blocks_of_lane, lane = 0, k = 0;
  HWY_INLINE void advance() {
    if (++k == blocks_of_lane) k = 0, ++lane;
  }
};

// One pass over chunks: a group of blocks is scanned, then finished and written, while what the scans leave is in the
// first-level cache; the next group's first block is scanned in between. From lane to lane it goes on as from chunk to chunk, but
// that nothing enters.
template <starting Starting, class Maps, class T>
T walk_chunks(chunk_source<T> const& in, chunk_scratch<T>& s, T const* state, chunk_sink<T> const& to) {
  block_reader<T> const blocks(in, s);
  block_writer<Maps::a, T> writer(to, s);
  Maps maps(in, s);
  index_t const count = (in.n + block - 1) / block;
  bool const memory_works = writer.is_past_the_cache() || in.next_a != nullptr || in.next_b != nullptr;
  // What is asked meanwhile the group is worked on that begins with block `first`: what comes so many blocks behind it, or what
  // is to be asked instead of what would be beyond the last.
  bool const both = in.a_stride == in.b_stride;
  index_t const ahead = in.behind_b == nullptr ? 0 : (in.next_b - in.b) / (in.b_stride * block);
  auto const asked = [&](T const* next, T const* behind, bool wanted, index_t first) {
    index_t const beyond = first + ahead - count;
    T const* from = nullptr;
    if (wanted && in.behind_b != nullptr && beyond >= 0) {
      if (behind != nullptr) from = behind + beyond * block * in.b_stride;
    } else if (wanted && next != nullptr) {
      from = next + first * block * in.b_stride;
    }
    return asked_pieces<T>(from, in.b_stride, &s);
  };
  // Piece `number` of that work, of which there are two a block, its scan and its finish: work(what memory does meanwhile).
  auto const meanwhile = [&](asked_pieces<T> const& a, asked_pieces<T> const& b, index_t number, auto const& work)
      HWY_ATTR __attribute__((always_inline)) {
    if (!memory_works) return work(nothing_meanwhile{});
    work(memory_meanwhile<T>{a.piece(number), b.piece(number), writer.lines().take(lines_of_piece<T>)});
  };
  index_t const of_lane = in.lane_length > 0 ? in.lane_length / block : count;
  place_in_lane scanned_place{of_lane}, place{of_lane};
  auto const scan = [&](index_t i, auto const& between) HWY_ATTR __attribute__((always_inline)) {
    index_t const last = s.last_place(i);
    T const* const first = in.first != nullptr && scanned_place.k == 0 ? in.first + scanned_place.lane : nullptr;
    scanned_place.advance();
    blocks.scan(i * block, first, maps.kept_at(i), s.last_a + last, s.last_b + last, between);
  };

  constexpr index_t in_chunk = chunk / block;
  block_finisher<Starting, Maps, chunk_scratch<T>, T> finisher(in, s, maps);
  finisher.begin_chunk(state);
  scan(0, nothing_meanwhile{});
  for (index_t group_begin = 0; group_begin < count; group_begin += group<T>) {
    index_t const next_group = group_begin + group<T>;
    auto const a = asked(in.next_a, in.behind_a, both, group_begin),
               b = asked(in.next_b, in.behind_b, true, group_begin);
    for (index_t k = group_begin + 1; k < std::min(next_group + 1, count); ++k) {
      if (k == next_group) maps.scan_ends(group_begin);
      meanwhile(
          a, b,
          k - group_begin - 1, [&](auto const& between) HWY_ATTR __attribute__((always_inline)) { scan(k, between); });
    }
    if (next_group >= count) maps.scan_ends(group_begin);
    for (index_t k = group_begin; k < std::min(next_group, count); ++k) {
      index_t const begin = k * block, length = std::min(block, in.n - begin);
      if (k > 0 && place.k % in_chunk == 0) {
        T const left = finisher.state();
        finisher.begin_chunk(place.k > 0 ? &left : nullptr);
      }
      finisher.finish(
          k, place.k,
          [&](scanned_runs<T> const& scanned, block_states<T> const& states, index_t const* own) HWY_ATTR
          __attribute__((always_inline)) {
            meanwhile(
                a, b, group<T> + k - group_begin, [&](auto const& between) HWY_ATTR __attribute__((always_inline)) {
                  writer.write(scanned, states, own, begin, length, between);
                });
          });
      place.advance();
    }
  }
  writer.end_piece();
  return finisher.state();
}

template <class T>
T chunk_walk(chunk_source<T> const& in, chunk_scratch<T>& s, T const* state, chunk_sink<T> const& to) {
  using enum coefficients;
  if (in.starts.count > 0)
    return walk_chunks<starting::somewhere_inside, maps_by_products<each_its_own, T>>(in, s, state, to);
  return in.a_stride == 0 ? walk_chunks<starting::nowhere_inside, maps_by_products<one_for_all, T>>(in, s, state, to)
                          : walk_chunks<starting::nowhere_inside, maps_by_products<each_its_own, T>>(in, s, state, to);
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
