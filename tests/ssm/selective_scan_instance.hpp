#pragma once
// A selective scan with all that it views: sizes, rules, which operands vary, by what is asked for.
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <ssmscan/scan/registry.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan::ssm::test {

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
    A[0] = V(0);  // an integrator
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

template <class V>
void expect_inside(instance<V> const& got, detail::selective_expected<V> const& expected, std::string const& what) {
  for (std::size_t i = 0; i < expected.y.size(); ++i)
    ASSERT_LE(std::abs(static_cast<long double>(got.y[i]) - expected.y[i]), expected.y_bound[i]) << what << " y " << i;
  for (std::size_t i = 0; i < expected.state.size(); ++i) {
    std::complex<long double> const state(std::real(got.final[i]), std::imag(got.final[i]));
    ASSERT_LE(std::abs(state - expected.state[i]), expected.state_bound[i]) << what << " state " << i;
  }
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

// The modes that go step by step, and every algorithm that has bound (A).
template <class V>
void check_all_modes(options const& o, bool every_algorithm) {
  instance<V> one(o);
  selective_problem<V> const p = one.problem();
  auto const expected = detail::selective_reference(p, 1);
  for (selective_mode const mode : {selective_mode::fused, selective_mode::recurrence}) {
    choice const made =
        selective_scan(p, {.mode = mode, .scan = {.backend = "serial"}});  // threads: a test of their own
    EXPECT_EQ(made.algorithm, name_of(mode));
    expect_inside(one, expected, std::string(name_of(mode)) + " " + text_of(o));
  }
  algorithms::for_each([&](auto entry) {
    constexpr algorithm_info info = decltype(entry)::type::info;
    if (info.result == result_class::reformulates || (!every_algorithm && info.name != "sequential")) return;
    std::fill(one.y.begin(), one.y.end(), 99), std::fill(one.final.begin(), one.final.end(), V(99));
    choice const made =
        selective_scan(p, {.mode = selective_mode::unfused, .scan = {.algorithm = info.name, .backend = "serial"}});
    EXPECT_EQ(made.algorithm, info.name);
    expect_inside(one, detail::selective_reference(p, std::max<index_t>(info.roundings(o.time), 1)),
                  "unfused " + std::string(info.name) + " " + text_of(o));
  });
}

}  // namespace ssmscan::ssm::test
