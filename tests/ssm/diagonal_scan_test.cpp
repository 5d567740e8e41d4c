// A diagonal system by a scan goes through time in pieces; its bits are those of one linear_recurrence over the whole length, with
// drive() in front of it and read_out() behind.
#include <cstring>

#include "tests/ssm/channels.hpp"
#include "tests/ssm/simd_targets.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/detail/diagonal_scan.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
std::size_t size(index_t i) { return static_cast<std::size_t>(i); }

struct problem {
  index_t inputs, outputs, states, length;
  std::vector<index_t> offsets;
  bool initial;
};
struct answer {
  std::vector<double> y;
  std::vector<complex> final;
};

class instance {
 public:
  explicit instance(problem const& p) : p_(p) {
    test::numbers source(11);
    auto const some = [&](index_t count) {
      std::vector<complex> made;
      for (index_t i = 0; i < count; ++i) made.emplace_back(source.next(), source.next());
      return made;
    };
    for (index_t n = 0; n < p.states; ++n)
      a_.push_back(std::polar(1 - 0.1 / static_cast<double>(1 + n * n), 0.01 + 0.3 * static_cast<double>(n)));
    b_ = some(p.states * p.inputs), c_ = some(p.outputs * p.states);
    for (index_t i = 0; i < p.outputs * p.inputs; ++i) d_.push_back(source.next());
    for (index_t i = 0; i < p.inputs * p.length; ++i) u_.push_back(source.next());
    if (p.initial) initial_ = some(sequences() * p.states);
  }
  index_t sequences() const { return static_cast<index_t>(p_.offsets.size()) - 1; }
  linear_system::packed states_of(answer& made) const {
    return {p_.offsets, p_.initial ? initial_.data() : nullptr, made.final.data()};
  }
  answer nothing() const {
    return {std::vector<double>(size(p_.outputs * p_.length), 99.0),
            std::vector<complex>(size(sequences() * p_.states), 99.0)};
  }
  answer in_pieces(execution const& how) const {
    answer made = nothing();
    choice const ran =
        detail::diagonal_scan({p_.inputs, p_.outputs, p_.states, a_.data(), b_.data(), c_.data(), d_.data(), factor},
                              u_.data(), made.y.data(), p_.length, states_of(made), how);
    EXPECT_EQ(ran.backend, how.backend);
    EXPECT_EQ(ran.algorithm, how.algorithm == "automatic" ? ran.algorithm : how.algorithm);
    return made;
  }
  // The definition: the whole length of all states at once.
  answer at_once(execution const& how) const {
    answer made = nothing();
    std::vector<complex> x(size(p_.states * p_.length));
    for (index_t n = 0; n < p_.states; ++n)
      for (index_t t = 0; t < p_.length; ++t) {
        complex sum = drive(b_[size(n * p_.inputs)], u_[size(t)]);
        for (index_t q = 1; q < p_.inputs; ++q) sum += drive(b_[size(n * p_.inputs + q)], u_[size(q * p_.length + t)]);
        x[size(n * p_.length + t)] = sum;
      }
    tensor_shape const shape{1, p_.states, p_.length}, ends{1, p_.states, sequences()}, row{0, 1, p_.states};
    recurrence<complex> whole;
    whole.a = {a_.data(), shape, {0, 1, 0}};
    whole.x = {x.data(), shape};
    whole.b = whole.x;
    whole.final = {made.final.data(), ends, row};
    if (p_.initial) whole.initial = {initial_.data(), ends, row};
    if (sequences() != 1) whole.offsets = p_.offsets;
    linear_recurrence(whole, how);
    for (index_t p = 0; p < p_.outputs; ++p)
      for (index_t t = 0; t < p_.length; ++t) {
        double sum = 0;
        for (index_t n = 0; n < p_.states; ++n)
          sum += read_out(c_[size(p * p_.states + n)], x[size(n * p_.length + t)]);
        sum *= factor;
        for (index_t q = 0; q < p_.inputs; ++q) sum += d_[size(p * p_.inputs + q)] * u_[size(q * p_.length + t)];
        made.y[size(p * p_.length + t)] = sum;
      }
    return made;
  }

 private:
  static constexpr double factor = 2;
  problem p_;
  std::vector<complex> a_, b_, c_, initial_;
  std::vector<double> d_, u_;
};

template <class T>
bool same_bits(std::vector<T> const& some, std::vector<T> const& others) {
  bool const same_size = some.size() == others.size();
  return same_size && (some.empty() || std::memcmp(some.data(), others.data(), some.size() * sizeof(T)) == 0);
}

int expect_same_bits(problem const& p) {
  int cases = 0;
  instance const of(p);
  for (std::string_view const algorithm :
       {"automatic", "sequential", "chunked", "look_back", "look_back.textbook", "chunked.textbook", "blelloch"}) {
    answer const wanted = of.at_once({.algorithm = algorithm, .backend = "serial"});
    for (execution const& how : {execution{.algorithm = algorithm, .backend = "serial"},
                                 {.algorithm = algorithm, .backend = "openmp", .threads = 1},
                                 {.algorithm = algorithm, .backend = "openmp", .threads = 3}}) {
      // What automatic stands for may depend on how many threads there are.
      answer const expected = algorithm == "automatic" ? of.at_once(how) : wanted;
      answer const made = of.in_pieces(how);
      EXPECT_TRUE(same_bits(made.y, expected.y) && same_bits(made.final, expected.final))
          << algorithm << ' ' << how.backend << ' ' << how.threads << ", " << p.states << " states, " << p.length
          << " steps, " << p.offsets.size() - 1 << " sequences";
      ++cases;
    }
  }
  return cases;
}
constexpr int ways = 7 * 3;

TEST(DiagonalScan, InPiecesHasTheBitsOfTheWhole) {
  int cases = 0;
  // A chunk of the trees is 4096 steps, a piece of sequential 16384 values of a worker, 128 steps at least.
  for (index_t const states : {1, 3, 16, 70})
    for (index_t const length : {0, 1, 2, 127, 128, 129, 1024, 1025, 3073, 4095, 4096, 4097, 8191, 8192, 8193, 16387})
      for (bool const initial : {false, true}) cases += expect_same_bits({1, 1, states, length, {0, length}, initial});
  EXPECT_EQ(cases, 4 * 16 * 2 * ways);
  cases = 0;
  for (bool const initial : {false, true}) cases += expect_same_bits({3, 2, 5, 9000, {0, 9000}, initial});
  EXPECT_EQ(cases, 2 * ways);
}

TEST(DiagonalScan, PackedInPiecesHasTheBitsOfTheWhole) {
  int cases = 0;
  std::vector<std::vector<index_t>> const packings{{0, 0, 1, 1, 300, 4096, 4096, 4097, 9000, 9000},
                                                   {0, 5000, 9000},
                                                   {0, 0, 4096, 8192, 9000},
                                                   {0, 4095, 4096, 4097, 4113, 8191, 9000},
                                                   [] {
                                                     std::vector<index_t> made;
                                                     for (index_t t = 0; t < 9000; t += 7) made.push_back(t);
                                                     made.push_back(9000);
                                                     return made;
                                                   }()};
  for (auto const& offsets : packings)
    for (index_t const states : {1, 16, 67})
      for (bool const initial : {false, true}) cases += expect_same_bits({1, 1, states, 9000, offsets, initial});
  cases += expect_same_bits({2, 3, 4, 0, {0, 0, 0}, true});
  EXPECT_EQ(cases, (5 * 3 * 2 + 1) * ways);
}

TEST(DiagonalScan, EverySimdTargetHasTheSameBits) {
  int targets = 0;
  test::on_every_simd_target([&](std::string const& name) {
    SCOPED_TRACE(name);
    for (index_t const length : {15, 16, 17, 100}) expect_same_bits({2, 3, 5, length, {0, length}, true});
    ++targets;
  });
  EXPECT_GE(targets, 1);
}

// Rows that are read and written where they stand, and rows that are copied.
TEST(DiagonalScan, LayoutsHaveTheSameBits) {
  index_t const batch = 2, channels = 3, time = 4500;
  std::vector<diagonal_system> systems;
  for (index_t c = 0; c < channels; ++c)
    systems.push_back(test::s4d_channel(s4d_initialization::lin, discretization::zoh));
  layer const of(systems);
  tensor_shape const shape{batch, channels, time};
  std::vector<double> const u = test::some_signal(batch * channels * time);
  for (std::string_view const algorithm : {"sequential", "look_back", "blelloch"}) {
    layer_execution const how{.mode = mode::scan, .scan = {.algorithm = algorithm}};
    std::vector<double> y(u.size()), in_place = u, by_time(u.size()), reversed(u.size());
    of.run<double>({.input = {u.data(), shape}, .output = {y.data(), shape}}, how);
    of.run<double>({.input = {in_place.data(), shape}, .output = {in_place.data(), shape}}, how);
    of.run<double>({.input = {u.data(), shape}, .output = {by_time.data(), shape, layout::time_major}}, how);
    std::vector<double> backward(u.rbegin(), u.rend());
    of.run<double>(
        {.input = {backward.data(), shape}, .output = {reversed.data(), shape}, .direction = direction::reverse}, how);
    EXPECT_TRUE(same_bits(in_place, y)) << algorithm;
    tensor_view<double const> const strided{by_time.data(), shape, layout::time_major};
    index_t i = 0, others = 0;
    for (index_t b = 0; b < batch; ++b)
      for (index_t c = 0; c < channels; ++c)
        for (index_t t = 0; t < time; ++t, ++i)
          others += y[size(i)] != strided(b, c, t) || y[size(i)] != reversed[y.size() - 1 - size(i)];
    EXPECT_EQ(others, 0) << algorithm;
  }
}

TEST(DiagonalScan, RefusesBeforeItWrites) {
  layer const of(std::vector{test::s4d_channel(s4d_initialization::lin, discretization::zoh)});
  std::vector<double> const u = test::some_signal(50);
  for (std::string_view const algorithm : {"sequential", "look_back", "blelloch"}) {
    std::vector<double> y(u.size(), 99.0);
    EXPECT_THROW(of.run(u, 1, y, {.mode = mode::scan, .scan = {.algorithm = algorithm, .inner = "sequential"}}),
                 std::invalid_argument);
    EXPECT_EQ(y, std::vector<double>(u.size(), 99.0)) << algorithm;
  }
}

}  // namespace
}  // namespace ssmscan::ssm
