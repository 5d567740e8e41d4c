// semi_log.hpp for one SIMD target: runs that keep sums of logarithms, in chunks as affine ones are walked.
#if defined(SSMSCAN_SIMD_SEMI_LOG_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_SEMI_LOG_INL
#undef SSMSCAN_SIMD_SEMI_LOG_INL
#else
#define SSMSCAN_SIMD_SEMI_LOG_INL
#endif

#include <ssmscan/scan/backends/simd/chunk-inl.hpp>
#include <ssmscan/scan/backends/simd/semi_log.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

template <class D>
using natural = natural_constants<hn::TFromD<D>>;

// Of numbers that are neither subnormal, 0, infinite nor NaN; e: `raised` less where v was raised.
template <class D, class V>
HWY_INLINE V log_of_normal(D d, V v, V raised) {
  using k = natural<D>;
  hn::RebindToUnsigned<D> const du;
  auto const given = hn::BitCast(du, v);
  auto const moved = hn::Add(given, hn::Set(du, k::one - k::sqrt_half));
  V const counted = hn::BitCast(d, hn::Or(hn::ShiftRight<k::significand>(moved), hn::Set(du, k::whole)));
  V const e = hn::Sub(hn::Sub(counted, hn::Set(d, k::whole_offset)), raised);
  V const m = hn::BitCast(d, hn::Sub(hn::Add(given, hn::Set(du, k::one)), hn::And(moved, hn::Set(du, k::exponent))));
  V const f = hn::Sub(m, hn::Set(d, hn::TFromD<D>(1)));
  V q = hn::Set(d, k::log[std::size(k::log) - 1]);
  unrolled(
      std::make_index_sequence<std::size(k::log) - 1>{}, [&](auto i) HWY_ATTR
      __attribute__((always_inline)) { q = fused(d, f, q, hn::Set(d, k::log[std::size(k::log) - 2 - i])); });
  V const half = fused(d, f, q, hn::Set(d, hn::TFromD<D>(-0.5)));
  V const rest = fused(d, e, hn::Set(d, k::log_ln2_low), hn::Mul(hn::Mul(f, f), half));
  return hn::Add(fused(d, e, hn::Set(d, k::log_ln2_high), f), rest);
}
template <class D, class V>
HWY_NOINLINE V log_of_any(D d, V v) {
  using T = hn::TFromD<D>;
  using k = natural<D>;
  auto const infinity = hn::Set(d, std::numeric_limits<T>::infinity()), zero = hn::Zero(d);
  auto const subnormal = hn::Lt(v, hn::Set(d, std::numeric_limits<T>::min()));
  V const raised = hn::IfThenElse(subnormal, hn::Mul(v, hn::Set(d, k::raise)), v);
  V const made = log_of_normal(d, raised, hn::IfThenElse(subnormal, hn::Set(d, k::raised), zero));
  V const of_finite = hn::IfThenElse(hn::Eq(v, zero), hn::Neg(infinity), made);
  return hn::IfThenElse(hn::Lt(v, infinity), of_finite, v);
}
template <class D, class V>
HWY_INLINE V natural_log(D d, V v) {
  using T = hn::TFromD<D>;
  auto const plain = hn::And(hn::Ge(v, hn::Set(d, std::numeric_limits<T>::min())),
                             hn::Lt(v, hn::Set(d, std::numeric_limits<T>::infinity())));
  return HWY_LIKELY(hn::AllTrue(d, plain)) ? log_of_normal(d, v, hn::Zero(d)) : log_of_any(d, v);
}

// e^r, x = r + n ln 2, and n as the last bits of `shifted`.
template <class D, class V>
HWY_INLINE V exp_of_reduced(D d, V x, V& shifted) {
  using T = hn::TFromD<D>;
  using k = natural<D>;
  shifted = fused(d, x, hn::Set(d, k::log2_e), hn::Set(d, k::to_integer));
  V const n = hn::Sub(shifted, hn::Set(d, k::to_integer));
  V const r = fused(d, n, hn::Set(d, -k::ln2_low), fused(d, n, hn::Set(d, -k::ln2_high), x));
  V g = hn::Set(d, k::exp[std::size(k::exp) - 1]);
  unrolled(
      std::make_index_sequence<std::size(k::exp) - 1>{}, [&](auto i) HWY_ATTR
      __attribute__((always_inline)) { g = fused(d, r, g, hn::Set(d, k::exp[std::size(k::exp) - 2 - i])); });
  V const one = hn::Set(d, T(1));
  return fused(d, r, fused(d, r, g, one), one);
}
template <class D, class V>
HWY_NOINLINE V exp_of_any(D d, V v) {
  using k = natural<D>;
  hn::RebindToSigned<D> const di;
  V shifted;
  V const x = hn::Min(hn::Max(v, hn::Set(d, k::least)), hn::Set(d, k::most));
  V const of_r = exp_of_reduced(d, x, shifted);
  auto const whole = hn::Sub(hn::BitCast(di, shifted), hn::BitCast(di, hn::Set(d, k::to_integer)));
  auto const half = hn::ShiftRight<1>(whole), one = hn::BitCast(di, hn::Set(d, hn::TFromD<D>(1)));
  auto const two_to = [&](auto i) HWY_ATTR { return hn::BitCast(d, hn::Add(hn::ShiftLeft<k::significand>(i), one)); };
  V const made = hn::Mul(hn::Mul(of_r, two_to(half)), two_to(hn::Sub(whole, half)));
  return hn::IfThenElse(hn::Eq(v, v), made, v);
}
template <class D, class V>
HWY_INLINE V natural_exp(D d, V v) {
  using k = natural<D>;
  if (!HWY_LIKELY(hn::AllTrue(d, hn::Le(hn::Abs(v), hn::Set(d, k::plain))))) return exp_of_any(d, v);
  hn::RebindToUnsigned<D> const du;
  V shifted;
  V const of_r = exp_of_reduced(d, v, shifted);
  return hn::BitCast(d, hn::Add(hn::BitCast(du, of_r), hn::ShiftLeft<k::significand>(hn::BitCast(du, shifted))));
}

// a of a map of several steps, by its logarithm and by a number that has its sign.
template <class D, class V>
HWY_INLINE V a_of(D d, V log_a, V sign) {
  return hn::Or(natural_exp(d, log_a), hn::And(sign, hn::SignBit(d)));
}
template <class T>
HWY_INLINE T a_of(T log_a, T sign) {
  hn::CappedTag<T, 1> const d;
  return hn::GetLane(a_of(d, hn::Set(d, log_a), hn::Set(d, sign)));
}

// As kept and not_kept of runs-inl.hpp, with the logarithm of each run's a.
template <class T>
struct kept_in_logs {
  using lanes = run_lanes<T>;
  static constexpr bool in_logs = true;
  scanned_runs<T>* to;
  T* last_log;
};
template <class T>
struct not_kept_in_logs {
  using lanes = run_lanes<T>;
  static constexpr bool in_logs = true;
  T* last_log;
};

template <order Order, class T, class Scanned, class Between>
requires Scanned::in_logs HWY_INLINE void scan_runs(T const* a, T const* b, Scanned const& scanned, T* last_a,
                                                    T* last_b, Between const& between) {
  using D = typename Scanned::lanes;
  using V = hn::Vec<D>;
  D const d;
  constexpr std::size_t lanes = lanes_of<D>, at_once = numbers_at_once<T, D>;
  constexpr std::size_t calls = rows / lanes * (rows / at_once);
  constexpr std::ptrdiff_t apart = (Order == order::up ? 1 : -1) * static_cast<std::ptrdiff_t>(rows);
  for (std::size_t r = 0; r < rows; r += lanes) {
    V log_a = hn::Zero(d), of_all = log_a, sum = log_a;
#pragma GCC unroll 16
    for (std::size_t j = 0; j < rows; j += at_once) {
      number<V, 1> column_a[at_once], column_b[at_once];
      load_columns<T>(d, a + place<T, Order, at_once>(r, j), apart, column_a);
      load_columns<T>(d, b + place<T, Order, at_once>(r, j), apart, column_b);
      in_time_order<Order>(column_a), in_time_order<Order>(column_b);
#pragma GCC unroll 4
      for (std::size_t k = 0; k < at_once; ++k) {
        V const step_a = column_a[k].part[0], step_b = column_b[k].part[0], log = natural_log(d, hn::Abs(step_a));
        if (j + k == 0) {
          log_a = log, of_all = step_a, sum = step_b;
        } else {
          log_a = hn::Add(log, log_a), of_all = hn::Xor(of_all, step_a), sum = fused(d, step_a, sum, step_b);
        }
        if constexpr (requires { scanned.to; }) {
          std::size_t const row = (j + k) * scanned_runs<T>::step + r;
          V const product = j + k == 0 ? step_a : a_of(d, log_a, of_all);
          hn::Store(product, d, scanned.to->a + row), hn::Store(sum, d, scanned.to->b + row);
          if (j + k + 1 == rows) hn::StoreU(product, d, last_a + r);
        } else if (j + k + 1 == rows) {
          hn::StoreU(a_of(d, log_a, of_all), d, last_a + r);
        }
      }
      between(r / lanes * (rows / at_once) + j / at_once, calls);
    }
    hn::StoreU(log_a, d, scanned.last_log + r), hn::StoreU(sum, d, last_b + r);
  }
}

// A map that grows by one later map after the other; its a is only asked for.
template <class T>
struct growing_map {
  T log_a, sign, b;
  HWY_INLINE void join(T later_log, T later_a, T later_b) {
    b = scalar_multiply_add(later_a, b, later_b), log_a = later_log + log_a;
    sign = std::signbit(sign) == std::signbit(later_a) ? T(1) : T(-1);
  }
};

// What walk_chunks knows of the maps of a chunk, for semi_log.
template <class T>
class maps_in_logs {
 public:
  static constexpr coefficients a = coefficients::each_its_own;
  maps_in_logs(chunk_source<T> const&, chunk_scratch<T>& s) : s_(s) {}

  auto kept_at(index_t k) { return kept_in_logs<T>{&s_.scanned[s_.place(k)], last_log_ + s_.last_place(k)}; }
  void scan_ends(index_t first) {
    alignas(64) T signs[run];
    run_lanes<T> const d;
    for (index_t g = 0; g < group<T>; ++g) {
      index_t const place = s_.last_place(first + g);
      T const *const last_a = s_.last_a + place, *const last_b = s_.last_b + place, *const log = last_log_ + place;
      T *const end_a = s_.ends.a + g * run_ends<T>::row + run, *const end_b = s_.ends.b + g * run_ends<T>::row + run;
      growing_map<T> of_block{log[0], last_a[0], last_b[0]};
      T* const logs = end_log_ + g * run;
      for (index_t r = 0; r < run; ++r) {
        if (r > 0) of_block.join(log[r], last_a[r], last_b[r]);
        logs[r] = of_block.log_a, signs[r] = of_block.sign, end_b[r] = of_block.b;
      }
      for (index_t r = 0; r < run; r += static_cast<index_t>(lanes_of<run_lanes<T>>))
        hn::StoreU(a_of(d, hn::LoadU(d, logs + r), hn::LoadU(d, signs + r)), d, end_a + r);
    }
  }
  affine_map<T> with_block(index_t i, index_t k, affine_map<T> const& last) {
    T const log = end_log_[i % group<T> * run + run - 1];
    if (k % run == 0) {
      sum_ = {log, last.a, last.b};
      return last;
    }
    sum_.join(log, last.a, last.b);
    return {a_of(sum_.log_a, sum_.sign), sum_.b};
  }
  void start(T state) { sum_.b = state; }

 private:
  chunk_scratch<T>& s_;
  alignas(64) T last_log_[2 * group<T> * run]{};
  alignas(64) T end_log_[group<T> * run]{};
  growing_map<T> sum_{};
};

template <class T>
affine_map<T> semi_log_summary(chunk_source<T> const& in, chunk_scratch<T>& s) {
  block_reader<T> const blocks(in, s);
  alignas(64) T run_log[block];
  for (index_t begin = 0; begin < chunk; begin += block)
    blocks.scan(begin, in.first_of_block(begin), not_kept_in_logs<T>{run_log + begin / run}, s.run_a + begin / run,
                s.run_b + begin / run, nothing_meanwhile{});
  T block_a[run], block_b[run];
  growing_map<T> all{};
  for (index_t k = 0; k < run; ++k) {
    index_t const first = k * run;
    growing_map<T> of_block{run_log[first], s.run_a[first], s.run_b[first]};
    for (index_t r = first + 1; r < first + run; ++r) of_block.join(run_log[r], s.run_a[r], s.run_b[r]);
    block_a[k] = a_of(of_block.log_a, of_block.sign), block_b[k] = of_block.b;
    if (k == 0) {
      all = {of_block.log_a, block_a[0], block_b[0]};
    } else {
      all.join(of_block.log_a, block_a[k], block_b[k]);
    }
  }
  if (in.starts.count > 0) return sum_from_last_start(in, run_sums(s), sums_of(block_a, block_b));
  return {a_of(all.log_a, all.sign), all.b};
}

template <class T>
T semi_log_walk(chunk_source<T> const& in, chunk_scratch<T>& s, T const* state, chunk_sink<T> const& to) {
  return in.starts.count > 0 ? walk_chunks<starting::somewhere_inside, maps_in_logs<T>>(in, s, state, to)
                             : walk_chunks<starting::nowhere_inside, maps_in_logs<T>>(in, s, state, to);
}

// A vector at a time, and what is left of one behind ones.
template <class T, class Of>
HWY_INLINE void of_each(T const* v, T* to, index_t n, Of const& of) {
  run_lanes<T> const d;
  constexpr auto lanes = static_cast<index_t>(lanes_of<run_lanes<T>>);
  for (index_t i = 0; i < n; i += lanes) {
    alignas(64) T values[rows];
    index_t const here = std::min(lanes, n - i);
    for (index_t k = 0; k < lanes; ++k) values[k] = k < here ? v[i + k] : T(1);
    hn::Store(of(d, hn::Load(d, values)), d, values);
    std::copy_n(values, here, to + i);
  }
}
template <class T>
void semi_log_log(T const* v, T* to, index_t n) {
  of_each(v, to, n, [](auto d, auto x) HWY_ATTR { return natural_log(d, x); });
}
template <class T>
void semi_log_exp(T const* v, T* to, index_t n) {
  of_each(v, to, n, [](auto d, auto x) HWY_ATTR { return natural_exp(d, x); });
}

template <class T>
constexpr semi_log_functions<T> semi_log_made() {
  if constexpr (std::floating_point<T>) {
    return {{&semi_log_summary<T>, &semi_log_walk<T>, nullptr, &hwy::FlushStream}, &semi_log_log<T>, &semi_log_exp<T>};
  } else {
    return {};
  }
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
