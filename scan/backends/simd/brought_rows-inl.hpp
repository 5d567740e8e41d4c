// Rows of lanes that are in the second-level cache, where the worker brought them meanwhile it folded its rows before, for one SIMD
// target: strips of some lines of each row from the first row to the last, states in registers, written past the cache. So memory is
// read in its own order, whole pages of it, though the work goes by parts of rows: parts that are read from memory do not set going
// what brings most to a core, the processor's own reading on (docs/experiments/cpu_simd.md).
#if defined(SSMSCAN_SIMD_BROUGHT_ROWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_BROUGHT_ROWS_INL
#undef SSMSCAN_SIMD_BROUGHT_ROWS_INL
#else
#define SSMSCAN_SIMD_BROUGHT_ROWS_INL
#endif

#include <atomic>

#include <hwy/cache_control.h>

#include <ssmscan/scan/backends/simd/abreast-inl.hpp>
#include <ssmscan/scan/backends/simd/lanes.hpp>
#include <ssmscan/scan/backends/simd/lines-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR

// A vector of numbers, whole lines, past the cache.
template <class T, class D, class V>
HWY_INLINE void stream_numbers(D d, number<V, parts<T>> const& v, T* to) {
  auto* const reals = reinterpret_cast<real_of<T>*>(to);
  if constexpr (parts<T> == 1) {
    hn::Stream(v.part[0], d, reals);
  } else {
    constexpr std::size_t made_reals = parts<T> * lanes_of<D>;
    alignas(line_bytes) real_of<T> made[made_reals];
    hn::StoreInterleaved2(v.part[0], v.part[1], d, made);
    constexpr auto line = static_cast<std::size_t>(reals_of_line<real_of<T>>);
    if constexpr (made_reals < line) {
      for (std::size_t i = 0; i < made_reals; i += lanes_of<D>) hn::Stream(hn::Load(d, made + i), d, reals + i);
    } else {
      for (std::size_t i = 0; i < made_reals; i += line) stream_line(made + i, reals + i);
    }
  }
}

// A piece of memory that is asked for, so many lines with each row that is folded. Null: lines that are there, again and again.
template <class T>
class asked_lines {
 public:
  asked_lines(T const* from, void const* instead)
      : at_(reinterpret_cast<char const*>(from)), goes_on_(from != nullptr) {
    if (!goes_on_) at_ = static_cast<char const*>(instead);
  }
  // The line `step` lines on.
  HWY_INLINE void ask(std::ptrdiff_t step) const { hwy::Prefetch(at_ + step * line_bytes); }
  HWY_INLINE void advance(std::ptrdiff_t step) { at_ += goes_on_ ? step * line_bytes : 0; }

 private:
  char const* at_;
  bool goes_on_;
};

// Lanes [0, p.lanes), whole groups that begin a line of x, by strips of most_lines lines and narrower ones of what is left. A: whether
// each lane has an a of its own, or a row one for all. Rows: the way they follow one another in memory.
template <coefficients A, order Rows, class T>
class brought_rows {
  using D = hn::ScalableTag<real_of<T>>;
  static constexpr auto width = static_cast<index_t>(lanes_of<D>);
  // Vectors of a whole line are those of targets that have 32 registers.
  static constexpr index_t line = line_bytes / index_t{sizeof(T)},
                           most = static_cast<index_t>(most_vectors<T>) *
                                  (lanes_of<D> * sizeof(real_of<T>) < std::size_t{line_bytes} ? 1 : 2),
                           most_lines = most * width / line, on = Rows == order::up ? 1 : -1;

 public:
  static constexpr index_t group = HWY_MAX(width, line);

  explicit brought_rows(lanes_piece<T> const& p) : p_(p), of_a_(p.next_a, p.state), of_b_(p.next_b, p.state) {}
  HWY_INLINE void fold() { fold_by<most_lines>(0); }

 private:
  template <index_t Lines>
  HWY_INLINE void fold_by(index_t lane) {
    for (; p_.lanes - lane >= Lines * line; lane += Lines * line) fold_strip<Lines>(lane);
    if constexpr (Lines * line > group) fold_by<Lines / 2>(lane);
  }
  template <index_t Lines>
  HWY_INLINE void fold_strip(index_t lane) {
    D const d;
    constexpr auto numbers_of_row = static_cast<std::size_t>(Lines * line / width);
    constexpr auto all = std::make_index_sequence<numbers_of_row>{};
    constexpr bool one_a = A == coefficients::one_for_all;
    index_t const a_row = p_.a.time_stride, b_row = p_.b.time_stride, x_row = p_.x_time_stride;
    T const *a = p_.a.data + (one_a ? 0 : lane), *b = p_.b.data + lane;
    T *x = p_.x + lane, *const left = p_.state + lane;
    asked_lines<T> of_a = of_a_, of_b = of_b_;
    number<hn::Vec<D>, parts<T>> state[numbers_of_row], of_row;
    auto const place = [](auto v) { return static_cast<index_t>(v) * width; };
    auto const load = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
      state[v] = load_numbers<T>(d, (p_.starts ? b : left) + place(v));
    };
    auto const write = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
      stream_numbers<T>(d, state[v], x + place(v));
    };
    auto const step = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
      // A share of the row's lines with each of its vectors.
      constexpr index_t asked = Lines * static_cast<index_t>(v) / static_cast<index_t>(numbers_of_row),
                        to_ask = Lines * (static_cast<index_t>(v) + 1) / static_cast<index_t>(numbers_of_row) - asked;
      for (index_t i = asked; i < asked + to_ask; ++i) {
        if constexpr (!one_a) of_a.ask(on * i);
        of_b.ask(on * i);
      }
      std::atomic_signal_fence(std::memory_order_seq_cst);  // else a compiler asks for a whole row's lines at once
      auto const& of_lanes = one_a ? of_row : load_numbers<T>(d, a + place(v));
      state[v] = multiply_add(d, of_lanes, state[v], load_numbers<T>(d, b + place(v)));
      write(v);
    };
    auto const leave = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
      store_numbers<T>(d, state[v], left + place(v));
    };
    unrolled(all, load);
    index_t t = 0;
    index_t const time = p_.time;
    if (p_.starts) unrolled(all, write), a += a_row, b += b_row, x += x_row, t = 1;
    for (; t < time; ++t, a += a_row, b += b_row, x += x_row) {
      if constexpr (one_a) of_row = everywhere<T>(d, *a);
      unrolled(all, step);
      of_a.advance(on * Lines), of_b.advance(on * Lines);
    }
    unrolled(all, leave);
    of_a_ = of_a, of_b_ = of_b;
  }

  // Not copied: it was written a moment ago, number by number, and wider reads of it would wait until that is in the cache, behind
  // all lines that are on their way past it.
  lanes_piece<T> const& p_;
  asked_lines<T> of_a_, of_b_;
};

// Whether it is done: of whole groups past the cache only.
template <class T>
bool fold_brought(lanes_piece<T> const& p) {
  constexpr index_t group = brought_rows<coefficients::each_its_own, order::up, T>::group;
  if (p.how != write::past_the_cache || p.b.lane_stride != 1 || to_line(p.x) != 0 || p.lanes % group != 0) return false;
  auto const by = [&]<order Rows>(std::integral_constant<order, Rows>) HWY_ATTR {
    p.a.lane_stride == 1 ? brought_rows<coefficients::each_its_own, Rows, T>(p).fold()
                         : brought_rows<coefficients::one_for_all, Rows, T>(p).fold();
  };
  p.x_time_stride < 0 ? by(std::integral_constant<order, order::down>{})
                      : by(std::integral_constant<order, order::up>{});
  return true;
}

#else  // a vector is one lane

template <class T>
bool fold_brought(lanes_piece<T> const&) {
  return false;
}

#endif

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
