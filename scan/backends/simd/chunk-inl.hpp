// The chunk of chunk.hpp for one SIMD target.
#if defined(SSMSCAN_SIMD_CHUNK_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_CHUNK_INL
#undef SSMSCAN_SIMD_CHUNK_INL
#else
#define SSMSCAN_SIMD_CHUNK_INL
#endif

#include <hwy/cache_control.h>

#include <ssmscan/scan/backends/simd/columns-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// A vector's lanes are runs of one block.
template <class T>
using run_lanes = hn::CappedTag<real_of<T>, rows>;

enum class order : bool { up, down };  // of time along memory

// Numbers loaded together stand in memory in reverse where time runs down.
template <order Order, class Numbers, std::size_t N>
HWY_INLINE void in_time_order(Numbers (&v)[N]) {
  if constexpr (Order == order::down)
    for (std::size_t i = 0; i < N / 2; ++i) std::swap(v[i], v[N - 1 - i]);
}

// Reals from the first element of a block to where the numbers [j, j + N) of its run `r` begin; the base of a block
// whose time runs down is its last place in memory.
template <class T, order Order, std::size_t N>
HWY_INLINE std::ptrdiff_t place(std::size_t r, std::size_t j) {
  constexpr auto width = static_cast<std::ptrdiff_t>(parts<T>);
  auto const t = static_cast<std::ptrdiff_t>(r * rows + j);
  return width * (Order == order::up ? t : -t - static_cast<std::ptrdiff_t>(N) + 1);
}

template <class T>
struct kept {
  scanned_runs<T>* to;
};
struct not_kept {};

// Scans the runs of a block: their last values, and where `scanned` is asked for what each step left.
template <order Order, class T, class Scanned>
HWY_INLINE void scan_runs(T const* a, T const* b, Scanned const& scanned, T* last_a, T* last_b) {
  run_lanes<T> const d;
  using D = run_lanes<T>;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<T, D>;
  constexpr std::ptrdiff_t apart = (Order == order::up ? 1 : -1) * static_cast<std::ptrdiff_t>(rows * parts<T>);
  auto const* const reals_a = reinterpret_cast<real_of<T> const*>(a);
  auto const* const reals_b = reinterpret_cast<real_of<T> const*>(b);
  for (std::size_t r = 0; r < rows; r += lanes) {
    numbers product, sum;
// Unrolled, or the chain of multiply-adds runs through the stack.
#pragma GCC unroll 16
    for (std::size_t j = 0; j < rows; j += at_once) {
      numbers column_a[at_once], column_b[at_once];
      load_columns<T>(d, reals_a + place<T, Order, at_once>(r, j), apart, column_a);
      load_columns<T>(d, reals_b + place<T, Order, at_once>(r, j), apart, column_b);
      in_time_order<Order>(column_a), in_time_order<Order>(column_b);
      for (std::size_t k = 0; k < at_once; ++k) {
        if (j + k == 0) {
          product = column_a[0], sum = column_b[0];
        } else {
          sum = multiply_add(d, column_a[k], sum, column_b[k]);
          product = multiply(d, column_a[k], product);
        }
        if constexpr (std::is_same_v<Scanned, kept<T>>) {
          auto const row = (j + k) * scanned_runs<T>::step + r;
          for (std::size_t part = 0; part < parts<T>; ++part) {
            hn::Store(product.part[part], d, scanned.to->a + row + part * rows);
            hn::Store(sum.part[part], d, scanned.to->b + row + part * rows);
          }
        }
      }
    }
    store_numbers<T>(d, product, last_a + r);
    store_numbers<T>(d, sum, last_b + r);
  }
}

// All lanes: `one`. The first lane: `one`, the others as they are.
template <class T, class D>
HWY_INLINE auto everywhere(D d, T const& one) {
  number<hn::Vec<D>, parts<T>> v;
  for (std::size_t part = 0; part < parts<T>; ++part)
    v.part[part] = hn::Set(d, reinterpret_cast<real_of<T> const*>(&one)[part]);
  return v;
}
template <class D, class V, std::size_t Parts>
HWY_INLINE number<V, Parts> with_lane(D d, std::size_t lane, number<V, Parts> const& one, number<V, Parts> v) {
  auto const up_to = hn::FirstN(d, lane + 1), before = hn::FirstN(d, lane);
  for (std::size_t part = 0; part < Parts; ++part)
    v.part[part] = hn::IfThenElse(before, v.part[part], hn::IfThenElse(up_to, one.part[part], v.part[part]));
  return v;
}

// What enters the runs of a block: the ends of the runs before, by the state that enters the block.
template <class T>
struct block_states {
  block_ends<T> const& ends;
  T entering;
  bool complete;  // nothing enters: the runs' ends are complete as they are
};

// body(0), ..., body(N - 1), the numbers known to the compiler.
template <std::size_t... I, class Body>
HWY_INLINE void unrolled(std::index_sequence<I...>, Body const& body) {
  (body(std::integral_constant<std::size_t, I>{}), ...);
}

// x of a block. `between(i)` is called for i in [0, calls_between) on the way, to keep memory and processor busy.
template <class T>
inline constexpr std::size_t calls_between = rows / lanes_of<run_lanes<T>>*(rows / numbers_at_once<T, run_lanes<T>>);

template <order Order, class T, class Between>
HWY_INLINE void finish_runs(scanned_runs<T> const& scanned, block_states<T> const& states, T* x,
                            Between const& between) {
  run_lanes<T> const d;
  using D = run_lanes<T>;
  using numbers = number<hn::Vec<D>, parts<T>>;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<T, D>;
  constexpr std::ptrdiff_t apart = (Order == order::up ? 1 : -1) * static_cast<std::ptrdiff_t>(rows * parts<T>);
  numbers const entering = everywhere<T>(d, states.entering);
  numbers state = entering, leaves = entering;  // until the first step of their runs
  // After `r` runs and as many more as the vector has lanes; the first of a[], b[] stand for no run.
  auto const after_runs = [&](std::size_t r) HWY_ATTR {
    auto const sum = load_numbers<T>(d, states.ends.b + r);
    return states.complete ? sum : multiply_add(d, load_numbers<T>(d, states.ends.a + r), entering, sum);
  };
  auto const finish = [&](auto i) HWY_ATTR __attribute__((always_inline)) {
    constexpr std::size_t steps = rows / at_once;
    std::size_t const r = i / steps * lanes, j = i % steps * at_once;
    if (j == 0) {
      state = after_runs(r), leaves = after_runs(r + 1);
      if (r == 0) state = with_lane(d, 0, entering, state);
      if (r + lanes == rows) leaves = with_lane(d, lanes - 1, everywhere<T>(d, states.ends.after), leaves);
    }
    numbers column[at_once];
    for (std::size_t k = 0; k < at_once; ++k) {
      auto const row = (j + k) * scanned_runs<T>::step + r;
      numbers product, sum;
      for (std::size_t part = 0; part < parts<T>; ++part) {
        product.part[part] = hn::Load(d, scanned.a + row + part * rows);
        sum.part[part] = hn::Load(d, scanned.b + row + part * rows);
      }
      column[k] = j + k + 1 < rows ? multiply_add(d, product, state, sum) : leaves;
    }
    in_time_order<Order>(column);
    store_columns<T>(d, column, reinterpret_cast<real_of<T>*>(x) + place<T, Order, at_once>(r, j), apart);
    between(i);
  };
  if constexpr (calls_between<T> <= 16) {
    unrolled(std::make_index_sequence<calls_between<T>>{}, finish);
  } else {
    for (std::size_t i = 0; i < calls_between<T>; ++i) finish(i);
  }
}

// The number of run `r` at step `j`.
template <class T>
HWY_INLINE T number_at(real_of<T> const* reals, std::size_t j, std::size_t r) {
  auto const* const at = reals + j * scanned_runs<T>::step + r;
  if constexpr (parts<T> == 2) {
    return T(at[0], at[rows]);
  } else {
    return at[0];
  }
}

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

// Writes whole blocks past the cache, in whole lines of memory: what a block leaves of a line waits beside its buffer for
// the block that is next in memory.
template <class T, order Order>
class line_writer {
  using R = real_of<T>;
  static constexpr std::ptrdiff_t line = 64 / sizeof(R), reals = block * static_cast<std::ptrdiff_t>(parts<T>);

 public:
  // x: the first number of the first block in time, out: its buffer, with a line's room on either side.
  line_writer(T* x, T* out)
      : x_(reinterpret_cast<R*>(Order == order::up ? x : x - (block - 1))),
        out_(reinterpret_cast<R*>(out)),
        head_(static_cast<std::ptrdiff_t>((64 - reinterpret_cast<std::uintptr_t>(x_) % 64) % 64 / sizeof(R))) {}

  HWY_INLINE void write() {  // the next block
    constexpr bool up = Order == order::up;
    std::ptrdiff_t const begin = up && waits_ ? head_ - line * (head_ > 0) : head_;
    std::ptrdiff_t const lines_end = head_ + (reals - head_) / line * line,
                         end = !up && waits_ ? reals + head_ : lines_end;
    if (!waits_) plain(up ? 0 : lines_end, up ? head_ : reals);
    for (std::ptrdiff_t i = begin; i < end; i += line) stream(i);
    if constexpr (up) {
      for (std::ptrdiff_t i = lines_end; i < reals; ++i) out_[i - reals] = out_[i];
    } else {
      for (std::ptrdiff_t i = 0; i < head_; ++i) out_[i + reals] = out_[i];
    }
    waits_ = true;
    x_ += up ? reals : -reals;
  }
  void finish() {  // what waits
    if (waits_ && head_ > 0) Order == order::up ? plain(head_ - line, 0) : plain(reals, reals + head_);
    hwy::FlushStream();
  }

 private:
  HWY_INLINE void stream(std::ptrdiff_t i) {
    hn::CappedTag<R, static_cast<std::size_t>(line)> const d;
    constexpr auto width = static_cast<std::ptrdiff_t>(lanes_of<std::remove_const_t<decltype(d)>>);
    for (std::ptrdiff_t v = i; v < i + line; v += width) hn::Stream(hn::LoadU(d, out_ + v), d, x_ + v);
  }
  void plain(std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t i = begin; i < end; ++i) x_[i] = out_[i];
  }

  R *x_, *out_;
  std::ptrdiff_t head_;  // reals in front of the first whole line
  bool waits_ = false;
};

// Asks for a block's bytes of a and b ahead of their time, a share between two steps of other work.
template <class T>
struct ask_ahead {
  T const *a, *b;
  template <class Index>
  HWY_INLINE void operator()(Index i) const {
    constexpr std::size_t lines = std::max<std::size_t>(static_cast<std::size_t>(block) * sizeof(T) / 64, 1);
    if (a != nullptr) share(i, lines, a);
    if (b != nullptr) share(i, lines, b);
  }

 private:
  template <class Index>
  static HWY_INLINE void share(Index i, std::size_t lines, T const* from) {
    std::size_t const end = lines * (i + 1) / calls_between<T>;
    for (std::size_t at = lines * i / calls_between<T>; at < end; ++at)
      hwy::Prefetch(reinterpret_cast<char const*>(from) + 64 * at);
  }
};

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
