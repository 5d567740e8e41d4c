#pragma once
// What heinsen.fused does with its runs, blocks and chunks (those of chunk.hpp), one number at a time: the text that
// heinsen-inl.hpp, which does it in vectors, follows bit for bit, and falls back to. For float, in double.
//
// Within a run, Heinsen's formula from the state that enters it:
//
//   x[t] = 2^a*[t] (x + sum_s 2^-a*[s] b[s]),   a*[t] = log2|a[1]| + ... + log2|a[t]| from the run's beginning.
//
// A sum carries the sign that x has at its step, so that zeros have the definition's. a = 0 forgets what is earlier, of any
// kind; an a that is not finite is multiplied, as it has no logarithm. Where |a*| has left `anew`, x is taken out and a*
// begins anew: what it may grow by until it is looked at again, four times 149, is still in the range of exp2_both.
//
// What enters a run comes from the runs before it, joined as affine maps in double: by that a step errs by 2^-53 of S,
// and no logarithm is needed. Products stay within 2^+-1000, since a product 0 has a meaning: nothing earlier counts.
#include <ssmscan/scan/backends/simd/chunk.hpp>
#include <ssmscan/scan/backends/simd/log2.hpp>

namespace ssmscan::simd {

using map = affine_map<double>;

inline constexpr double anew = 256;
inline constexpr index_t looked_at = 4;  // steps

inline double times(double earlier, double later) {
  constexpr double least = 0x1p-1000, most = 0x1p1000;
  double const made = earlier * later;
  if (std::abs(made) >= least && std::abs(made) <= most) return made;
  if (earlier == 0 || later == 0) return 0;
  if (!std::isfinite(earlier) || !std::isfinite(later)) return made;
  return std::copysign(std::abs(made) < 1 ? least : most, made);
}
inline double after(map const& m, double x) { return m.a == 0 ? m.b : std::fma(m.a, x, m.b); }
inline map join(map const& earlier, map const& later) { return {times(earlier.a, later.a), after(later, earlier.b)}; }

// x of a run that `state` enters, one step after the other.
class run_in_logarithms {
 public:
  explicit run_in_logarithms(double state) : sum_(state), x_(state) {}
  double step(index_t j, double a, double b) {
    if (j % looked_at == 0 && std::abs(log2_a_) > anew) sum_ = x_, log2_a_ = 0;
    if (!std::isfinite(a)) {
      log2_a_ = 0;
      return x_ = sum_ = std::fma(a, x_, b);
    }
    log2_a_ += log2_finite(a == 0 ? 1.0 : std::abs(a));
    powers const of = exp2_both(log2_a_);
    double const before = a == 0 ? -0.0 : std::signbit(a) ? -sum_ : sum_;
    sum_ = std::fma(of.down, b, before);
    return x_ = of.up * sum_;
  }

 private:
  double sum_, log2_a_ = 0, x_;
};

// The state that enters, where the maps say `by_maps` and the step before left `last`: they differ in a zero's sign only,
// which maps do not keep.
inline double entering(double by_maps, double last) { return by_maps == 0 && last == 0 ? last : by_maps; }

// Of a block, step by step of all its runs (number [j * 16 + r] is step j of run r), and what is found on the way.
template <class Real>
struct alignas(64) basic_heinsen_scratch {
  using real = Real;
  alignas(64) float in_a[block], in_b[block], out[block];  // in the order of time
  alignas(64) float a[block], b[block], x[block];
  alignas(64) Real states[run], last[run];  // what enters a run; the x that it leaves
  // Of a chunk: its runs as maps, and whether a block's steps need no looking at. A sum leaves them to the walk of the same
  // chunk that follows it (`folded`).
  alignas(64) Real run_a[block], run_b[block];
  bool plain[run];
  bool folded = false;
};
using heinsen_scratch = basic_heinsen_scratch<double>;

template <class Real>
affine_map<Real> map_of(basic_heinsen_scratch<Real> const& s, index_t r) {
  return {s.run_a[r], s.run_b[r]};
}

// The maps of the block's runs, which are the chunk's from `first` on.
template <class Real>
void fold_runs(basic_heinsen_scratch<Real>& s, index_t first) {
  for (index_t r = 0; r < run; ++r) {
    affine_map<Real> all{s.a[r] == 0 ? Real(0) : Real(s.a[r]), Real(s.b[r])};
    for (index_t at = r + run; at < block; at += run) all = join(all, affine_map<Real>{Real(s.a[at]), Real(s.b[at])});
    s.run_a[first + r] = all.a, s.run_b[first + r] = all.b;
  }
}
// x, where s.states enter the runs.
inline void walk_runs(heinsen_scratch& s) {
  for (index_t r = 0; r < run; ++r) {
    run_in_logarithms x(r == 0 ? s.states[0] : entering(s.states[r], s.last[r - 1]));
    for (index_t j = 0; j < run; ++j) {
      s.last[r] = x.step(j, s.a[j * run + r], s.b[j * run + r]);
      s.x[j * run + r] = static_cast<float>(s.last[r]);
    }
  }
}

// A chunk, block by block. `blocks`: read(begin) puts the block there into s; fold(begin) folds its runs; walk(begin) makes
// its x from s.states; write(begin). Real: double, or what counts for it.
template <class Blocks, class Real>
affine_map<Real> sum_chunk(Blocks& blocks, basic_heinsen_scratch<Real>& s) {
  affine_map<Real> all{};
  for (index_t begin = 0; begin < chunk; begin += block) {
    blocks.read(begin), blocks.fold(begin);
    index_t const first = begin / run;
    affine_map<Real> of_block = map_of(s, first);
    for (index_t r = 1; r < run; ++r) of_block = join(of_block, map_of(s, first + r));
    all = begin == 0 ? of_block : join(all, of_block);
  }
  s.folded = true;
  return all;
}
// n elements of a chunk that `enters` enters: x, and the state after it.
template <class Blocks, class Real>
Real walk_chunk(Blocks& blocks, basic_heinsen_scratch<Real>& s, index_t n, Real enters) {
  Real last = enters;
  affine_map<Real> before{};
  for (index_t begin = 0; begin < n; begin += block) {
    blocks.read(begin);
    if (!s.folded) blocks.fold(begin);
    index_t const first = begin / run;
    s.states[0] = begin == 0 ? enters : entering(after(before, enters), last);
    affine_map<Real> so_far = map_of(s, first);
    for (index_t r = 1; r < run; ++r) {
      s.states[r] = after(so_far, s.states[0]);
      so_far = join(so_far, map_of(s, first + r));
    }
    before = begin == 0 ? so_far : join(before, so_far);
    blocks.walk(begin);
    last = s.last[run - 1];
    blocks.write(begin);
  }
  s.folded = false;
  return entering(after(before, enters), last);
}

// The doors to what is compiled once a SIMD target: as chunk_functions, with maps and states in double.
template <class T>
struct heinsen_functions {};
template <>
struct heinsen_functions<float> {
  using real = double;
  map (*summary)(chunk_source<float> const&, heinsen_scratch&);
  double (*walk)(chunk_source<float> const&, heinsen_scratch&, double const* state, chunk_sink<float> const&);
  // log2_finite and exp2_both of n numbers.
  void (*log2)(float const* v, double* to, index_t n);
  void (*exp2)(double const* v, powers* to, index_t n);
};

}  // namespace ssmscan::simd
