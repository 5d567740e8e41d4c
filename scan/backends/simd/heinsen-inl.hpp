// heinsen_steps.hpp for one SIMD target: the blocks of a chunk, read and written as they lie in memory, and the doors. The arithmetic
// is heinsen_runs-inl.hpp's.
#if defined(SSMSCAN_SIMD_HEINSEN_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_HEINSEN_INL
#undef SSMSCAN_SIMD_HEINSEN_INL
#else
#define SSMSCAN_SIMD_HEINSEN_INL
#endif

#include <ssmscan/scan/backends/simd/heinsen_runs-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// A block between the order of time and step by step of all runs: each(column, place of step by step) of what memory has. Time
// runs along memory or against it.
template <order Order, class Each>
HWY_INLINE void for_columns(float const* in_time, Each const& each) {
  run_lanes<float> const d;
  constexpr std::size_t lanes = lanes_of<run_lanes<float>>, at_once = numbers_at_once<float, run_lanes<float>>;
  constexpr std::ptrdiff_t apart = Order == order::up ? run : -run;
  for (std::size_t r = 0; r < rows; r += lanes)
    for (std::size_t j = 0; j < rows; j += at_once) {
      number<hn::Vec<run_lanes<float>>, 1> column[at_once];
      load_columns<float>(d, in_time + place<float, Order, at_once>(r, j), apart, column);
      in_time_order<Order>(column);
      for (std::size_t k = 0; k < at_once; ++k) each(column[k].part[0], (j + k) * rows + r);
    }
}
template <order Order>
HWY_INLINE void read_columns(float const* in_time, float* to) {
  run_lanes<float> const d;
  for_columns<Order>(in_time, [=](auto v, std::size_t at) HWY_ATTR { hn::Store(v, d, to + at); });
}
// The same of a block's a. Whether all of them are tame.
template <order Order>
HWY_INLINE bool read_columns_of_a(float const* in_time, float* to) {
  run_lanes<float> const d;
  hn::RebindToUnsigned<run_lanes<float>> const du;
  constexpr auto least = std::bit_cast<std::uint32_t>(static_cast<float>(least_tame)),
                 most = std::bit_cast<std::uint32_t>(static_cast<float>(most_tame));
  auto const first = hn::Set(du, least), span = hn::Set(du, most - least);
  auto farthest = hn::Zero(du);  // as bits, in which negative numbers are above all others
  for_columns<Order>(in_time, [&](auto v, std::size_t at) HWY_ATTR {
    farthest = hn::Max(farthest, hn::Sub(hn::BitCast(du, v), first));
    hn::Store(v, d, to + at);
  });
  return hn::AllTrue(du, hn::Eq(farthest, hn::Min(farthest, span)));
}
// Back. Along memory its rows are made whole, and so by the same way: to exchange rows and columns is its own inverse.
template <order Order>
HWY_INLINE void write_columns(float const* from, float* in_time) {
  run_lanes<float> const d;
  if constexpr (Order == order::up) {
    for_columns<order::up>(from, [=](auto v, std::size_t at) HWY_ATTR { hn::StoreU(v, d, in_time + at); });
  } else {
    constexpr std::size_t lanes = lanes_of<run_lanes<float>>, at_once = numbers_at_once<float, run_lanes<float>>;
    for (std::size_t r = 0; r < rows; r += lanes)
      for (std::size_t j = 0; j < rows; j += at_once) {
        number<hn::Vec<run_lanes<float>>, 1> column[at_once];
        for (std::size_t k = 0; k < at_once; ++k) column[k].part[0] = hn::Load(d, from + (j + k) * rows + r);
        in_time_order<Order>(column);
        store_columns<float>(d, column, in_time + place<float, Order, at_once>(r, j), -run);
      }
  }
}
// Past the cache: `first` is the block's first place in memory. Lines that are not all its own are in the cache for the next block.
template <order Order>
HWY_INLINE void write_columns_past_the_cache(float const* from, float* first, float* buffer) {
  run_lanes<float> const d;
  constexpr index_t line = reals_of_line<float>;
  index_t const head = to_line(first), in_front = (line - head) % line;
  if (Order == order::up && head == 0)
    return for_columns<order::up>(from, [=](auto v, std::size_t at) HWY_ATTR { hn::Stream(v, d, first + at); });
  write_columns<Order>(from, buffer + in_front + (Order == order::up ? 0 : block - 1));
  float *const begin = first - in_front, *const end = first + block;  // of what the buffer holds
  std::copy(buffer + in_front, buffer + in_front + head, first);
  index_t at = in_front + head;
  for (; begin + at + line <= end; at += line) stream_line(buffer + at, begin + at);
  std::copy(buffer + at, buffer + in_front + block, begin + at);
}

// The blocks of a chunk, copied into the order of time where they are not contiguous, not whole, or hold the first step of
// a sequence, which is one with a = 0.
class heinsen_blocks {
 public:
  heinsen_blocks(chunk_source<float> const& in, heinsen_scratch& s, chunk_sink<float> const* to)
      : in_(in),
        s_(s),
        to_(to),
        one_a_(in.a_stride == 0),
        up_(in.b_stride == 1 && (one_a_ || in.a_stride == 1)),
        down_(in.b_stride == -1 && (one_a_ || in.a_stride == -1)) {}

  void read(index_t begin) {
    bool const whole = begin + block <= in_.n, first = begin == 0 && in_.first != nullptr;
    bool const starts = next_ < in_.starts.count && in_.starts.offsets[next_] - in_.starts.begin < begin + block;
    float const *a = in_.a + begin * in_.a_stride, *b = in_.b + begin * in_.b_stride;
    if (!(up_ || down_) || !whole || first || starts) {
      copy(begin), every_a_ = false;
      read<order::up>(s_.in_a, s_.in_b, begin);
    } else if (one_a_) {
      if (!std::exchange(every_a_, true)) std::fill_n(s_.in_a, block, *in_.a);
      up_ ? read<order::up>(s_.in_a, b, begin) : read<order::down>(s_.in_a + (block - 1), b, begin);
    } else {
      up_ ? read<order::up>(a, b, begin) : read<order::down>(a, b, begin);
    }
  }
  void fold(index_t begin) {
    kind& of_block = s_.kinds[begin / block];
    if (tame_) {
      of_block = kind::tame, fold_tame(s_, begin);
    } else if (fold_plain(s_, begin)) {
      of_block = kind::plain;
    } else {
      of_block = kind::any, fold_runs(s_, begin);
    }
  }
  void join(index_t blocks) { blocks == run ? join_all_runs(s_) : join_runs(s_, blocks); }
  void enter(index_t begin) {
    if (enter_block(s_, begin))
      s_.kinds[begin / block] = kind::any;  // a state 0 may have another sign than the maps say
  }
  void walk(index_t begin) {
    auto const next = [&](float const* chunk_in_time) {  // what is there anyway, where nothing is to be asked for
      return chunk_in_time != nullptr ? chunk_in_time + begin * in_.b_stride : s_.b + begin;
    };
    next_block const then{next(in_.next_a), next(in_.next_b),
                          in_.next_b != nullptr ? in_.b_stride * reals_of_line<float> : 0};
    switch (s_.kinds[begin / block]) {
      case kind::tame:
        return walk_block<kind::tame>(s_, begin, then);
      case kind::plain:
        return walk_block<kind::plain>(s_, begin, then);
      case kind::any:
        return walk_runs(s_, begin);
    }
  }
  void write(index_t begin) {
    float* const x = to_->x + begin * to_->stride;
    bool const past_the_cache = to_->how == write::past_the_cache;
    if (begin + block <= in_.n && to_->stride == 1) {
      past_the_cache ? write_columns_past_the_cache<order::up>(s_.x, x, s_.out) : write_columns<order::up>(s_.x, x);
    } else if (begin + block <= in_.n && to_->stride == -1) {
      past_the_cache ? write_columns_past_the_cache<order::down>(s_.x, x - (block - 1), s_.out)
                     : write_columns<order::down>(s_.x, x);
    } else {
      write_columns<order::up>(s_.x, s_.out);
      for (index_t i = 0; i < std::min(block, in_.n - begin); ++i) x[i * to_->stride] = s_.out[i];
    }
  }

 private:
  template <order Order>
  HWY_INLINE void read(float const* a, float const* b, index_t begin) {
    tame_ = read_columns_of_a<Order>(a, s_.a + begin);
    read_columns<Order>(b, s_.b + begin);
  }
  HWY_NOINLINE void copy(index_t begin) {
    index_t const n = std::min(block, in_.n - begin);
    for (index_t i = 0; i < n; ++i) {
      s_.in_a[i] = in_.a[(begin + i) * in_.a_stride];
      s_.in_b[i] = in_.b[(begin + i) * in_.b_stride];
    }
    for (index_t i = n; i < block; ++i) s_.in_a[i] = 1, s_.in_b[i] = 0;  // after all that is there
    if (begin == 0 && in_.first != nullptr) s_.in_a[0] = 0, s_.in_b[0] = *in_.first;
    auto const& starts = in_.starts;
    for (; next_ < starts.count && starts.offsets[next_] - starts.begin < begin + block; ++next_) {
      index_t const t = starts.offsets[next_] - starts.begin, i = t - begin;
      float const own_b = in_.b[t * in_.b_stride];
      s_.in_b[i] = starts.initial == nullptr
                       ? own_b
                       : std::fma(in_.a[t * in_.a_stride], starts.initial[next_ * starts.initial_stride], own_b);
      s_.in_a[i] = 0;
    }
  }

  chunk_source<float> const& in_;
  heinsen_scratch& s_;
  chunk_sink<float> const* to_;
  bool one_a_, up_, down_;
  bool every_a_ = false, tame_ = false;  // in_a holds the one a; the block that was read is tame
  index_t next_ = 0;                     // start
};

inline map heinsen_summary(chunk_source<float> const& in, heinsen_scratch& s) {
  heinsen_blocks blocks(in, s, nullptr);
  return sum_chunk(blocks, s);
}
inline double heinsen_walk(chunk_source<float> const& in, heinsen_scratch& s, double const* state,
                           chunk_sink<float> const& to) {
  heinsen_blocks blocks(in, s, &to);
  return walk_chunk(blocks, s, in.n, state != nullptr ? *state : 0.0);  // nothing enters where a is 0 first
}

// A vector at a time, and what is left of one behind zeros.
inline void heinsen_log2(float const* v, double* to, index_t n) {
  double_runs const d;
  constexpr auto lanes = static_cast<index_t>(lanes_of<double_runs>);
  for (index_t i = 0; i < n; i += lanes) {
    alignas(64) double values[rows];
    index_t const here = std::min(lanes, n - i);
    for (index_t k = 0; k < lanes; ++k) values[k] = k < here ? v[i + k] : 1;
    hn::Vec<double_runs> made[1]{hn::Load(d, values)};
    log2_finite(d, made);
    hn::Store(made[0], d, values);
    std::copy_n(values, here, to + i);
  }
}
inline void heinsen_exp2(double const* v, powers* to, index_t n) {
  double_runs const d;
  constexpr auto lanes = static_cast<index_t>(lanes_of<double_runs>);
  for (index_t i = 0; i < n; i += lanes) {
    alignas(64) double up[rows], down[rows];
    index_t const here = std::min(lanes, n - i);
    for (index_t k = 0; k < lanes; ++k) up[k] = k < here ? v[i + k] : 0;
    hn::Vec<double_runs> const values[1]{hn::Load(d, up)};
    hn::Vec<double_runs> made_up[1], made_down[1];
    exp2_both(d, values, made_up, made_down);
    hn::Store(made_up[0], d, up), hn::Store(made_down[0], d, down);
    for (index_t k = 0; k < here; ++k) to[i + k] = {up[k], down[k]};
  }
}

template <class T>
constexpr heinsen_functions<T> heinsen_made() {
  if constexpr (std::same_as<T, float>) {
    return {&heinsen_summary, &heinsen_walk, &hwy::FlushStream, &heinsen_log2, &heinsen_exp2};
  } else {
    return {};
  }
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
