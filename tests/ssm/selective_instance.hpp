#pragma once
// A selective scan's problem with random values, and everything that it views: shared by the tests of the CPU and of devices.
#include <cmath>
#include <complex>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm::test::selective {

inline std::size_t size(index_t n) { return static_cast<std::size_t>(n); }

enum class operand { constant, varying, grouped };

struct options {
  index_t batch = 2, channels = 6, states = 5, time = 37;
  selective_rule rule = selective_rule::mamba;
  operand B = operand::varying, C = operand::varying;
  bool D = true, z = true, softplus = true, initial = false;
  std::vector<index_t> offsets{}, begin{}, end{};
};

// Everything that a problem views.
template <class V>
struct instance {
  using T = typename real_part_of<V>::type;

  explicit instance(options const& o, unsigned seed = 1) : of(o), random(seed) {
    index_t const all = o.batch * o.channels * o.time;
    u = numbers<T>(all), delta = numbers<T>(all), z = numbers<T>(all);
    D = numbers<T>(o.channels), bias = numbers<T>(o.channels);
    if (!o.softplus)
      for (T& d : delta) d = std::abs(d) / 4;
    A = numbers<V>(o.channels * o.states);
    for (V& a : A) {
      if constexpr (is_complex<V>) {
        a = V(-std::abs(a.real()), 3 * a.imag());
      } else {
        a = -std::abs(a) - T(0.01);
      }
    }
    if (!A.empty()) A[0] = V(0);  // an integrator
    B = numbers<V>(amount(o.B)), C = numbers<V>(amount(o.C));
    initial = numbers<V>(o.batch * o.channels * sequences() * o.states);
    y.assign(size(all), T(99)), final.assign(initial.size(), V(99));
  }
  index_t sequences() const { return of.offsets.empty() ? 1 : index_t(of.offsets.size()) - 1; }

  selective_problem<V> problem() {
    tensor_shape const shape{of.batch, of.channels, of.time};
    selective_problem<V> p;
    p.u = tensor_view<T const>(u.data(), shape), p.delta = tensor_view<T const>(delta.data(), shape);
    p.A = {A.data(), of.channels, of.states};
    p.B = coefficient(B, of.B), p.C = coefficient(C, of.C);
    if (of.D) p.D = D;
    if (of.softplus) p.delta_bias = bias, p.activation = delta_activation::softplus;
    if (of.z) p.z = tensor_view<T const>(z.data(), shape);
    p.y = {y.data(), shape};
    p.rule = of.rule;
    if (of.initial) p.initial = dense_state<V const>(initial.data(), of.channels, of.states, sequences());
    p.final = dense_state(final.data(), of.channels, of.states, sequences());
    p.offsets = of.offsets, p.begin = of.begin, p.end = of.end;
    return p;
  }

  options of;
  std::mt19937 random;
  std::vector<T> u, delta, z, D, bias, y;
  std::vector<V> A, B, C, initial, final;

 private:
  index_t groups(operand kind) const { return kind == operand::grouped && of.channels % 2 == 0 ? 2 : 1; }
  index_t amount(operand kind) const {
    return kind == operand::constant ? of.channels * of.states : of.batch * groups(kind) * of.states * of.time;
  }
  selective_coefficient<V> coefficient(std::vector<V> const& values, operand kind) const {
    return kind == operand::constant ? constant_coefficient(values.data(), of.channels, of.states)
                                     : varying_coefficient(values.data(), groups(kind), of.states, of.time);
  }
  template <class N>
  std::vector<N> numbers(index_t count) {
    std::normal_distribution<double> normal;
    std::vector<N> values(size(count));
    for (N& value : values) {
      if constexpr (is_complex<N>) {
        value =
            N(static_cast<typename N::value_type>(normal(random)), static_cast<typename N::value_type>(normal(random)));
      } else {
        value = static_cast<N>(normal(random));
      }
    }
    return values;
  }
};

// check(options) of every rule, kind of B and C, and of D, z, softplus and an initial state there or not; how many.
template <class Check>
int over_the_grid(Check const& check) {
  int cases = 0;
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    for (operand const B : {operand::constant, operand::varying, operand::grouped}) {
      for (operand const C : {operand::constant, operand::varying, operand::grouped}) {
        for (int flags = 0; flags < 16; ++flags, ++cases) {
          options o{.rule = rule, .B = B, .C = C};
          o.D = flags & 1, o.z = flags & 2, o.softplus = flags & 4, o.initial = flags & 8;
          check(o);
        }
      }
    }
  }
  return cases;
}

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

inline std::string text_of(options const& o) {
  return std::string(name_of(o.rule)) + " B" + std::to_string(int(o.B)) + " C" + std::to_string(int(o.C)) + " D" +
         std::to_string(o.D) + " z" + std::to_string(o.z) + " softplus" + std::to_string(o.softplus) + " initial" +
         std::to_string(o.initial) + " " + std::to_string(o.channels) + "x" + std::to_string(o.states) + "x" +
         std::to_string(o.time);
}

}  // namespace ssmscan::ssm::test::selective
