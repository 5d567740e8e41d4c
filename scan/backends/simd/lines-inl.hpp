// Lines of memory for one SIMD target: written past the cache, and asked for ahead of their time.
#if defined(SSMSCAN_SIMD_LINES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_LINES_INL
#undef SSMSCAN_SIMD_LINES_INL
#else
#define SSMSCAN_SIMD_LINES_INL
#endif

#include <hwy/cache_control.h>

#include <ssmscan/scan/backends/simd/runs-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

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
    if constexpr (up) {
      for (std::ptrdiff_t i = begin; i < end; i += line) stream(i);
    } else {
      for (std::ptrdiff_t i = end - line; i >= begin; i -= line) stream(i);
    }
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

// Asks memory for a block's numbers ahead of their time, a share between two steps of other work.
template <class T>
struct ask_ahead {
  T const* first;       // in time
  std::ptrdiff_t line;  // bytes to the next: 64 or -64
  HWY_INLINE void operator()(std::size_t i, std::size_t n) const {
    constexpr std::size_t lines = std::max<std::size_t>(static_cast<std::size_t>(block) * sizeof(T) / 64, 1);
    for (std::size_t at = lines * i / n; at < lines * (i + 1) / n; ++at)
      hwy::Prefetch(reinterpret_cast<char const*>(first) + line * static_cast<std::ptrdiff_t>(at));
  }
};
struct ask_nothing {
  HWY_INLINE void operator()(std::size_t, std::size_t) const {}
};

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
