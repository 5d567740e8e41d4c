// heinsen_steps.hpp for one SIMD target: a block's sixteen runs side by side in vectors of double, wherever no step of them
// needs to be looked at by itself.
#if defined(SSMSCAN_SIMD_HEINSEN_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_HEINSEN_INL
#undef SSMSCAN_SIMD_HEINSEN_INL
#else
#define SSMSCAN_SIMD_HEINSEN_INL
#endif

#include <ssmscan/scan/backends/simd/heinsen_steps.hpp>
#include <ssmscan/scan/backends/simd/lines-inl.hpp>
#include <ssmscan/scan/backends/simd/log2-inl.hpp>
#include <ssmscan/scan/backends/simd/runs-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

using double_runs = hn::CappedTag<double, rows>;
using float_runs = hn::Rebind<float, double_runs>;

HWY_INLINE hn::Vec<float_runs> narrowed(hn::Vec<double_runs> v) {
  float_runs const d;
#if HWY_TARGET == HWY_SCALAR  // Highway's stays at the greatest number instead of infinity
  return hn::Set(d, static_cast<float>(hn::GetLane(v)));
#else
  return hn::DemoteTo(d, v);
#endif
}

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

// What is asked of memory meanwhile a block is walked: as much of each array, line by line.
struct next_block {
  float const *a, *b;
  std::ptrdiff_t line;  // to the next in time

  HWY_INLINE void ask_for_a(std::size_t j) const { hwy::Prefetch(a + static_cast<std::ptrdiff_t>(j) * line); }
  HWY_INLINE void ask_for_b(std::size_t j) const { hwy::Prefetch(b + static_cast<std::ptrdiff_t>(j) * line); }
};
static_assert(block == run * reals_of_line<float>, "a line of each array a step");

// Vectors that are worked on abreast, as each step of a polynomial waits for the one before: those of all runs, and where they are
// few, of several steps in time.
inline constexpr std::size_t vectors_abreast = 4, runs_abreast = HWY_MIN(vectors_abreast, rows / lanes_of<double_runs>),
                             steps_abreast = vectors_abreast / runs_abreast;

// The maps of the runs of a block whose a are tame.
HWY_NOINLINE inline void fold_tame(heinsen_scratch& s, index_t begin) {
  double_runs const d;
  float_runs const df;
  constexpr std::size_t lanes = lanes_of<double_runs>, abreast = runs_abreast;
  for (std::size_t r = 0; r < rows; r += abreast * lanes) {
    float const *const a = s.a + begin + r, *const b = s.b + begin + r;
    hn::Vec<double_runs> product[abreast], sum[abreast];
    for (std::size_t k = 0; k < abreast; ++k)
      product[k] = hn::PromoteTo(d, hn::Load(df, a + k * lanes)),
      sum[k] = hn::PromoteTo(d, hn::Load(df, b + k * lanes));
#pragma GCC unroll 16
    for (std::size_t j = 1; j < rows; ++j)
      for (std::size_t k = 0; k < abreast; ++k) {
        std::size_t const at = j * rows + k * lanes;
        auto const factor = hn::PromoteTo(d, hn::Load(df, a + at));
        product[k] = hn::Mul(product[k], factor);
        sum[k] = fused(d, factor, sum[k], hn::PromoteTo(d, hn::Load(df, b + at)));
      }
    for (std::size_t k = 0; k < abreast; ++k) {
      auto const of = static_cast<std::size_t>(begin / run) + r + k * lanes;
      hn::Store(product[k], d, s.run_a + of), hn::Store(sum[k], d, s.run_b + of);
    }
  }
}

// The maps of the block's runs. False: not of this block, where an a is not finite or a product far from 1.
HWY_NOINLINE inline bool fold_plain(heinsen_scratch& s, index_t begin) {
  double_runs const d;
  float_runs const df;
  constexpr std::size_t lanes = lanes_of<double_runs>;
  auto const zero = hn::Zero(d), one = hn::Set(d, 1.0);
  auto const least = hn::Set(d, 0x1p-200), most = hn::Set(d, 0x1p200);  // well within `anew`
  auto const infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  auto plain = hn::Eq(zero, zero);
  for (std::size_t r = 0; r < rows; r += lanes) {
    auto product = one, sum = zero;
    auto forgot = hn::Lt(zero, zero);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < rows; ++j) {
      std::size_t const at = static_cast<std::size_t>(begin) + j * rows + r;
      auto const a = hn::PromoteTo(d, hn::Load(df, s.a + at)), b = hn::PromoteTo(d, hn::Load(df, s.b + at));
      auto const forgets = hn::Eq(a, zero);
      auto const factor = hn::IfThenElse(forgets, one, a);
      product = j == 0 ? factor : hn::Mul(product, factor);
      sum = j == 0 ? b : hn::IfThenElse(forgets, b, fused(d, a, sum, b));
      forgot = hn::Or(forgot, forgets);
      plain = hn::And(plain, hn::Lt(hn::Abs(a), infinity));
      if (j % looked_at == looked_at - 1 && j + 1 < rows)
        plain = hn::And(plain, hn::And(hn::Ge(hn::Abs(product), least), hn::Le(hn::Abs(product), most)));
    }
    auto const of = static_cast<std::size_t>(begin / run) + r;
    hn::Store(hn::IfThenElse(forgot, zero, product), d, s.run_a + of);
    hn::Store(sum, d, s.run_b + of);
  }
  return hn::AllTrue(d, plain);
}

// `times` and `after`, number by number.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V times(D d, V earlier, V later) {
  auto const zero = hn::Zero(d), infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  auto const made = hn::Mul(earlier, later);
  auto const size = hn::Min(hn::Max(hn::Abs(made), hn::Set(d, least_product)), hn::Set(d, most_product));
  auto const finite = hn::And(hn::Lt(hn::Abs(earlier), infinity), hn::Lt(hn::Abs(later), infinity));
  auto const forgets = hn::Or(hn::Eq(earlier, zero), hn::Eq(later, zero));
  return hn::IfThenZeroElse(forgets, hn::IfThenElse(finite, hn::CopySign(size, made), made));
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V after(D d, V a, V b, V x) {
  return hn::IfThenElse(hn::Eq(a, hn::Zero(d)), b, fused(d, a, x, b));
}

// join_runs of a whole chunk, block beside block.
HWY_NOINLINE inline void join_all_runs(heinsen_scratch& s) {
  double_runs const d;
  using D = double_runs;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<double, D>;
  constexpr auto apart = static_cast<std::ptrdiff_t>(rows);
  for (std::size_t k = 0; k < rows; k += lanes) {
    hn::Vec<D> product, sum;
    for (std::size_t r = 0; r < rows; r += at_once) {
      number<hn::Vec<D>, 1> a[at_once], b[at_once];
      load_columns<double>(d, s.run_a + k * rows + r, apart, a),
          load_columns<double>(d, s.run_b + k * rows + r, apart, b);
      for (std::size_t i = 0; i < at_once; ++i) {
        if (r + i == 0) {
          product = a[0].part[0], sum = b[0].part[0];
        } else {
          sum = after(d, a[i].part[0], b[i].part[0], sum);
          product = times(d, product, a[i].part[0]);
        }
        a[i].part[0] = product, b[i].part[0] = sum;
      }
      store_columns<double>(d, a, s.up_to_a + 1 + k * rows + r, apart);
      store_columns<double>(d, b, s.up_to_b + 1 + k * rows + r, apart);
    }
  }
}
// s.states of the block at `begin`. Whether any but the first is 0.
HWY_INLINE bool enter_block(heinsen_scratch& s, index_t begin) {
  double_runs const d;
  constexpr std::size_t lanes = lanes_of<double_runs>;
  double const state = s.states[0];
  auto const enters = hn::Set(d, state), zero = hn::Zero(d);
  auto any = hn::Lt(zero, zero);
  for (std::size_t r = 0; r < rows; r += lanes) {
    auto const at = static_cast<std::size_t>(begin / run) + r;  // of what is up to the run before
    auto made = after(d, hn::Load(d, s.up_to_a + at), hn::Load(d, s.up_to_b + at), enters);
    auto is_zero = hn::Eq(made, zero);
    if (r == 0) {
      auto const first = hn::FirstN(d, 1);
      made = hn::IfThenElse(first, enters, made), is_zero = hn::AndNot(first, is_zero);
    }
    any = hn::Or(any, is_zero);
    hn::Store(made, d, s.states + r);
  }
  return !hn::AllFalse(d, any);
}

// x of a block that is tame or plain, which s.states enter. First a* of all steps, then all else: the two by turns, step by
// step, are longer than a processor looks ahead, and every step waits for the one before (docs/experiments/cpu_simd.md).
template <kind Kind>
HWY_NOINLINE void walk_block(heinsen_scratch& s, index_t begin, next_block const& next) {
  double_runs const d;
  float_runs const df;
  using V = hn::Vec<double_runs>;
  constexpr std::size_t lanes = lanes_of<double_runs>, abreast = runs_abreast, steps = steps_abreast;
  auto const zero = hn::Zero(d), one = hn::Set(d, 1.0), minus_zero = hn::Set(d, -0.0);
  for (std::size_t r = 0; r < rows; r += abreast * lanes) {
    float const *const a = s.a + begin + r, *const b = s.b + begin + r;
    double* const log2_a = s.log2_a + r;
    V total[abreast];
    for (std::size_t k = 0; k < abreast; ++k) total[k] = zero;
    for (std::size_t j = 0; j < rows; j += steps) {
      V log[steps * abreast];
      for (std::size_t i = 0; i < steps; ++i) {
        if (r == 0) next.ask_for_a(j + i);
        for (std::size_t k = 0; k < abreast; ++k) {
          V v = hn::PromoteTo(d, hn::Load(df, a + (j + i) * rows + k * lanes));
          if constexpr (Kind != kind::tame) v = hn::IfThenElse(hn::Eq(v, zero), one, hn::Abs(v));
          log[i * abreast + k] = v;
        }
      }
      log2_finite(d, log);
      for (std::size_t i = 0; i < steps; ++i)
        for (std::size_t k = 0; k < abreast; ++k) {
          total[k] = hn::Add(total[k], log[i * abreast + k]);
          hn::Store(total[k], d, log2_a + (j + i) * rows + k * lanes);
        }
    }
    V sum[abreast], x[abreast];
    for (std::size_t k = 0; k < abreast; ++k) sum[k] = hn::Load(d, s.states + r + k * lanes);
    for (std::size_t j = 0; j < rows; j += steps) {
      V of[steps * abreast], up[steps * abreast], down[steps * abreast];
      for (std::size_t i = 0; i < steps; ++i) {
        if (r == 0) next.ask_for_b(j + i);
        for (std::size_t k = 0; k < abreast; ++k)
          of[i * abreast + k] = hn::Load(d, log2_a + (j + i) * rows + k * lanes);
      }
      exp2_both(d, of, up, down);
      for (std::size_t i = 0; i < steps; ++i)
        for (std::size_t k = 0; k < abreast; ++k) {
          std::size_t const at = (j + i) * rows + k * lanes;
          if constexpr (Kind != kind::tame) {
            auto const v = hn::PromoteTo(d, hn::Load(df, a + at));
            sum[k] = hn::IfThenElse(hn::Eq(v, zero), minus_zero, hn::Xor(sum[k], hn::And(v, minus_zero)));
          }
          sum[k] = fused(d, down[i * abreast + k], hn::PromoteTo(d, hn::Load(df, b + at)), sum[k]);
          x[k] = hn::Mul(up[i * abreast + k], sum[k]);
          hn::Store(narrowed(x[k]), df, s.x + r + at);
        }
    }
    for (std::size_t k = 0; k < abreast; ++k) hn::Store(x[k], d, s.last + r + k * lanes);
  }
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
