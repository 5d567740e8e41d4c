// The arithmetic of heinsen_steps.hpp for one SIMD target: a block's sixteen runs side by side in vectors of double, wherever no
// step of them needs to be looked at by itself.
#if defined(SSMSCAN_SIMD_HEINSEN_RUNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_HEINSEN_RUNS_INL
#undef SSMSCAN_SIMD_HEINSEN_RUNS_INL
#else
#define SSMSCAN_SIMD_HEINSEN_RUNS_INL
#endif

#include <ssmscan/scan/backends/simd/heinsen_steps.hpp>
#include <ssmscan/scan/backends/simd/lines-inl.hpp>
#include <ssmscan/scan/backends/simd/log2-inl.hpp>

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

// What is asked of memory meanwhile a block is walked: as much of each array, line by line.
struct next_block {
  float const *a, *b;
  std::ptrdiff_t line;  // to the next in time

  HWY_INLINE void ask_for_a(std::size_t j) const { hwy::Prefetch(a + static_cast<std::ptrdiff_t>(j) * line); }
  HWY_INLINE void ask_for_b(std::size_t j) const { hwy::Prefetch(b + static_cast<std::ptrdiff_t>(j) * line); }
};
static_assert(block == run * reals_of_line<float>, "a line of each array a step");

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

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
