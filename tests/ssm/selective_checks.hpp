#pragma once
// A selective scan on the CPU, in its modes, held to the bound of its definition.
#include "tests/ssm/selective_instance.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/registry.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan::ssm::test::selective {

template <class V>
void expect_inside(instance<V> const& got, detail::selective_expected<V> const& expected, std::string const& what) {
  for (std::size_t i = 0; i < expected.y.size(); ++i)
    ASSERT_LE(std::abs(static_cast<long double>(got.y[i]) - expected.y[i]), expected.y_bound[i]) << what << " y " << i;
  for (std::size_t i = 0; i < expected.state.size(); ++i) {
    std::complex<long double> const state(std::real(got.final[i]), std::imag(got.final[i]));
    ASSERT_LE(std::abs(state - expected.state[i]), expected.state_bound[i]) << what << " state " << i;
  }
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

}  // namespace ssmscan::ssm::test::selective
