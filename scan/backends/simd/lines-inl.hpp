// Lines of memory for one SIMD target: written past the cache, and asked for ahead of their time.
#if defined(SSMSCAN_SIMD_LINES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_LINES_INL
#undef SSMSCAN_SIMD_LINES_INL
#else
#define SSMSCAN_SIMD_LINES_INL
#endif

#include <utility>

#include <hwy/cache_control.h>

#include <ssmscan/scan/backends/simd/runs-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// Lines that follow one another in memory, written past the cache.
template <class R>
inline constexpr std::ptrdiff_t reals_of_line = line_bytes / index_t{sizeof(R)};
template <class R>
HWY_INLINE void stream_line(R const* from, R* to) {
  constexpr std::ptrdiff_t line = reals_of_line<R>;
  hn::CappedTag<R, static_cast<std::size_t>(line)> const d;
  constexpr auto width = static_cast<std::ptrdiff_t>(lanes_of<std::remove_const_t<decltype(d)>>);
#pragma GCC unroll 1  // of scalars it would be unrolled into every step of the other work: minutes of compiling
  for (std::ptrdiff_t v = 0; v < line; v += width) hn::Stream(hn::LoadU(d, from + v), d, to + v);
}

// Lines that wait to be written, one behind the other.
template <class R>
struct waiting_lines {
  static constexpr std::ptrdiff_t line = reals_of_line<R>;
  R const* from = nullptr;
  R* to = nullptr;
  std::ptrdiff_t step = line, left = 0;  // reals to the next, lines

  void write_all() {
    for (; left > 0; --left, from += step, to += step) stream_line(from, to);
  }
  // The next of them, by the first in memory: another writes them. Null where they are fewer: then they are written here.
  struct taken {
    R const* from = nullptr;
    R* to = nullptr;
  };
  HWY_INLINE taken take(std::ptrdiff_t lines) {
    if (left < lines) {
      if (left > 0) write_all();
      return {};
    }
    std::ptrdiff_t const first = step > 0 ? 0 : (lines - 1) * step;
    taken const made{from + first, to + first};
    left -= lines, from += lines * step, to += lines * step;
    return made;
  }
};

// Writes groups of whole blocks past the cache, in whole lines of memory. A group's lines wait until the next group is
// worked on, and then go a few at a time: many at once would have the processor wait, and the memory be without work
// before and after. What a group leaves of a line waits beside the buffer of the group that is next in memory.
template <class T>
class line_writer {
  using R = real_of<T>;
  static constexpr std::ptrdiff_t line = waiting_lines<R>::line, width = static_cast<std::ptrdiff_t>(parts<T>),
                                  of_block = block * width, of_group = group<T> * of_block;

 public:
  // x: the place of the first number in time.
  line_writer(T* x, order of_time, chunk_scratch<T>& s) : up_(of_time == order::up) {
    for (index_t i = 0; i < 2; ++i) out_[i] = reinterpret_cast<R*>(s.out + i * s.of_group + s.room);
    go_to(x);
  }
  line_writer(line_writer const&) = delete;

  // Where block g of the group is made, its first number in time.
  HWY_INLINE T* place(index_t g) const {
    return reinterpret_cast<T*>(out_[now_]) + (up_ ? g * block : (group<T> - g) * block - 1);
  }
  // The group's first `blocks` blocks are made; no block follows where they are not all.
  HWY_INLINE void end_group(index_t blocks) {
    lines_.write_all();
    R *const out = out_[now_], *const next = out_[1 - now_];
    std::ptrdiff_t const begin = up_ ? 0 : of_group - blocks * of_block, end = begin + blocks * of_block;
    std::ptrdiff_t const in_lines = (end - begin - head_) / line * line, lines_end = begin + head_ + in_lines;
    if (up_) {
      if (!begun_) plain(0, head_);
      std::ptrdiff_t const first = begun_ && head_ > 0 ? head_ - line : head_;
      lines_ = {out + first, x_ + first, line, (lines_end - first) / line};
      std::copy(out + lines_end, out + end, next + (lines_end - end));
      x_ += end;
    } else {
      if (!begun_) plain(lines_end, end);
      std::ptrdiff_t const last = begun_ ? end + head_ : lines_end;
      lines_ = {out + last - line, x_ + last - line, -line, (last - begin - head_) / line};
      std::copy(out + begin, out + begin + head_, next + of_group);
      x_ += begin - of_group;
    }
    begun_ = true, now_ = 1 - now_;
  }
  // Goes on elsewhere: whole lines wait on, and go meanwhile the next group is worked on.
  void go_to(T* x) {
    end_last_line();
    x_ = reinterpret_cast<R*>(up_ ? x : x - (group<T> * block - 1)), head_ = to_line(x_);
  }
  void end_piece() {  // what waits
    lines_.write_all();
    end_last_line();
  }
  waiting_lines<R>& lines() { return lines_; }

 private:
  void end_last_line() {
    if (begun_ && head_ > 0) up_ ? plain(head_ - line, 0) : plain(of_group, of_group + head_);
    begun_ = false;
  }
  void plain(std::ptrdiff_t begin, std::ptrdiff_t end) {
    for (std::ptrdiff_t i = begin; i < end; ++i) x_[i] = out_[now_][i];
  }

  bool up_, begun_ = false;
  R *x_ = nullptr, *out_[2];
  std::ptrdiff_t head_ = 0;  // reals in front of the first whole line
  std::size_t now_ = 0;
  waiting_lines<R> lines_{};
};

// What memory does meanwhile a block is scanned, or finished, is a piece of it: so many lines of a and of b are asked for, and as
// many of x written, a share between two steps of the other work. Every instruction there counts: so a piece's lines go by
// addresses known to the compiler but for the first, those of x by rising ones, those of a and b the way time runs, as some
// processors read on by themselves the way in which they are asked (docs/experiments/cpu_simd.md).
template <class T>
inline constexpr std::ptrdiff_t lines_of_piece = block* index_t{sizeof(T)} / (2 * line_bytes);

// Pieces of an array as memory is asked for them: piece `number` from the number on that stands first in time.
template <class T>
class asked_pieces {
 public:
  // Null: none, and `instead` is asked for, which is in the first-level cache.
  asked_pieces(T const* first_in_time, index_t stride, void const* instead)
      : first_(static_cast<char const*>(instead)), step_(0) {
    if (first_in_time == nullptr) return;
    first_ = reinterpret_cast<char const*>(first_in_time), step_ = stride * lines_of_piece<T> * line_bytes;
  }
  HWY_INLINE char const* piece(index_t number) const { return first_ + number * step_; }

 private:
  char const* first_;
  std::ptrdiff_t step_;
};

template <class T, order Order>
HWY_INLINE void ask_for_lines(char const* from, std::ptrdiff_t begin, std::ptrdiff_t end) {
  constexpr std::ptrdiff_t step = Order == order::up ? line_bytes : -line_bytes;
  for (std::ptrdiff_t at = begin; at < end; ++at) hwy::Prefetch(from + at * step);
}
// along<Order>(): what is called between the steps of work on memory in which time runs that way.
template <class T>
struct memory_meanwhile {
  char const *a, *b;
  typename waiting_lines<real_of<T>>::taken x;

  template <order Order>
  struct calls {
    memory_meanwhile of;
    HWY_INLINE void operator()(std::size_t i, std::size_t n) const {
      constexpr auto lines = static_cast<std::size_t>(lines_of_piece<T>);
      auto const begin = static_cast<std::ptrdiff_t>(lines * i / n),
                 end = static_cast<std::ptrdiff_t>(lines * (i + 1) / n);
      ask_for_lines<T, Order>(of.a, begin, end), ask_for_lines<T, Order>(of.b, begin, end);
      if (of.x.to == nullptr) return;
      for (std::ptrdiff_t at = begin * reals_of_line<real_of<T>>; at < end * reals_of_line<real_of<T>>;
           at += reals_of_line<real_of<T>>)
        stream_line(of.x.from + at, of.x.to + at);
    }
  };
  template <order Order>
  HWY_INLINE calls<Order> along() const {
    return {*this};
  }
};
// Two pieces.
template <class T>
struct both_meanwhile {
  memory_meanwhile<T> one, other;
  template <order Order>
  HWY_INLINE auto along() const {
    return [ =, this ](std::size_t i, std::size_t n) HWY_ATTR __attribute__((always_inline)) {
      one.template along<Order>()(i, n), other.template along<Order>()(i, n);
    };
  }
};
struct nothing_meanwhile {
  HWY_INLINE void operator()(std::size_t, std::size_t) const {}
  template <order>
  HWY_INLINE nothing_meanwhile along() const {
    return {};
  }
};

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
