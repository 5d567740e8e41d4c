// S4D on a device: the kernel against the CPU's, the scan against the definition, each within a derived bound; and what must be
// equal bit for bit: runs, batches, tiles one after another and side by side.
#include "tests/cuda/s4.hpp"
#include "tests/ssm/reference_data.hpp"

#include <ssmscan/ssm/cuda/diagonal_layer.hpp>
#include <ssmscan/ssm/detail/device_layer_bounds.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>

namespace ssmscan::s4 {
namespace {

using ssm::diagonal_system;
using wide = std::complex<long double>;

template <class T>
class CudaDiagonal : public testing::Test {};
TYPED_TEST_SUITE(CudaDiagonal, reals);

// S4D's initialisation by LegS's spectrum, roughly; steps of several orders.
std::vector<diagonal_system> systems(index_t states, index_t channels,
                                     ssm::discretization rule = ssm::discretization::zoh) {
  std::vector<diagonal_system> made;
  for (index_t h = 0; h < channels; ++h) {
    diagonal_system system{.d = 0.5 - double(h), .step = 0.001 * std::pow(10.0, double(h % 4) * 0.7), .rule = rule};
    for (index_t n = 0; n < states; ++n) {
      system.lambda.push_back({-0.5 - 0.01 * double(n), 3.14159 * double(n)});
      system.b.push_back(std::polar(1.0, 0.3 * double(n)));
      system.c.push_back(std::polar(0.5, 0.9 * double(n + 3 * h)));
    }
    made.push_back(std::move(system));
  }
  return made;
}

TYPED_TEST(CudaDiagonal, KernelIsThatOfTheCpu) {
  using T = TypeParam;
  for (index_t const states : {1, 3, 4, 7, 16, 32, 33, 64, 128, 256}) {
    for (index_t const length : {index_t{1}, index_t{3}, index_t{63}, index_t{64}, index_t{97}, index_t{1000},
                                 index_t{4093}, index_t{4097}, index_t{20000}}) {
      if (states > 33 && length > 1000) continue;  // tap by tap on the host takes its time
      for (auto const rule : {ssm::discretization::zoh, ssm::discretization::bilinear}) {
        auto const all = systems(states, 2, rule);
        device::diagonal_layer<T> const layer(all);
        gpu::array<T> taps(2 * length);
        taps.fill_bytes(0xff);
        layer.kernel({taps.data(), 2, length});
        need_success(cudaDeviceSynchronize(), "making a kernel");
        auto const made = taps.values();
        for (index_t h = 0; h < 2; ++h) {
          auto const expected = ssm::diagonal_kernel_by_taps(all[at(h)], length);
          auto const bound = ssm::detail::device_kernel_bound<T>(all[at(h)], length);
          for (index_t l = 0; l < length; ++l)
            ASSERT_LE(std::abs(double(made[at(h * length + l)]) - expected[at(l)]), bound[at(l)])
                << states << ' ' << length << ' ' << h << ' ' << l;
        }
      }
    }
  }
}

// The definition in long double, with a = e^(step lambda); and sum |c| |a|^k |b u| and the states' like, which the errors go by.
struct expected_scan {
  std::vector<long double> y, size;
  std::vector<wide> state;
  std::vector<long double> state_size;
};
template <class T>
expected_scan define(diagonal_system const& system, std::vector<T> const& u,
                     std::vector<std::complex<T>> const& initial) {
  expected_scan made{std::vector<long double>(u.size()), std::vector<long double>(u.size()), {}, {}};
  auto const discrete = ssm::discretize(system);
  for (std::size_t t = 0; t < u.size(); ++t) {
    made.y[t] = static_cast<long double>(system.d) * u[t];
    made.size[t] = std::abs(made.y[t]);
  }
  for (std::size_t n = 0; n < system.lambda.size(); ++n) {
    wide const a = std::exp(static_cast<long double>(system.step) * wide(system.lambda[n])), b(discrete.b[n]),
               c = 2.0L * wide(system.c[n]);
    wide x = initial.empty() ? wide(0) : wide(initial[n]);
    long double size = std::abs(x);
    for (std::size_t t = 0; t < u.size(); ++t) {
      x = a * x + b * static_cast<long double>(u[t]);
      size = std::abs(a) * size + std::abs(b * static_cast<long double>(u[t]));
      made.y[t] += (c * x).real(), made.size[t] += std::abs(c) * size;
    }
    made.state.push_back(x), made.state_size.push_back(size);
  }
  return made;
}
template <class T>
class layer_there {
 public:
  layer_there(std::vector<diagonal_system> const& all, index_t batch, index_t length, bool with_states)
      : layer(all),
        shape{batch, index_t(all.size()), length},
        states{batch, index_t(all.size()), layer.states()},
        u(batch * index_t(all.size()) * length),
        y(batch * index_t(all.size()) * length),
        initial(batch * layer.channels() * layer.states()),
        final(batch * layer.channels() * layer.states()),
        has_states(with_states) {
    y.fill_bytes(0xff), final.fill_bytes(0xff);
  }
  device::diagonal_call<T> call() const {
    device::diagonal_call<T> made{.u = {u.data(), shape}, .y = {y.data(), shape}};
    if (has_states) made.initial = {initial.data(), states}, made.final = {final.data(), states};
    return made;
  }
  void run(device::diagonal_call<T> const& of) const {
    workspace_of const workspace(layer.workspace_bytes(of.u.shape.batch, of.u.shape.time));
    layer.scan(of, {.workspace = workspace.span()});
    need_success(cudaDeviceSynchronize(), "scanning");
  }
  device::diagonal_layer<T> layer;
  tensor_shape shape, states;
  gpu::array<T> u, y;
  gpu::array<std::complex<T>> initial, final;
  bool has_states;
};

template <class T>
std::vector<std::complex<T>> some_states(index_t count) {
  auto const parts = signal<T>(2 * count, 77);
  std::vector<std::complex<T>> made;
  for (index_t i = 0; i < count; ++i) made.push_back({parts[at(2 * i)], parts[at(2 * i + 1)]});
  return made;
}

template <class T>
double check_scan(index_t states, index_t length, index_t batch, index_t channels, bool with_states) {
  auto const all = systems(states, channels);
  layer_there<T> there(all, batch, length, with_states);
  auto const u = signal<T>(batch * channels * length, unsigned(length));
  auto const initial = some_states<T>(batch * channels * states);
  there.u.put(u), there.initial.put(initial);
  there.run(there.call());
  auto const y = there.y.values();
  auto const final = there.final.values();
  long double const u_of_T = unit<T> * (1 + 0x1p-10) * ssm::detail::device_scan_roundings(states, length);
  long double const lost = std::is_same_v<T, float> ? 0x1p-115L : 0x1p-1000L;  // below the normal numbers
  double largest = 0;
  for (index_t row = 0; row < batch * channels; ++row) {
    auto const expected = define(all[at(row % channels)], row_of(u, row, length),
                                 with_states ? row_of(initial, row, states) : std::vector<std::complex<T>>());
    for (index_t t = 0; t < length; ++t) {
      long double const error = std::abs(y[at(row * length + t)] - expected.y[at(t)]),
                        bound = u_of_T * expected.size[at(t)] + lost;
      if (!(error <= bound)) {
        ADD_FAILURE() << states << " states, length " << length << ", row " << row << ", t " << t << ": off by "
                      << error << ", bound " << bound;
        return 0;
      }
      largest = std::max(largest, static_cast<double>(error / bound));
    }
    for (index_t n = 0; with_states && n < states; ++n) {
      auto const x = final[at(row * states + n)];
      long double const error = std::abs(wide(x.real(), x.imag()) - expected.state[at(n)]);
      if (!(error <= u_of_T * expected.state_size[at(n)] + lost)) {
        ADD_FAILURE() << states << " states, length " << length << ", row " << row << ", state " << n << ": off by "
                      << error;
        return 0;
      }
    }
  }
  return largest;
}

TYPED_TEST(CudaDiagonal, ScanIsTheDefinition) {
  using T = TypeParam;
  double largest = 0;
  for (index_t const states : {1, 2, 5, 16, 32, 33, 128, 256})
    for (index_t const length : {0, 1, 2, 3, 16, 17, 63, 64, 65, 97, 784, 1000, 1024, 4093, 4096, 4097})
      for (bool const with_states : {false, true})
        largest = std::max(largest, check_scan<T>(states, length, 2, states > 33 ? 1 : 3, with_states));
  for (index_t const length : {8192, 20007}) largest = std::max(largest, check_scan<T>(8, length, 1, 2, true));
  EXPECT_GT(largest, 1e-4);
  this->RecordProperty("largest", std::to_string(largest));
}

// For sanitize.sh: every kernel at sizes that its tools get through: one tile and part of one, tiles side by side and, of more
// sequences, one after another, more states than a block takes at a time.
TYPED_TEST(CudaDiagonal, EveryKernelOnce) {
  using T = TypeParam;
  check_scan<T>(3, 97, 2, 2, true);
  check_scan<T>(5, 4500, 1, 2, true);
  check_scan<T>(40, 4200, 1, 1, false);
  check_scan<T>(1, 4200, 500, 1, true);
  index_t const length = 5000;
  auto const all = systems(33, 2);
  device::diagonal_layer<T> const layer(all);
  gpu::array<T> taps(2 * length);
  taps.fill_bytes(0xff);
  layer.kernel({taps.data(), 2, length});
  need_success(cudaDeviceSynchronize(), "making a kernel");
  for (T const tap : taps.values()) ASSERT_TRUE(std::isfinite(tap));
}

// Tiles side by side, where sequences are few, and one after another, where they are many: one tree.
TYPED_TEST(CudaDiagonal, ScanIsTheSameHoweverManySequencesThereAre) {
  using T = TypeParam;
  for (index_t const states : {3, 32, 40}) {
    index_t const length = 13000, many = 500;
    auto const all = systems(states, 1);
    layer_there<T> one(all, 1, length, true), batch(all, many, length, true);
    ASSERT_GT(one.layer.workspace_bytes(1, length), 0u);
    ASSERT_EQ(one.layer.workspace_bytes(many, length), 0u);
    auto const u = signal<T>(length);
    auto const initial = some_states<T>(states);
    std::vector<T> repeated;
    std::vector<std::complex<T>> repeated_initial;
    for (index_t i = 0; i < many; ++i) {
      repeated.insert(repeated.end(), u.begin(), u.end());
      repeated_initial.insert(repeated_initial.end(), initial.begin(), initial.end());
    }
    one.u.put(u), batch.u.put(repeated), one.initial.put(initial), batch.initial.put(repeated_initial);
    one.run(one.call()), batch.run(batch.call());
    auto const y = one.y.values(), y_many = batch.y.values();
    auto const final = one.final.values(), final_many = batch.final.values();
    for (index_t row : {index_t{0}, index_t{1}, many - 1}) {
      EXPECT_TRUE(same(row_of(y_many, row, length), y)) << row;
      EXPECT_TRUE(same(row_of(final_many, row, states), final)) << row;
    }
    for (int again = 0; again < 1000; ++again) {
      one.run(one.call());
      if (again % 50 == 0) { ASSERT_TRUE(same(one.y.values(), y) && same(one.final.values(), final)) << again; }
    }
    auto in_place = one.call();
    in_place.y = {one.u.data(), one.shape};
    one.run(in_place);
    EXPECT_TRUE(same(one.u.values(), y));
  }
}

TYPED_TEST(CudaDiagonal, PiecesAreTheWholeWithinTheBound) {
  using T = TypeParam;
  index_t const states = 6, length = 300;
  auto const all = systems(states, 2);
  auto const u = signal<T>(2 * length);
  layer_there<T> cut(all, 1, length, true);
  cut.u.put(u);
  auto const initial = some_states<T>(2 * states);
  expected_scan const expected[] = {define(all[0], row_of(u, 0, length), row_of(initial, 0, states)),
                                    define(all[1], row_of(u, 1, length), row_of(initial, 1, states))};
  for (index_t split = 0; split <= length; ++split) {
    cut.initial.put(initial);
    for (bool const second : {false, true}) {
      index_t const begin = second ? split : 0, end = second ? length : split;
      auto call = cut.call();
      call.u.data += begin, call.y.data += begin;
      call.u.shape.time = call.y.shape.time = end - begin;
      if (second) call.initial = call.final;  // in place
      cut.run(call);
    }
    auto const y = cut.y.values();
    for (index_t row = 0; row < 2; ++row)
      for (index_t t = 0; t < length; ++t)
        ASSERT_LE(std::abs(y[at(row * length + t)] - expected[row].y[at(t)]),
                  2 * ssm::detail::device_scan_roundings(states, length) * unit<T> * expected[row].size[at(t)])
            << split << ' ' << t;
  }
}

TYPED_TEST(CudaDiagonal, NaNGoesForwardInItsSequenceOnly) {
  using T = TypeParam;
  for (index_t const length : {300, 9000}) {
    auto const all = systems(5, 3);
    layer_there<T> there(all, 1, length, true);
    auto u = signal<T>(3 * length);
    u[at(length + 70)] = std::numeric_limits<T>::quiet_NaN();
    there.u.put(u), there.initial.put(some_states<T>(15));
    there.run(there.call());
    auto const y = there.y.values();
    for (index_t row = 0; row < 3; ++row)
      for (index_t t = 0; t < length; ++t)
        ASSERT_EQ(std::isnan(y[at(row * length + t)]), row == 1 && t >= 70) << row << ' ' << t;
  }
}

TEST(CudaDiagonalCall, RefusesInWords) {
  using ssm::test::refusal;
  auto const all = systems(2, 3);
  device::diagonal_layer<float> const layer(all);
  gpu::array<float> const signal_there(3 * 9000);
  tensor_shape const shape{1, 3, 9000};
  device::diagonal_call<float> const good{.u = {signal_there.data(), shape}, .y = {signal_there.data(), shape}};
  EXPECT_EQ(refusal([&] { layer.scan(good, {}); }).substr(0, 26), "workspace: got 0 bytes; ne");
  auto wrong = good;
  wrong.u.shape.channel = 2;
  EXPECT_EQ(refusal([&] { layer.scan(wrong, {}); }),
            "u: got shape (1, 2, 9000); need (1, 3, 9000) = (batch, channels of the layer, length)");
  wrong = good, wrong.y.data += 1;
  EXPECT_EQ(refusal([&] { layer.scan(wrong, {}); }).substr(0, 32), "y: got memory that overlaps u; n");
  EXPECT_EQ(refusal([&] { layer.kernel({signal_there.data(), 2, 10}); }).substr(0, 27), "taps: got 2 rows of 10; nee");
  std::vector<diagonal_system> mixed{systems(2, 1)[0], systems(3, 1)[0]};
  EXPECT_NE(refusal([&] { device::diagonal_layer<float>{mixed}; }).find("need 2 states"), std::string::npos);
}

}  // namespace
}  // namespace ssmscan::s4
