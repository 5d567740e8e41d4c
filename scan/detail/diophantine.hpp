#pragma once
// Is there an integer point 0 <= x[k] <= most[k] with  sum of coefficient[k] * x[k] = target  (all coefficients
// positive)? With the coefficients sorted downwards, the terms after k reach at most reach[k] and are multiples of
// divisor[k]; so x[k] lies in a short interval and in one residue class, and two last terms are solved without a
// search. The problem is NP-complete for many terms; for the few of an array view nearly every case ends within a few
// nodes, and a limit on nodes covers the rest. The same idea decides numpy.shares_memory.
#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

namespace ssmscan::detail {

enum class verdict { no, yes, open };

__extension__ typedef __int128 int128;  // sums of products of 64-bit strides and sizes

class bounded_diophantine {
 public:
  static constexpr int max_terms = 6;         // two views of three dimensions
  static constexpr int default_nodes = 1024;  // a millisecond or two at the worst

  // Adds coefficient * x, 0 <= x <= most. Terms with equal coefficients are one term.
  void add(int128 coefficient, int128 most) {
    if (coefficient == 0 || most <= 0) return;
    for (int k = 0; k < terms_; ++k)
      if (coefficient_[at(k)] == coefficient) {
        most_[at(k)] += most;
        return;
      }
    int k = terms_++;
    for (; k > 0 && coefficient_[at(k - 1)] < coefficient; --k) {
      coefficient_[at(k)] = coefficient_[at(k - 1)];
      most_[at(k)] = most_[at(k - 1)];
    }
    coefficient_[at(k)] = coefficient;
    most_[at(k)] = most;
  }

  // Is some value in [low, high] reached?
  verdict reaches(int128 low, int128 high, int nodes = default_nodes) {
    reach_[at(terms_)] = 0;
    divisor_[at(terms_)] = 0;
    for (int k = terms_ - 1; k >= 0; --k) {
      reach_[at(k)] = reach_[at(k + 1)] + coefficient_[at(k)] * most_[at(k)];
      divisor_[at(k)] = gcd(coefficient_[at(k)], divisor_[at(k + 1)]);
    }
    low = std::max<int128>(low, 0);
    high = std::min(high, reach_[0]);
    if (low > high) return verdict::no;
    if (terms_ == 0) return verdict::yes;
    nodes_left_ = nodes;
    bool open = false;
    for (int128 target = (low + divisor_[0] - 1) / divisor_[0] * divisor_[0]; target <= high; target += divisor_[0]) {
      verdict const v = search(0, target);
      if (v == verdict::yes) return v;
      open = open || v == verdict::open;
      if (nodes_left_ <= 0) return verdict::open;
    }
    return open ? verdict::open : verdict::no;
  }

 private:
  static constexpr std::size_t at(int k) { return static_cast<std::size_t>(k); }

  static int128 gcd(int128 p, int128 q) {
    while (q != 0) {
      int128 const r = p % q;
      p = q;
      q = r;
    }
    return p;
  }

  // x with p x = 1 (mod m), for coprime p and m > 1; 0 for m = 1.
  static int128 inverse(int128 p, int128 m) {
    int128 r0 = m, r1 = p % m, x0 = 0, x1 = 1;
    while (r1 != 0) {
      int128 const q = r0 / r1;
      std::tie(r0, r1) = std::pair(r1, r0 - q * r1);
      std::tie(x0, x1) = std::pair(x1, x0 - q * x1);
    }
    return m == 1 ? 0 : (x0 % m + m) % m;
  }

  // Invariant: 0 <= target <= reach[k] and divisor[k] divides target.
  verdict search(int k, int128 target) {
    if (--nodes_left_ < 0) return verdict::open;
    if (k == terms_ - 1) return verdict::yes;  // the divisor is the last coefficient itself
    int128 const c = coefficient_[at(k)], rest = reach_[at(k + 1)], g = divisor_[at(k)];
    int128 const step = divisor_[at(k + 1)] / g;  // solutions modulo the divisor of the rest are this far apart
    int128 const least = target > rest ? (target - rest + c - 1) / c : 0;
    int128 const most = std::min(most_[at(k)], target / c);
    int128 const residue = (target / g) % step * inverse(c / g % step, step) % step;
    bool open = false;
    for (int128 x = least + ((residue - least) % step + step) % step; x <= most; x += step) {
      verdict const v = search(k + 1, target - x * c);
      if (v == verdict::yes) return v;
      open = open || v == verdict::open;
      if (nodes_left_ <= 0) return verdict::open;
    }
    return open ? verdict::open : verdict::no;
  }

  std::array<int128, max_terms> coefficient_{}, most_{};
  std::array<int128, max_terms + 1> reach_{}, divisor_{};  // of the terms from k on
  int terms_ = 0;
  int nodes_left_ = 0;
};

}  // namespace ssmscan::detail
