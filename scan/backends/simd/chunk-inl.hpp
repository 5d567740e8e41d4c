// The chunk of chunk.hpp for one SIMD target: its blocks read, scanned, finished and written, one behind the other.
#if defined(SSMSCAN_SIMD_CHUNK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_CHUNK_INL
#undef SSMSCAN_SIMD_CHUNK_INL
#else
#define SSMSCAN_SIMD_CHUNK_INL
#endif

#include <ssmscan/scan/backends/simd/lines-inl.hpp>
#include <ssmscan/scan/backends/simd/runs-inl.hpp>

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
        down_(in.b_stride == -1 && in.a_stride == -1) {
    if (one_a_) std::fill_n(s.in_a, block, *in.a);
  }

  template <class Scanned>
  HWY_INLINE void scan(index_t begin, Scanned const& scanned, T* last_a, T* last_b) const {
    T const *const a = in_.a + begin * in_.a_stride, *const b = in_.b + begin * in_.b_stride;
    bool const as_it_lies = begin + block <= in_.n && (begin > 0 || in_.first == nullptr);
    if (as_it_lies && up_) {
      scan_runs<order::up>(one_a_ ? s_.in_a : a, b, scanned, last_a, last_b);
    } else if (as_it_lies && down_) {
      scan_runs<order::down>(a, b, scanned, last_a, last_b);
    } else {
      copy(begin, a, b);
      scan_runs<order::up>(s_.in_a, s_.in_b, scanned, last_a, last_b);
    }
  }

 private:
  HWY_NOINLINE void copy(index_t begin, T const* a, T const* b) const {
    index_t const n = std::min(block, in_.n - begin);
    for (index_t i = 0; i < n; ++i) s_.in_b[i] = b[i * in_.b_stride];
    if (!one_a_)
      for (index_t i = 0; i < n; ++i) s_.in_a[i] = a[i * in_.a_stride];
    if (begin == 0 && in_.first != nullptr) s_.in_b[0] = *in_.first;
    for (index_t i = n; i < block; ++i)
      s_.in_a[i] = T(1), s_.in_b[i] = T(0);  // after all that is there: changes nothing
  }

  chunk_source<T> const& in_;
  chunk_scratch<T>& s_;
  bool one_a_, up_, down_;
};

// The sum of a chunk, which is whole.
template <class T>
affine_map<T> chunk_summary(chunk_source<T> const& in, chunk_scratch<T>& s) {
  block_reader<T> const blocks(in, s);
  for (index_t begin = 0; begin < chunk; begin += block)
    blocks.scan(begin, not_kept{}, s.run_a + begin / run, s.run_b + begin / run);
  T block_a[run], block_b[run];
  scan_runs<order::up>(s.run_a, s.run_b, not_kept{}, block_a, block_b);
  affine_map<T> all{block_a[0], block_b[0]};
  for (index_t k = 1; k < run; ++k)
    all = {scalar_multiply(block_a[k], all.a), scalar_multiply_add(block_a[k], all.b, block_b[k])};
  return all;
}

// The scan of a block's run ends, a chain, taken a few steps at a time between other work: in one piece it would fill the
// processor's queues and keep that work out.
template <class T>
class chain_of_ends {
 public:
  HWY_INLINE chain_of_ends(T const* run_a, T const* run_b, block_ends<T>& to)
      : run_a_(run_a), run_b_(run_b), to_(to), so_far_{run_a[0], run_b[0]} {
    to.a[1] = so_far_.a, to.b[1] = so_far_.b;
  }
  HWY_INLINE void step(std::size_t r) {
    so_far_ = {scalar_multiply(run_a_[r], so_far_.a), scalar_multiply_add(run_a_[r], so_far_.b, run_b_[r])};
    to_.a[1 + r] = so_far_.a, to_.b[1 + r] = so_far_.b;
  }
  HWY_INLINE affine_map<T> const& whole() const { return so_far_; }

 private:
  T const *run_a_, *run_b_;
  block_ends<T>& to_;
  affine_map<T> so_far_;
};

// One pass over a chunk: each block's runs are scanned, and their ends while the block before is finished and written, so
// that memory is read and written all the time and what a scan leaves stays in the first-level cache.
template <class T>
T chunk_walk(chunk_source<T> const& in, chunk_scratch<T>& s, T const* state, chunk_sink<T> const& to) {
  block_reader<T> const blocks(in, s);
  affine_map<T> sum{};  // of the blocks so far
  auto const end_block = [&](index_t k, affine_map<T> const& last) HWY_ATTR {
    sum = k == 0 ? last : affine_map<T>{scalar_multiply(last.a, sum.a), scalar_multiply_add(last.a, sum.b, last.b)};
    s.ends[k % 2].after = state != nullptr ? scalar_multiply_add(sum.a, *state, sum.b) : sum.b;
  };
  T entering = state != nullptr ? *state : T(0);
  auto const complete_first_run = [&](T* x, index_t stride, index_t n) {  // nothing entered it
    for (index_t j = 0; j < std::min(n, run - 1); ++j)
      x[j * stride] = number_at<T>(s.scanned[0].b, static_cast<std::size_t>(j), 0);
  };
  T* const out = s.out + chunk_scratch<T>::room;
  line_writer<T, order::up> lines_up(to.x, out);
  line_writer<T, order::down> lines_down(to.x, out);
  bool const streamed = to.how == write::past_the_cache && (to.stride == 1 || to.stride == -1);

  index_t const count = (in.n + block - 1) / block;
  alignas(64) T run_a[run], run_b[run];
  blocks.scan(0, kept<T>{&s.scanned[0]}, run_a, run_b);
  chain_of_ends<T> first_ends(run_a, run_b, s.ends[0]);
  for (std::size_t r = 1; r < rows; ++r) first_ends.step(r);
  end_block(0, first_ends.whole());
  for (index_t k = 0; k < count; ++k) {
    if (k + 1 < count) blocks.scan((k + 1) * block, kept<T>{&s.scanned[(k + 1) % 2]}, run_a, run_b);
    chain_of_ends<T> ends(run_a, run_b, s.ends[(k + 1) % 2]);  // after the last block: of nothing
    index_t const length = std::min(block, in.n - k * block);
    ask_ahead<T> const ahead{in.next_a == nullptr ? nullptr : in.next_a + k * block * in.a_stride,
                             in.next_b == nullptr ? nullptr : in.next_b + k * block * in.b_stride};
    auto const between = [&](auto i) HWY_ATTR __attribute__((always_inline)) {
      ahead(i);
      constexpr std::size_t n = calls_between<T>;
      for (std::size_t r = 1 + (rows - 1) * i / n; r < 1 + (rows - 1) * (i + 1) / n; ++r) ends.step(r);
    };
    auto const& scanned = s.scanned[k % 2];
    bool const first = k == 0 && state == nullptr;
    block_states<T> const states{s.ends[k % 2], entering, first};
    entering = states.ends.after;
    T* const x = to.x + k * block * to.stride;
    if (length == block && to.stride == 1) {
      finish_runs<order::up>(scanned, states, streamed ? out : x, between);
      if (first) complete_first_run(streamed ? out : x, 1, length);
      if (streamed) lines_up.write();
    } else if (length == block && to.stride == -1) {
      T* const last_place = streamed ? out + (block - 1) : x;
      finish_runs<order::down>(scanned, states, last_place, between);
      if (first) complete_first_run(last_place, -1, length);
      if (streamed) lines_down.write();
    } else {
      if (streamed) to.stride == 1 ? lines_up.finish() : lines_down.finish();
      finish_runs<order::up>(scanned, states, out, between);
      if (first) complete_first_run(out, 1, length);
      for (index_t i = 0; i < length; ++i) x[i * to.stride] = out[i];
    }
    if (k + 1 < count) end_block(k + 1, ends.whole());
  }
  if (streamed && in.n % block == 0) to.stride == 1 ? lines_up.finish() : lines_down.finish();
  return entering;
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
