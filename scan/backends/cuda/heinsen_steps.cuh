#pragma once
// Heinsen's formula in the places of look_back's steps, for float, in double: within a run
//
//   x[t] = exp(a*[t]) (x + sum_s exp(-a*[s]) b[s]),  a*[t] = log|a[1]| + ... + log|a[t]| from the run's beginning,
//
// signs apart, so that no sum cancels another; runs, rows and tiles are joined by what they leave and the sum of their
// logarithms. b stays linear: it is its own exponential. Before |a*| leaves the range of exp, x is taken out and a* begins
// anew. a = 0 forgets what is earlier, of any kind. An a that is not finite is multiplied, as it has no use for logarithms.
//
// Logarithms and exponentials are to base 2, from tables of 128 entries and short polynomials (Tang 1989, 1990): relative
// errors below 2^-41 of the logarithm, also next to 1, and 2^-46 of the exponential. What leaves the range of double between
// (|x| beyond 2^1000) is lost.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>

namespace ssmscan::device {

struct log2_tables {
  static constexpr int bits = 7, entries = 1 << bits;
  // Floats' bits less `offset`: exponent above, table index next. It puts 1 into the middle of an interval, whose entry is
  // exact, so that the logarithm is as exact relative to itself as elsewhere.
  static constexpr std::int32_t width = 1 << (23 - bits), one = 0x3f800000, offset = one - 77 * width - width / 2;
  static constexpr double log2_e = 1.4426950408889634, ln_2 = 0.6931471805599453;

  double2 log[entries];   // 1/c and log2 c, c in the middle of an interval
  double power[entries];  // 2^(k/128)

  SSMSCAN_HOST_DEVICE void fill(int thread, int threads) {
    for (int k = thread; k < entries; k += threads) {
      double const c = static_cast<double>(std::bit_cast<float>(offset + k * width + width / 2));
      log[k] = k == 77 ? make_double2(1, 0) : make_double2(1 / c, -std::log2(1 / c));
      power[k] = std::exp2(static_cast<double>(k) / entries);
    }
  }

  // Of a finite v > 0.
  SSMSCAN_HOST_DEVICE double log2_of(float v) const {
    std::int32_t scaled = 0;
    if (v < std::numeric_limits<float>::min()) v *= 0x1p23f, scaled = 23;
    std::int32_t const moved = std::bit_cast<std::int32_t>(v) - offset;
    double2 const entry = log[(moved >> (23 - bits)) & (entries - 1)];
    double const m =
        static_cast<double>(std::bit_cast<float>(std::bit_cast<std::int32_t>(v) - (moved & ~((1 << 23) - 1))));
    double const r = std::fma(m, entry.x, -1.0);  // |r| < 2^-7
    double p = std::fma(r, log2_e / 5, -log2_e / 4);
    p = std::fma(r, p, log2_e / 3);
    p = std::fma(r, p, -log2_e / 2);
    p = std::fma(r, p, log2_e);
    return std::fma(r, p, entry.y + static_cast<double>((moved >> 23) - scaled));
  }

  // Of |v| <= 1000.
  SSMSCAN_HOST_DEVICE double exp2_of(double v) const {
    constexpr double to_integer = 0x1.8p52;
    double const shifted = std::fma(v, double(entries), to_integer);
    auto const k = static_cast<std::int32_t>(std::bit_cast<std::int64_t>(shifted));
    double const r = std::fma(shifted - to_integer, -1.0 / entries, v);  // |r| <= 2^-8
    double p = std::fma(r, ln_2 * ln_2 * ln_2 * ln_2 / 24, ln_2 * ln_2 * ln_2 / 6);
    p = std::fma(r, p, ln_2 * ln_2 / 2);
    p = std::fma(r, p, ln_2);
    p = std::fma(r, p, 1.0);
    double const made = power[k & (entries - 1)] * p;
    return std::bit_cast<double>(std::bit_cast<std::int64_t>(made) + (static_cast<std::int64_t>(k >> bits) << 52));
  }
};

enum class factor : std::int32_t { positive, negative, zero };  // zero: nothing that is earlier counts

struct heinsen_map {
  double log2_a;  // of the product of |a|
  double x;       // left by what is in here alone
  factor a;
};

struct heinsen_steps {
  using scalar = float;
  using state = double;
  using map = heinsen_map;
  using aggregate = affine_map<double>;  // a = -0: nothing that is earlier counts
  using tables = log2_tables;
  static constexpr int slots = 4;
  static constexpr double most = 1000;    // of what exp2_of takes
  static constexpr double anew = 256;     // from here on a* begins anew: four times 149 more are still less than `most`
  static constexpr bool by_fours = true;  // whole runs: four logarithms, and four exponentials, at a time

  SSMSCAN_HOST_DEVICE static double exp2_within(tables const& t, double v) {
    return std::isfinite(v) ? t.exp2_of(std::fmax(-most, std::fmin(most, v))) : std::exp2(v);
  }
  SSMSCAN_HOST_DEVICE static double joined(double a, double earlier, double later) {
    return earlier == 0 && std::isfinite(a) ? later : std::fma(a, earlier, later);
  }

  SSMSCAN_HOST_DEVICE static map identity() { return {0, 0, factor::positive}; }
  SSMSCAN_HOST_DEVICE static map combine(tables const& t, map const& earlier, map const& later) {
    if (later.a == factor::zero) return later;
    double const size = exp2_within(t, later.log2_a);
    return {earlier.log2_a + later.log2_a, joined(later.a == factor::negative ? -size : size, earlier.x, later.x),
            earlier.a == factor::zero ? factor::zero
            : earlier.a == later.a    ? factor::positive
                                      : factor::negative};
  }
  SSMSCAN_HOST_DEVICE static aggregate published(tables const& t, map const& tile) {
    if (tile.a == factor::zero) return {-0.0, tile.x};
    double const size = exp2_within(t, tile.log2_a);
    return {tile.a == factor::negative ? -size : size, tile.x};  // never -0: |v| <= most, unless a itself is infinite
  }
  SSMSCAN_HOST_DEVICE static state pass(aggregate const& tile, state x) {
    return std::bit_cast<std::int64_t>(tile.a) == std::bit_cast<std::int64_t>(-0.0) ? tile.b
                                                                                    : joined(tile.a, x, tile.b);
  }
  SSMSCAN_HOST_DEVICE static state passed_first(aggregate const& tile) { return tile.b; }
  SSMSCAN_HOST_DEVICE static state after(tables const& t, map const& before, state x) {
    if (before.a == factor::zero) return before.x;
    double const size = exp2_within(t, before.log2_a);
    return joined(before.a == factor::negative ? -size : size, x, before.x);
  }
  SSMSCAN_HOST_DEVICE static state after_start(map const& before) { return before.x; }

  // x = +-2^log2_a sum.
  struct running {
    state sum;
    double log2_a = 0;
    bool negative = false;

    SSMSCAN_HOST_DEVICE running(state x) : sum(x) {}
    SSMSCAN_HOST_DEVICE state x(tables const& t) const {
      double const size = t.exp2_of(log2_a);
      return (negative ? -size : size) * sum;
    }
    SSMSCAN_HOST_DEVICE void start(double x) { sum = x, log2_a = 0, negative = false; }
    // Of the product before this step as well.
    template <class Before>
    SSMSCAN_HOST_DEVICE void step(tables const& t, float a, float b, Before const& before) {
      if (a == 0.0f) {
        before(0.0, factor::zero);
        return start(b);
      }
      factor const sign = std::signbit(a) ? factor::negative : factor::positive;
      if (!std::isfinite(a)) {
        before(std::log2(std::abs(static_cast<double>(a))), sign);
        return start(std::fma(static_cast<double>(a), x(t), static_cast<double>(b)));
      }
      double const l = t.log2_of(std::abs(a));
      before(l, sign);
      if (std::abs(log2_a) > anew) start(x(t));
      log2_a += l;
      negative ^= sign == factor::negative;
      double const inverse = t.exp2_of(-log2_a);
      sum = std::fma(negative ? -inverse : inverse, static_cast<double>(b), sum);
    }
    SSMSCAN_HOST_DEVICE void step(tables const& t, float a, float b) {
      step(t, a, b, [](double, factor) {});
    }
    SSMSCAN_HOST_DEVICE float value(tables const& t) const { return static_cast<float>(x(t)); }

    // Four steps, and out(k, x after the k-th).
    template <class Before, class Out>
    SSMSCAN_HOST_DEVICE void steps(tables const& t, float4 const& a, float4 const& b, Before const& before,
                                   Out const& out) {
      float const as[4] = {a.x, a.y, a.z, a.w}, bs[4] = {b.x, b.y, b.z, b.w};
      bool all = true;
#pragma unroll
      for (int k = 0; k < 4; ++k) all &= std::abs(as[k]) > 0.0f && std::abs(as[k]) <= std::numeric_limits<float>::max();
      if (!all) {
#pragma unroll 1
        for (int k = 0; k < 4; ++k) {
          float const a_k = k == 0 ? a.x : k == 1 ? a.y : k == 2 ? a.z : a.w;
          float const b_k = k == 0 ? b.x : k == 1 ? b.y : k == 2 ? b.z : b.w;
          step(t, a_k, b_k, before);
          out(k, *this);
        }
        return;
      }
      if (std::abs(log2_a) > anew) start(x(t));
      double l[4], inverse[4];
#pragma unroll
      for (int k = 0; k < 4; ++k) l[k] = t.log2_of(std::abs(as[k]));
      running after[4] = {*this, *this, *this, *this};
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        before(l[k], std::signbit(as[k]) ? factor::negative : factor::positive);
        log2_a += l[k];
        negative ^= std::signbit(as[k]);
        after[k].log2_a = log2_a, after[k].negative = negative;
      }
#pragma unroll
      for (int k = 0; k < 4; ++k) inverse[k] = t.exp2_of(-after[k].log2_a);
#pragma unroll
      for (int k = 0; k < 4; ++k)
        after[k].sum = sum = std::fma(after[k].negative ? -inverse[k] : inverse[k], static_cast<double>(bs[k]), sum);
#pragma unroll
      for (int k = 0; k < 4; ++k) out(k, after[k]);
    }
    SSMSCAN_HOST_DEVICE float4 steps(tables const& t, float4 const& a, float4 const& b) {
      float4 made;
      steps(
          t, a, b, [](double, factor) {},
          [&](int k, running const& at) {
            float const x = at.value(t);
            (k == 0 ? made.x : k == 1 ? made.y : k == 2 ? made.z : made.w) = x;
          });
      return made;
    }
  };

  struct folding {
    running run{0.0};
    double log2_a = 0;
    factor product = factor::positive;

    SSMSCAN_HOST_DEVICE void start(float x) { run.start(x), product = factor::zero; }
    SSMSCAN_HOST_DEVICE void first(tables const& t, float a, float b) { step(t, a, b); }
    SSMSCAN_HOST_DEVICE void step(tables const& t, float a, float b) {
      run.step(t, a, b, [this](double l, factor sign) { multiply(l, sign); });
    }
    SSMSCAN_HOST_DEVICE void steps(tables const& t, float4 const& a, float4 const& b) {
      run.steps(
          t, a, b, [this](double l, factor sign) { multiply(l, sign); }, [](int, running const&) {});
    }
    SSMSCAN_HOST_DEVICE void multiply(double l, factor sign) {
      log2_a += l;
      if (sign == factor::zero) product = factor::zero;
      if (product != factor::zero && sign == factor::negative)
        product = product == factor::negative ? factor::positive : factor::negative;
    }
    SSMSCAN_HOST_DEVICE map result(tables const& t) const { return {log2_a, run.x(t), product}; }
  };
};

}  // namespace ssmscan::device
