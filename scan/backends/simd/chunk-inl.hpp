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
// hold the first step. The same tree, and never a read past the end.
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

  template <class Scanned, class Between>
  HWY_INLINE void scan(index_t begin, Scanned const& scanned, T* last_a, T* last_b, Between const& between) const {
    T const *const a = in_.a + begin * in_.a_stride, *const b = in_.b + begin * in_.b_stride;
    bool const as_it_lies = begin + block <= in_.n && (begin > 0 || in_.first == nullptr);
    if (as_it_lies && up_) {
      scan_runs<order::up>(one_a_ ? s_.in_a : a, b, scanned, last_a, last_b, between);
    } else if (as_it_lies && down_) {
      scan_runs<order::down>(one_a_ ? s_.in_a + (block - 1) : a, b, scanned, last_a, last_b, between);
    } else {
      copy(begin, a, b);
      scan_runs<order::up>(s_.in_a, s_.in_b, scanned, last_a, last_b, between);
    }
  }

 private:
  HWY_NOINLINE void copy(index_t begin, T const* a, T const* b) const {
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
    if (begin == 0 && in_.first != nullptr) s_.in_b[0] = *in_.first;
    for (index_t i = n; i < block; ++i)
      s_.in_a[i] = T(1), s_.in_b[i] = T(0);  // after all that is there: changes nothing
  }

  chunk_source<T> const& in_;
  chunk_scratch<T>& s_;
  bool one_a_, up_, down_;
};

// The sum of a chunk, which is whole.
template <coefficients A, class T>
affine_map<T> sum_of_chunk(chunk_source<T> const& in, chunk_scratch<T>& s) {
  block_reader<T> const blocks(in, s);
  if constexpr (A == coefficients::one_for_all) std::fill_n(s.run_a, block, put_powers(*in.a, s.scanned[0]));
  for (index_t begin = 0; begin < chunk; begin += block)
    blocks.scan(begin, not_kept<T, A>{}, s.run_a + begin / run, s.run_b + begin / run, nothing_meanwhile{});
  T block_a[run], block_b[run];
  scan_runs<order::up>(s.run_a, s.run_b, not_kept<T>{}, block_a, block_b, nothing_meanwhile{});
  if (in.starts.count > 0) return sum_from_last_start(in, s, block_a, block_b);
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
      finish();
      alignas(line_bytes) T out[block];
      finish_runs<order::up, A>(scanned, states, out, between);
      if (own != nullptr) put_own(scanned, own, out, 1, length);
      for (index_t i = 0; i < length; ++i) x[i * to_.stride] = out[i];
      return;
    }
    T* const place = past_the_cache_ ? lines_.place(made_++) : x;
    if (to_.stride == 1) {
      finish_runs<order::up, A>(scanned, states, place, between);
    } else {
      finish_runs<order::down, A>(scanned, states, place, between);
    }
    if (own != nullptr) put_own(scanned, own, place, to_.stride, length);
    if (made_ == group<T>) lines_.end_group(std::exchange(made_, 0));
  }
  // What waits.
  void finish() {
    if (!past_the_cache_) return;
    if (made_ > 0) lines_.end_group(std::exchange(made_, 0));
    lines_.finish();
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
template <coefficients A, class T>
class maps_by_products {
 public:
  static constexpr coefficients a = A;
  maps_by_products(chunk_source<T> const& in, chunk_scratch<T>& s) : s_(s) {
    if constexpr (A == coefficients::one_for_all) {
      T of_run{};
      for (auto& scanned : s.scanned) of_run = put_powers(*in.a, scanned);
      std::fill(std::begin(s.last_a), std::end(s.last_a), of_run);
    }
  }

  // Where block k keeps its runs' scans; the scan of the run ends of the group that begins with block `first`.
  HWY_INLINE auto kept_at(index_t k) { return kept<T, A>{&s_.scanned[s_.place(k)]}; }
  HWY_INLINE void scan_ends(index_t first) {
    index_t const place = s_.last_place(first);
    HWY_NAMESPACE::scan_ends<T>(s_.last_a + place, s_.last_b + place, s_.ends);
  }
  // Of the chunk's blocks up to and including block k, which is `last`.
  HWY_INLINE affine_map<T> with_block(index_t k, affine_map<T> const& last) {
    sum_ = k % run == 0 ? last
                        : affine_map<T>{scalar_multiply(last.a, sum_.a), scalar_multiply_add(last.a, sum_.b, last.b)};
    return sum_;
  }
  // A sequence has started in the last of them: whatever is earlier, `state` left it.
  HWY_INLINE void start(T const& state) { sum_.b = state; }

 private:
  chunk_scratch<T>& s_;
  affine_map<T> sum_{};
};

// One pass over chunks: a group of blocks is scanned, then finished and written, while what the scans leave is in the
// first-level cache; the next group's first block is scanned in between.
template <starting Starting, class Maps, class T>
T walk_chunks(chunk_source<T> const& in, chunk_scratch<T>& s, T const* state, chunk_sink<T> const& to) {
  block_reader<T> const blocks(in, s);
  block_writer<Maps::a, T> writer(to, s);
  Maps maps(in, s);
  index_t const count = (in.n + block - 1) / block;
  bool const memory_works = writer.is_past_the_cache() || in.next_a != nullptr || in.next_b != nullptr;
  // Piece `number` of the work on the group that begins with block `first`, of which there are two a block, its scan and its
  // finish: work(what memory does meanwhile).
  auto const meanwhile = [&](index_t first, index_t number, auto const& work) HWY_ATTR __attribute__((always_inline)) {
    if (!memory_works) return work(nothing_meanwhile{});
    index_t const ahead = (first * block + number * (block / 2)) * in.b_stride;
    auto const asked = [&](T const* next) {
      return next != nullptr ? reinterpret_cast<char const*>(next + ahead) : nullptr;
    };
    bool const both = in.a_stride == in.b_stride;
    work(memory_meanwhile<T>{asked(both ? in.next_a : nullptr), asked(in.next_b), line_bytes * in.b_stride,
                             &writer.lines()});
  };
  auto const scan = [&](index_t k, auto const& between) HWY_ATTR __attribute__((always_inline)) {
    index_t const place = s.last_place(k);
    blocks.scan(k * block, maps.kept_at(k), s.last_a + place, s.last_b + place, between);
  };

  static constexpr index_t first_run[rows] = {0,   run, run, run, run, run, run, run,
                                              run, run, run, run, run, run, run, run};  // nothing entered it
  constexpr index_t in_chunk = chunk / block;
  index_t next_start = 0;
  T const nothing(0);
  T const* enters_chunk = state;  // null: nothing does
  T entering = state != nullptr ? *state : nothing, of_chunk = entering;
  bool started = false;  // a sequence did in the chunk's blocks so far: their b is the state whatever entered the chunk
  scan(0, nothing_meanwhile{});
  for (index_t group_begin = 0; group_begin < count; group_begin += group<T>) {
    index_t const next_group = group_begin + group<T>;
    for (index_t k = group_begin + 1; k < std::min(next_group + 1, count); ++k) {
      if (k == next_group) maps.scan_ends(group_begin);
      meanwhile(
          group_begin,
          k - group_begin - 1, [&](auto const& between) HWY_ATTR __attribute__((always_inline)) { scan(k, between); });
    }
    if (next_group >= count) maps.scan_ends(group_begin);
    for (index_t k = group_begin; k < std::min(next_group, count); ++k) {
      index_t const g = k - group_begin, begin = k * block, length = std::min(block, in.n - begin);
      if (k > 0 && k % in_chunk == 0) of_chunk = entering, enters_chunk = &of_chunk, started = false;
      T *const end_a = s.ends.a + g * run_ends<T>::row + run, *const end_b = s.ends.b + g * run_ends<T>::row + run;
      affine_map<T> const sum = maps.with_block(k, {end_a[run - 1], end_b[run - 1]});
      T after = enters_chunk != nullptr && !started ? scalar_multiply_add(sum.a, *enters_chunk, sum.b) : sum.b;
      bool const first = k == 0 && state == nullptr;
      index_t const* own = first ? first_run : nullptr;
      bool const starts_here = Starting == starting::somewhere_inside && next_start < in.starts.count &&
                               in.starts.offsets[next_start] - in.starts.begin < begin + length;
      if (starts_here) {
        after = complete_ends(in, s, k, next_start, first ? nullptr : &entering);
        maps.start(after), started = true, own = s.own;
      }
      block_states<T> const states{end_a, end_b, entering, after, first || starts_here};
      entering = after;
      meanwhile(
          group_begin, group<T> + g, [&](auto const& between) HWY_ATTR __attribute__((always_inline)) {
            writer.write(s.scanned[s.place(k)], states, own, begin, length, between);
          });
    }
  }
  writer.finish();
  return entering;
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
