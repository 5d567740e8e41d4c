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

inline constexpr double least_product = 0x1p-1000, most_product = 0x1p1000;
inline double times(double earlier, double later) {
  constexpr double least = least_product, most = most_product;
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

// What a walk of a block may leave out.
enum class kind : char {
  tame,   // every a is from 2^-16 to 2^16: no test at all
  plain,  // finite, and what comes between two looks is in range: a may be 0, of either sign
  any     // one step after the other
};
inline constexpr double least_tame = 0x1p-16, most_tame = 0x1p16;
static_assert(16 * run <= anew, "of tame numbers a* never begins anew");

// Of a chunk, block by block, step by step of all runs of a block (number [j * 16 + r] of it is step j of run r), and what is
// found on the way.
template <class Real>
struct alignas(64) basic_heinsen_scratch {
  using real = Real;
  alignas(64) float in_a[block], in_b[block], out[block + line_bytes / sizeof(float)];  // a block in the order of time
  alignas(64) float a[chunk], b[chunk];
  alignas(64) float x[block];
  alignas(64) Real log2_a[block];           // a* of a block
  alignas(64) Real states[run], last[run];  // what enters a run; the x that it leaves
  // The chunk's runs as maps; and joined, each block's up to and including a run, behind a place for what is before all.
  alignas(64) Real run_a[block], run_b[block];
  alignas(64) Real up_to_a[1 + block], up_to_b[1 + block];
  kind kinds[run];
  bool folded = false;  // by a sum, which leaves all of that to the walk of the same chunk that follows it
};
using heinsen_scratch = basic_heinsen_scratch<double>;

template <class Real>
affine_map<Real> run_map(basic_heinsen_scratch<Real> const& s, index_t r) {
  return {s.run_a[r], s.run_b[r]};
}
template <class Real>
affine_map<Real> up_to_run(basic_heinsen_scratch<Real> const& s, index_t r) {
  return {s.up_to_a[1 + r], s.up_to_b[1 + r]};
}

// The maps of the runs of the block at `begin`. Through all steps of each run by the block's own numbers: with pointers to a run's
// first step g++ 12 takes the addresses of the maps for multiples of those, and the whole function for one that writes nothing.
template <class Real>
void fold_runs(basic_heinsen_scratch<Real>& s, index_t begin) {
  for (index_t r = 0; r < run; ++r) {
    affine_map<Real> all{s.a[begin + r] == 0 ? Real(0) : Real(s.a[begin + r]), Real(s.b[begin + r])};
    for (index_t at = begin + r + run; at < begin + block; at += run)
      all = join(all, affine_map<Real>{Real(s.a[at]), Real(s.b[at])});
    s.run_a[begin / run + r] = all.a, s.run_b[begin / run + r] = all.b;
  }
}
// The runs' maps of the first `blocks` blocks, joined.
template <class Real>
void join_runs(basic_heinsen_scratch<Real>& s, index_t blocks) {
  for (index_t first = 0; first < blocks * run; first += run) {
    affine_map<Real> all = run_map(s, first);
    for (index_t r = first;; all = join(all, run_map(s, r))) {
      s.up_to_a[1 + r] = all.a, s.up_to_b[1 + r] = all.b;
      if (++r == first + run) break;
    }
  }
}
// What enters the runs of the block at `begin`, whose first s.states[0] does.
template <class Real>
void enter_runs(basic_heinsen_scratch<Real>& s, index_t begin) {
  for (index_t r = 1; r < run; ++r) s.states[r] = after(up_to_run(s, begin / run + r - 1), s.states[0]);
}
// x of the block at `begin`, where s.states enter the runs.
inline void walk_runs(heinsen_scratch& s, index_t begin) {
  for (index_t r = 0; r < run; ++r) {
    run_in_logarithms x(r == 0 ? s.states[0] : entering(s.states[r], s.last[r - 1]));
    for (index_t j = 0; j < run; ++j) {
      s.last[r] = x.step(j, s.a[begin + j * run + r], s.b[begin + j * run + r]);
      s.x[j * run + r] = static_cast<float>(s.last[r]);
    }
  }
}

// A chunk: first its blocks' runs as maps, then, by the state that enters, block by block. `blocks`: read(begin) puts the block
// there into s; fold(begin) makes its runs' maps, join(blocks) joins them; enter(begin) makes s.states of the first of them; walk(begin)
// its x of these; write(begin). Real: double, or what counts for it.
template <class Blocks, class Real>
void fold_chunk(Blocks& blocks, basic_heinsen_scratch<Real>&, index_t n) {
  for (index_t begin = 0; begin < n; begin += block) blocks.read(begin), blocks.fold(begin);
  blocks.join(detail::ceil_div(n, block));
}
template <class Blocks, class Real>
affine_map<Real> sum_chunk(Blocks& blocks, basic_heinsen_scratch<Real>& s) {
  fold_chunk(blocks, s, chunk);
  s.folded = true;
  affine_map<Real> all = up_to_run(s, run - 1);
  for (index_t last = 2 * run - 1; last < block; last += run) all = join(all, up_to_run(s, last));
  return all;
}
// n elements of a chunk that `enters` enters: x, and the state after it.
template <class Blocks, class Real>
Real walk_chunk(Blocks& blocks, basic_heinsen_scratch<Real>& s, index_t n, Real enters) {
  if (!s.folded) fold_chunk(blocks, s, n);
  s.folded = false;
  Real last = enters;
  affine_map<Real> before{};
  for (index_t begin = 0; begin < n; begin += block) {
    s.states[0] = begin == 0 ? enters : entering(after(before, enters), last);
    affine_map<Real> const of_block = up_to_run(s, begin / run + run - 1);
    before = begin == 0 ? of_block : join(before, of_block);
    blocks.enter(begin), blocks.walk(begin);
    last = s.last[run - 1];
    blocks.write(begin);
  }
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
  void (*flush)();  // as chunk_functions has it
  // log2_finite and exp2_both of n numbers.
  void (*log2)(float const* v, double* to, index_t n);
  void (*exp2)(double const* v, powers* to, index_t n);
};

}  // namespace ssmscan::simd
