#pragma once
// Heinsen's formula in the places of look_back's steps, for float, in double: within a run of 20 elements
//
//   x[t] = exp(a*[t]) (x + sum_s exp(-a*[s]) b[s]),  a*[t] = log|a[1]| + ... + log|a[t]| from the run's beginning,
//
// signs apart, so that no sum cancels another. What enters a run comes from the runs, rows and tiles before it, which are
// joined as affine maps in double: that takes no logarithm, and errs by 2^-52 of S where u is 2^-24. b stays linear: it is
// its own exponential. Before |a*| leaves the range of exp, x is taken out and a* begins anew. a = 0 forgets what is earlier,
// of any kind. An a that is not finite is multiplied, as it has no use for logarithms.
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

  double2 log[entries];    // 1/c and log2 c, c in the middle of an interval
  double2 power[entries];  // 2^(k/128) and 2^(-k/128)

  SSMSCAN_HOST_DEVICE void fill(int thread, int threads) {
    for (int k = thread; k < entries; k += threads) {
      double const c = static_cast<double>(std::bit_cast<float>(offset + k * width + width / 2));
      double const part = static_cast<double>(k) / entries;
      log[k] = k == 77 ? make_double2(1, 0) : make_double2(1 / c, -std::log2(1 / c));
      power[k] = make_double2(std::exp2(part), std::exp2(-part));
    }
  }

  // Of a normal v > 0.
  SSMSCAN_HOST_DEVICE double log2_of_normal(float v) const {
    std::int32_t const moved = std::bit_cast<std::int32_t>(v) - offset;
    double2 const entry = log[(moved >> (23 - bits)) & (entries - 1)];
    double const m =
        static_cast<double>(std::bit_cast<float>(std::bit_cast<std::int32_t>(v) - (moved & ~((1 << 23) - 1))));
    double const r = std::fma(m, entry.x, -1.0);  // |r| < 2^-7
    double p = std::fma(r, log2_e / 5, -log2_e / 4);
    p = std::fma(r, p, log2_e / 3);
    p = std::fma(r, p, -log2_e / 2);
    p = std::fma(r, p, log2_e);
    return std::fma(r, p, entry.y + whole(moved >> 23));
  }
  // Of a finite v > 0.
  SSMSCAN_HOST_DEVICE double log2_of(float v) const {
    bool const normal = v >= std::numeric_limits<float>::min();
    return log2_of_normal(normal ? v : v * 0x1p23f) - (normal ? 0 : 23);
  }

  // 2^v and 2^-v share all but the last sums: up to the fourth power, even and odd ones apart.
  struct powers {
    double up, down;
  };
  // |v| <= 1000.
  SSMSCAN_HOST_DEVICE powers exp2_both(double v) const {
    constexpr double to_integer = 0x1.8p52;
    double const shifted = std::fma(v, double(entries), to_integer);
    auto const k = static_cast<std::int32_t>(std::bit_cast<std::int64_t>(shifted));
    double const r = std::fma(shifted - to_integer, -1.0 / entries, v);  // |r| <= 2^-8
    double const q = r * r;
    double even = std::fma(q, ln_2 * ln_2 * ln_2 * ln_2 / 24, ln_2 * ln_2 / 2);
    even = std::fma(q, even, 1.0);
    double const odd = r * std::fma(q, ln_2 * ln_2 * ln_2 / 6, ln_2);
    double2 const entry = power[k & (entries - 1)];
    return {scaled(entry.x * (even + odd), k >> bits), scaled(entry.y * (even - odd), -(k >> bits))};
  }
  SSMSCAN_HOST_DEVICE double exp2_of(double v) const { return exp2_both(v).up; }

 private:
  // An integer below 2^31 as a double: exact, and by an addition, as conversions are four times as slow.
  SSMSCAN_HOST_DEVICE static double whole(std::int32_t n) {
    constexpr std::uint64_t high = 0x4330000000000000u;  // 2^52
    auto const low = static_cast<std::uint32_t>(n) ^ 0x80000000u;
    return std::bit_cast<double>(high | low) - (0x1p52 + 0x1p31);
  }
  SSMSCAN_HOST_DEVICE static double scaled(double v, std::int32_t exponent) {
    return std::bit_cast<double>(std::bit_cast<std::int64_t>(v) + (static_cast<std::int64_t>(exponent) << 52));
  }
};

struct heinsen_steps {
  using scalar = float;
  using stored = float;
  using state = double;
  using map = affine_map<double>;  // a = 0: nothing that is earlier counts; else no product of a that are not 0 is 0
  using aggregate = map;
  using tables = log2_tables;
  static constexpr int slots = 4;
  static constexpr double most = 1000;    // of what exp2_both takes
  static constexpr double anew = 256;     // from here on a* begins anew: four times 149 more are still less than `most`
  static constexpr bool by_fours = true;  // four logarithms, and four pairs of exponentials, at a time

  // A product that leaves the range of double stays at its end, since 0 has a meaning of its own, and infinity times 0 is
  // nothing.
  static constexpr double least_product = 0x1p-1000, most_product = 0x1p1000;
  SSMSCAN_HOST_DEVICE static double times(double earlier, double later) {
    double const made = earlier * later;
    bool const inside = std::abs(made) >= least_product && std::abs(made) <= most_product;
    return inside ? made : times_outside(earlier, later);
  }
  SSMSCAN_HOST_DEVICE static double times_outside(double earlier, double later) {
    double const made = earlier * later;
    if (earlier == 0 || later == 0) return 0;
    if (!std::isfinite(earlier) || !std::isfinite(later)) return made;
    double const end = std::abs(made) < 1 ? least_product : most_product;
    return (earlier < 0) == (later < 0) ? end : -end;
  }

  SSMSCAN_HOST_DEVICE static map identity() { return {1, 0}; }
  SSMSCAN_HOST_DEVICE static map combine(tables const&, map const& earlier, map const& later) {
    if (later.a == 0) return later;
    return {times(earlier.a, later.a), std::fma(later.a, earlier.b, later.b)};
  }
  SSMSCAN_HOST_DEVICE static aggregate published(tables const&, map const& tile) { return tile; }
  SSMSCAN_HOST_DEVICE static state pass(aggregate const& tile, state x) {
    return tile.a == 0 ? tile.b : std::fma(tile.a, x, tile.b);
  }
  SSMSCAN_HOST_DEVICE static state passed_first(aggregate const& tile) { return tile.b; }
  SSMSCAN_HOST_DEVICE static state after(tables const&, map const& before, state x) { return pass(before, x); }
  SSMSCAN_HOST_DEVICE static state after_start(map const& before) { return before.b; }

  // The size of an a that is to be a factor, 1 where a is 0 and forgets.
  SSMSCAN_HOST_DEVICE static float size_of(float a) { return a == 0.0f ? 1.0f : std::abs(a); }
  SSMSCAN_HOST_DEVICE static bool is_normal(float size) {
    return std::bit_cast<std::uint32_t>(size) - 0x00800000u < 0x7f800000u - 0x00800000u;
  }
  // Each normal, or 0.
  SSMSCAN_HOST_DEVICE static bool all_plain(float4 const& a) {
    return is_normal(size_of(a.x)) && is_normal(size_of(a.y)) && is_normal(size_of(a.z)) && is_normal(size_of(a.w));
  }
  SSMSCAN_HOST_DEVICE static float at(float4 const& of, int k) {
    return k == 0 ? of.x : k == 1 ? of.y : k == 2 ? of.z : of.w;
  }

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
    SSMSCAN_HOST_DEVICE void step(tables const& t, float a, float b) {
      if (a == 0.0f) return start(b);
      if (!std::isfinite(a)) return start(std::fma(static_cast<double>(a), x(t), static_cast<double>(b)));
      if (std::abs(log2_a) > anew) start(x(t));
      log2_a += t.log2_of(std::abs(a));
      negative ^= std::signbit(a);
      double const inverse = t.exp2_both(log2_a).down;
      sum = std::fma(negative ? -inverse : inverse, static_cast<double>(b), sum);
    }
    SSMSCAN_HOST_DEVICE float value(tables const& t) const { return static_cast<float>(x(t)); }

    // Four steps; x after each.
    SSMSCAN_HOST_DEVICE float4 steps(tables const& t, float4 const& a, float4 const& b) {
      float4 made{};
      if (!all_plain(a)) {
#pragma unroll 1
        for (int k = 0; k < 4; ++k) {
          step(t, at(a, k), at(b, k));
          float const x = value(t);
          (k == 0 ? made.x : k == 1 ? made.y : k == 2 ? made.z : made.w) = x;
        }
        return made;
      }
      if (std::abs(log2_a) > anew) start(x(t));
      double l[4];
      log2_tables::powers of[4];
#pragma unroll
      for (int k = 0; k < 4; ++k) l[k] = t.log2_of_normal(size_of(at(a, k)));
#pragma unroll
      for (int k = 0; k < 4; ++k) l[k] = log2_a += l[k];
#pragma unroll
      for (int k = 0; k < 4; ++k) of[k] = t.exp2_both(l[k]);
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        negative ^= std::signbit(at(a, k));
        double const before = at(a, k) == 0.0f ? 0.0 : sum;
        sum = std::fma(negative ? -of[k].down : of[k].down, static_cast<double>(at(b, k)), before);
        (k == 0   ? made.x
         : k == 1 ? made.y
         : k == 2 ? made.z
                  : made.w) = static_cast<float>((negative ? -of[k].up : of[k].up) * sum);
      }
      return made;
    }
  };

  // The run as an affine map.
  struct folding {
    map own{1, 0};

    SSMSCAN_HOST_DEVICE void start(float x) { own = {0, static_cast<double>(x)}; }
    SSMSCAN_HOST_DEVICE void first(tables const& t, float a, float b) { step(t, a, b); }
    SSMSCAN_HOST_DEVICE void step(tables const&, float a, float b) {
      if (a == 0.0f) return start(b);
      own = {times(own.a, static_cast<double>(a)), std::fma(static_cast<double>(a), own.b, static_cast<double>(b))};
    }
    SSMSCAN_HOST_DEVICE void steps(tables const& t, float4 const& a, float4 const& b) {
      double product = 1, x = own.b;  // a product of four floats is within the range of double
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        double const a_k = at(a, k);
        product *= a_k;
        x = std::fma(a_k, x, static_cast<double>(at(b, k)));
      }
      if (std::abs(product) <= most_product && std::abs(x) <= std::numeric_limits<double>::max()) {
        own = {times(own.a, product), x};
      } else {  // 0 forgets infinities too
#pragma unroll 1
        for (int k = 0; k < 4; ++k) step(t, at(a, k), at(b, k));
      }
    }
    SSMSCAN_HOST_DEVICE map result(tables const&) const { return own; }
  };
};

}  // namespace ssmscan::device
