// Rows of lanes that are written past the cache, for one SIMD target: by strips, a few lines of each of some rows, which are
// folded into a buffer and written meanwhile the next strip is folded. A line that is on its way to memory has its place in
// the processor's queue of stores, where a read whose address ends in the same 12 bits waits for it; rows that lie a page apart
// have all their lines there. Row by row a tile comes back to such a place after its own few lines; by strips, after one or more
// strips of 64 lines.
#if defined(SSMSCAN_SIMD_STRIPS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_STRIPS_INL
#undef SSMSCAN_SIMD_STRIPS_INL
#else
#define SSMSCAN_SIMD_STRIPS_INL
#endif

#include <ssmscan/scan/backends/simd/lanes.hpp>
#include <ssmscan/scan/backends/simd/lines-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// Memory is asked for half a strip's rows ahead, meanwhile the last rows are folded for what the worker folds next; of narrower
// pieces it is not, as the processor brings the neighbours anyway. The best of 1, 2 and 4 lines, 8, 16 and 32 rows, 8 to 32
// ahead (docs/experiments/cpu_simd.md).
inline constexpr index_t strip_lines = 4, same_place_bytes = 1 << 12;

template <class T>
HWY_INLINE void ask_into_the_second_level(T const* at) {
  constexpr int to_read = 0, second_level = 2;
  __builtin_prefetch(at, to_read, second_level);
}

// A: whether each lane has an a of its own, or a row one for all.
template <coefficients A, class T>
class strip_folder {
  using D = hn::ScalableTag<real_of<T>>;
  using R = real_of<T>;
  static constexpr auto width = static_cast<index_t>(lanes_of<D>);
  static constexpr index_t line = line_bytes / index_t{sizeof(T)}, half = strip_rows / 2;

 public:
  static constexpr index_t group = HWY_MAX(width, line);  // lanes: whole vectors and whole lines

  explicit strip_folder(lanes_piece<T> const& p) : p_(p) {}
  strip_folder(strip_folder const&) = delete;

  // Lanes [begin, end), whole groups that begin a line of x, at strip_rows steps.
  HWY_INLINE void fold(index_t begin, index_t end, index_t t) {
    begin = fold_by<strip_lines>(begin, end, t);
    if constexpr (group < strip_lines * line) begin = fold_by<strip_lines / 2>(begin, end, t);
    if constexpr (group < strip_lines / 2 * line) fold_by<1>(begin, end, t);
  }
  void write_all() {
    for (index_t row = 0; waiting_.to != nullptr && row < strip_rows; ++row)
      for (index_t i = 0; i < waiting_.lanes; i += line)
        stream(waiting_.from + row * waiting_.lanes + i, waiting_.to + row * p_.x_time_stride + i);
    waiting_ = {};
  }

 private:
  static HWY_INLINE void stream(T const* from, T* to) {
    stream_line(reinterpret_cast<R const*>(from), reinterpret_cast<R*>(to));
  }
  T* place_of(std::size_t i) { return reinterpret_cast<T*>(out_[i]); }
  template <index_t Lines>
  HWY_INLINE index_t fold_by(index_t lane, index_t end, index_t t) {
    for (; end - lane >= Lines * line; lane += Lines * line) {
      if (waiting_.lanes != Lines * line) write_all();
      if (waiting_.to == nullptr) {
        fold_strip<Lines>(lane, t, [] {});
      } else {
        T const* from = waiting_.from;
        T* to = waiting_.to;
        index_t const row = p_.x_time_stride;
        fold_strip<Lines>(
            lane, t, [&]() HWY_ATTR __attribute__((always_inline)) {
              for (index_t i = 0; i < Lines * line; i += line) stream(from + i, to + i);
              from += Lines * line, to += row;
            });
      }
    }
    return lane;
  }
  template <index_t Lines, class Meanwhile>
  HWY_INLINE void fold_strip(index_t lane, index_t t, Meanwhile const& meanwhile) {
    D const d;
    constexpr auto all = std::make_index_sequence<static_cast<std::size_t>(Lines * line / width)>{};
    constexpr bool one_a = A == coefficients::one_for_all;
    T const *a = p_.a.data + (one_a ? 0 : lane) + t * p_.a.time_stride, *b = p_.b.data + lane + t * p_.b.time_stride;
    index_t const of_a = p_.a.time_stride, of_b = p_.b.time_stride;
    T *const state = p_.state + lane, *to = place_of(now_);
    number<hn::Vec<D>, parts<T>> x[all.size()], of_row;
    auto const place = [](auto v) { return static_cast<index_t>(v) * width; };
    auto const load = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
      x[v] = load_numbers<T>(d, state + place(v));
    };
    auto const step = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
      auto const& of_lanes = one_a ? of_row : load_numbers<T>(d, a + place(v));
      x[v] = multiply_add(d, of_lanes, x[v], load_numbers<T>(d, b + place(v)));
      store_numbers<T>(d, x[v], to + place(v));
    };
    auto const leave = [&](auto v) HWY_ATTR __attribute__((always_inline)) {
      store_numbers<T>(d, x[v], state + place(v));
    };
    auto const rows_of_half = [&](T const* later_a, T const* later_b) HWY_ATTR __attribute__((always_inline)) {
      for (index_t row = 0; row < half; ++row, a += of_a, b += of_b, to += Lines * line) {
        for (index_t i = 0; Lines == strip_lines && i < Lines * line; i += line) {
          if constexpr (!one_a) ask_into_the_second_level(later_a + i);
          ask_into_the_second_level(later_b + i);
        }
        later_a += of_a, later_b += of_b;
        if constexpr (one_a) of_row = everywhere<T>(d, *a);
        unrolled(all, step);
        meanwhile();
      }
    };
    unrolled(all, load);
    rows_of_half(a + half * of_a, b + half * of_b);
    bool const goes_on = t + 2 * strip_rows <= p_.time, elsewhere = !goes_on && p_.next_a != nullptr;
    rows_of_half(elsewhere ? p_.next_a + lane
                 : goes_on ? a + half * of_a
                           : a,  // what is read now costs nothing
                 elsewhere ? p_.next_b + lane
                 : goes_on ? b + half * of_b
                           : b);
    unrolled(all, leave);
    waiting_ = {place_of(now_), p_.x + lane + t * p_.x_time_stride, Lines * line};
    now_ = 1 - now_;
  }

  struct {
    T const* from = nullptr;
    T* to = nullptr;
    index_t lanes = 0;
  } waiting_;
  lanes_piece<T> const p_;  // a copy that no store can reach, so that its numbers stay in registers
  std::size_t now_ = 0;
  alignas(line_bytes) R out_[2][parts<T> * static_cast<std::size_t>(strip_rows * strip_lines * line)];
};

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
