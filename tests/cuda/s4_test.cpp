// S4 on a device: convolution, S4D's kernel and S4D's scan, each against the definition or the form on the CPU within a derived
// bound; and what must be equal bit for bit: runs, batches, graphs, tiles one after another and side by side.
#include <cstring>
#include <limits>
#include <optional>

#include "tests/cuda/gpu.hpp"
#include "tests/ssm/hippo_system.hpp"
#include "tests/ssm/reference_data.hpp"

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/cuda/diagonal_layer.hpp>
#include <ssmscan/ssm/cuda/dplr_kernels.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>

namespace ssmscan {
namespace {

using ssm::diagonal_system;
using ssm::test::reference;
using wide = std::complex<long double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
constexpr index_t lengths[] = {1, 2, 3, 16, 17, 97, 784, 1000, 1024, 4093};

template <class T>
constexpr double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;

template <class T>
std::vector<T> signal(index_t count, unsigned state = 1) {
  std::vector<T> made;
  for (index_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    made.push_back(static_cast<T>(static_cast<double>(state >> 8) / 0x1p23 - 1));
  }
  return made;
}
template <class X>
bool same(std::vector<X> const& a, std::vector<X> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(X)) == 0;
}
template <class T>
ssm::vector_norms norms(std::vector<T> const& values) {
  return ssm::norms_of(std::span<T const>(values));
}
template <class T>
std::vector<T> row_of(std::vector<T> const& all, index_t row, index_t length) {
  return {all.begin() + row * length, all.begin() + (row + 1) * length};
}

// Device memory full of NaN, so that nothing counts on zeros.
class workspace_of : public gpu::memory {
 public:
  explicit workspace_of(std::size_t bytes) : memory(bytes) {
    need_success(cudaMemset(data(), 0xff, bytes), "filling a workspace");
  }
};

// As fft_convolution_bound, for any n: a stage of prime p multiplies by a matrix of norm sqrt(p) whose moduli's has norm p, with
// p - 1 sums, a product (sqrt 5 u), and a twiddle (mu) for each: sqrt(p) (p + 2) u + mu of the stage's result. For p = 2 that is
// the textbook's. mu = 4u: tables or sincospi, and a product of two.
template <class T>
double fft_bound(index_t n, ssm::vector_norms kernel, ssm::vector_norms input) {
  double const u = unit<T>;
  double e = 0;
  for (index_t p = 2; n > 1; ++p)
    for (; n % p == 0; n /= p) e += std::sqrt(static_cast<double>(p)) * (static_cast<double>(p) + 2) * u + 4 * u;
  e *= 1 + 0x1p-10;
  return (1 + 8 * e) * ((2 * e + (std::sqrt(5.0) + 1) * u) * kernel.one * input.two + e * input.one * kernel.two);
}

template <class T>
class CudaS4 : public testing::Test {};
using reals = testing::Types<float, double>;
TYPED_TEST_SUITE(CudaS4, reals);

TYPED_TEST(CudaS4, ConvolutionIsTheDefinition) {
  using T = TypeParam;
  double largest = 0;
  for (index_t const length : lengths) {
    for (index_t const taps : {length, (length + 1) / 2, length + 5}) {
      for (bool const skip : {false, true}) {
        for (std::size_t const group_bytes : {std::size_t{0}, std::size_t{100000}, std::size_t{32} << 20}) {
          index_t const batch = 3, channels = 2;
          auto const kernels = signal<T>(channels * taps, 5), u = signal<T>(batch * channels * length, 9);
          std::vector<T> const d{T(0.5), T(-3)};
          gpu::array<T> const kernels_there(kernels), u_there(u), d_there(d);
          gpu::array<T> y_there(batch * channels * length);
          y_there.fill_bytes(0xff);
          device::causal_convolution<T> const plan({batch, channels, taps, length}, group_bytes);
          workspace_of const workspace(plan.workspace_bytes());
          tensor_shape const shape{batch, channels, length};
          device::convolution_call<T> call{.kernel = {kernels_there.data(), channels, taps},
                                           .u = {u_there.data(), shape},
                                           .y = {y_there.data(), shape}};
          if (skip) call.skip = {d_there.data(), 2};
          plan.run(call, {.workspace = workspace.span()});
          auto const y = y_there.values();
          for (index_t row = 0; row < batch * channels; ++row) {
            auto const kernel = row_of(kernels, row % channels, taps), in = row_of(u, row, length);
            long double squares = 0, size = 0;
            for (index_t t = 0; t < length; ++t) {
              long double exact = skip ? static_cast<long double>(d[at(row % channels)]) * in[at(t)] : 0;
              for (index_t k = 0; k <= std::min(t, taps - 1); ++k)
                exact += static_cast<long double>(kernel[at(k)]) * in[at(t - k)];
              long double const off = static_cast<long double>(y[at(row * length + t)]) - exact;
              squares += off * off, size += exact * exact;
            }
            double const bound = fft_bound<T>(device::fft_points(taps, length), norms(kernel), norms(in)) +
                                 2 * unit<T> * static_cast<double>(std::sqrt(size));
            double const error = static_cast<double>(std::sqrt(squares));
            ASSERT_LE(error, bound) << length << ' ' << taps << ' ' << skip << ' ' << group_bytes << " row " << row;
            largest = std::max(largest, error / bound);
          }
        }
      }
    }
  }
  EXPECT_GT(largest, 1e-3);
  this->RecordProperty("largest", std::to_string(largest));
}

TEST(CudaS4Points, AreTheLeastThatWillDo) {
  EXPECT_EQ(device::fft_points(0, 0), 2);
  EXPECT_EQ(device::fft_points(1, 1), 2);
  EXPECT_EQ(device::fft_points(1024, 1024), 2048);
  EXPECT_EQ(device::fft_points(1000, 1000), 2000);
  for (index_t const length : {3, 100, 4093, 5000}) {
    index_t const least = 2 * length - 1;
    auto const is_smooth = [](index_t n) {
      for (index_t const p : {2, 3, 5, 7})
        while (n % p == 0) n /= p;
      return n == 1;
    };
    index_t n = least + least % 2;
    while (!is_smooth(n)) n += 2;
    EXPECT_EQ(device::fft_points(length, length), n);
  }
}

TYPED_TEST(CudaS4, ConvolutionIsTheSameAgainInPlaceStridedAndFromAGraph) {
  using T = TypeParam;
  index_t const batch = 2, channels = 3, length = 1000;
  tensor_shape const shape{batch, channels, length};
  auto const u = signal<T>(batch * channels * length);
  gpu::array<T> const kernels(signal<T>(channels * length, 7)), u_there(u), d(std::vector<T>{1, 2, 3});
  gpu::array<T> y_there(batch * channels * length);
  device::causal_convolution<T> const plan({batch, channels, length, length}, 20000);
  workspace_of const workspace(plan.workspace_bytes());
  device::convolution_call<T> call{.kernel = {kernels.data(), channels, length},
                                   .u = {u_there.data(), shape},
                                   .y = {y_there.data(), shape},
                                   .skip = {d.data(), 3}};
  plan.run(call, {.workspace = workspace.span()});
  auto const y = y_there.values();
  for (int again = 0; again < 100; ++again) {
    y_there.fill_bytes(0xff);
    plan.run(call, {.workspace = workspace.span()});
    ASSERT_TRUE(same(y_there.values(), y));
  }
  gpu::array<T> const place(u);
  auto in_place = call;
  in_place.u = {place.data(), shape}, in_place.y = {place.data(), shape};
  plan.run(in_place, {.workspace = workspace.span()});
  EXPECT_TRUE(same(place.values(), y));

  std::vector<T> turned(u.size());
  for (std::size_t i = 0; i < u.size(); ++i) {  // channels contiguous
    index_t const b = index_t(i) / length / channels, c = index_t(i) / length % channels, t = index_t(i) % length;
    turned[at((b * length + t) * channels + c)] = u[i];
  }
  gpu::array<T> const strided(turned);
  in_place.u = {strided.data(), shape, layout::time_major}, in_place.y = {strided.data(), shape, layout::time_major};
  plan.run(in_place, {.workspace = workspace.span()});
  auto const made = strided.values();
  for (std::size_t i = 0; i < u.size(); ++i) {
    index_t const b = index_t(i) / length / channels, c = index_t(i) / length % channels, t = index_t(i) % length;
    ASSERT_EQ(made[at((b * length + t) * channels + c)], y[i]);
  }

  gpu::stream stream;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t runnable = nullptr;
  y_there.fill_bytes(0xff);
  need_success(cudaDeviceSynchronize(), "waiting");
  need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "beginning a capture");
  EXPECT_NO_THROW(plan.run(call, {.stream = stream, .workspace = workspace.span()}));
  need_success(cudaStreamEndCapture(stream, &graph), "ending a capture");
  need_success(cudaGraphInstantiate(&runnable, graph, 0), "making a graph");
  need_success(cudaGraphLaunch(runnable, stream), "launching a graph");
  stream.wait();
  EXPECT_TRUE(same(y_there.values(), y));
  need_success(cudaGraphExecDestroy(runnable), "ending a graph");
  need_success(cudaGraphDestroy(graph), "ending a graph");
}

TYPED_TEST(CudaS4, ConvolutionIsThatOfTheAnnotatedS4) {
  using T = TypeParam;
  for (std::string const name : {"annotated_s4/a", "annotated_s4/b", "annotated_s4/c"}) {
    auto const kernel = reference<double>(name + ".K"), u = reference<double>(name + ".u"),
               y = reference<double>(name + ".y");
    index_t const length = index_t(u.size());
    gpu::array<T> const kernel_there(std::vector<T>(kernel.begin(), kernel.end())),
        u_there(std::vector<T>(u.begin(), u.end())), y_there(length);
    device::causal_convolution<T> const plan({1, 1, length, length});
    workspace_of const workspace(plan.workspace_bytes());
    plan.run({.kernel = {kernel_there.data(), 1, length}, .u = {u_there.data(), length}, .y = {y_there.data(), length}},
             {.workspace = workspace.span()});
    double squares = 0;
    auto const made = y_there.values();
    for (std::size_t t = 0; t < y.size(); ++t) squares += std::pow(double(made[t]) - y[t], 2);
    // Theirs is an FFT in double; kernel and input are rounded to T.
    double const bound =
        fft_bound<T>(device::fft_points(length, length), norms(kernel), norms(u)) +
        ssm::fft_convolution_bound<double>(ssm::padded_length(length, length), norms(kernel), norms(u)) +
        2 * unit<T> * norms(kernel).one * norms(u).two;
    EXPECT_LE(std::sqrt(squares), bound) << name;
  }
}

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

// Beyond the CPU's roundings: CUDA's exp and sincos (2 ulp each), seven products with a power that itself errs by 20u.
constexpr double device_roundings = 200;

TYPED_TEST(CudaS4, KernelIsThatOfTheCpu) {
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
          auto const of_device = ssm::diagonal_kernel_bound<T>(all[at(h)], length),
                     of_cpu = ssm::diagonal_kernel_bound<double>(all[at(h)], length);
          double weight = 0;
          for (auto const& c : all[at(h)].c) weight += 2 * std::abs(c) * all[at(h)].step;
          for (index_t l = 0; l < length; ++l)
            ASSERT_LE(std::abs(double(made[at(h * length + l)]) - expected[at(l)]),
                      of_device[at(l)] + of_cpu[at(l)] + device_roundings * 0x1p-53 * weight)
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
// Roundings that a term of a sum passes through, at most, in units of u, first order; a sum of parts counts twice:
//   own chunk   the tap, 64 sums
//   others      a power (2), 64 sums, b and its product (4), 64 chunks and the tiles of a carry each (a factor 2, a product and a
//               sum 3), f c a and its product (4), a power (2) and 2 sums a state
double roundings_of(index_t states, index_t length) {
  double const tiles = static_cast<double>(length) / 4096 + 1;
  return 2 * (64 + 64 + 2 * static_cast<double>(states) + 12) + 5 * (64 + tiles) + 16;
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
  long double const u_of_T = unit<T> * (1 + 0x1p-10) * roundings_of(states, length);
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

TYPED_TEST(CudaS4, ScanIsTheDefinition) {
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

// Tiles side by side, where sequences are few, and one after another, where they are many: one tree.
TYPED_TEST(CudaS4, ScanIsTheSameHoweverManySequencesThereAre) {
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

TYPED_TEST(CudaS4, PiecesAreTheWholeWithinTheBound) {
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
                  2 * roundings_of(states, length) * unit<T> * expected[row].size[at(t)])
            << split << ' ' << t;
  }
}

TYPED_TEST(CudaS4, NaNGoesForwardInItsSequenceOnly) {
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

// Of the kernel's largest value: the bars of the form on the CPU (tests/ssm/kernels/dplr_test.cpp).
template <class T>
constexpr double bar = std::is_same_v<T, float> ? 5e-6 : 1e-10;

double distance(auto const& computed, std::vector<double> const& expected) {
  double error = 0, size = 0;
  for (std::size_t l = 0; l < expected.size(); ++l) {
    double const off = std::abs(static_cast<double>(computed[l]) - expected[l]);
    error = off <= error ? error : off;  // NaN stays
    size = std::max(size, std::abs(expected[l]));
  }
  return error / size;
}

template <class T>
std::vector<T> generated(device::dplr_kernels<T> const& kernels) {
  index_t const channels = kernels.channels(), length = kernels.length();
  gpu::array<T> taps(channels * length);
  taps.fill_bytes(0xff);
  workspace_of const workspace(kernels.workspace_bytes());
  kernels.generate({taps.data(), channels, length}, {.workspace = workspace.span()});
  need_success(cudaDeviceSynchronize(), "making kernels");
  return taps.values();
}

ssm::dplr_system hippo_channel(index_t size, ssm::spectrum kept, double step) {
  auto system = ssm::test::system_of(ssm::hippo_normal_plus_low_rank(ssm::hippo::legs, size, kept), step, kept);
  for (std::size_t n = 0; n < system.lambda.size(); ++n) system.c.push_back(std::polar(0.5, 0.9 * double(n)));
  return system;
}

TYPED_TEST(CudaS4, LowRankKernelIsThatOfTheCpu) {
  using T = TypeParam;
  for (index_t const size : {2, 8, 64, 256}) {
    for (index_t const length : lengths) {
      if (size == 256 && length > 1024) continue;  // C~ on the host takes its time
      std::vector<ssm::dplr_system> channels;
      for (double const step : {0.1, 0.01, 1.0 / double(length)})
        channels.push_back(hippo_channel(size, ssm::spectrum::half, step));
      if (size == 8) channels.push_back(hippo_channel(8, ssm::spectrum::full, 0.05));
      auto const made = generated(device::dplr_kernels<T>(channels, length));
      for (std::size_t h = 0; h < channels.size(); ++h)
        ASSERT_LE(distance(row_of(made, index_t(h), length), ssm::dplr_kernel<double>(channels[h], length)), bar<T>)
            << size << ' ' << length << ' ' << h;
    }
  }
}

TYPED_TEST(CudaS4, LowRankKernelWhereAPoleIsOnARoot) {
  using T = TypeParam;
  ssm::dplr_system const system{.lambda = {{0, 20}, {-0.5, 3}},
                                .p = {{1, 0.5}, {1, 0}},
                                .b = {{1, 0}, {0, 1}},
                                .c = {{1, 0}, {0.5, 0.5}},
                                .step = 0.1};
  for (index_t const length : {8, 64, 100, 97})
    EXPECT_LE(
        distance(generated(device::dplr_kernels<T>({&system, 1}, length)), ssm::dplr_kernel<double>(system, length)),
        bar<T>)
        << length;
}

// Theirs is a full spectrum in conjugate pairs with any C~, of which the real part of the kernel sees (C_n + conj C_partner) / 2:
// a half spectrum, whose sums run on the device; and as it stands, whose roots the host makes.
TYPED_TEST(CudaS4, LowRankKernelIsThatOfTheAnnotatedS4) {
  using T = TypeParam;
  using complex = std::complex<double>;
  for (std::string const name : {"annotated_s4/a", "annotated_s4/b", "annotated_s4/c"}) {
    ssm::dplr_system full{.lambda = reference<complex>(name + ".Lambda"),
                          .p = reference<complex>(name + ".P"),
                          .b = reference<complex>(name + ".B"),
                          .c = reference<complex>(name + ".C"),
                          .step = reference<double>(name + ".step").at(0),
                          .kept = ssm::spectrum::full};
    for (complex& c : full.c) c = std::conj(c);
    auto const expected = reference<double>(name + ".K");
    ssm::dplr_system half{.step = full.step};
    for (std::size_t n = 0; n < full.lambda.size(); ++n) {
      if (full.lambda[n].imag() <= 0) continue;
      std::size_t partner = 0;
      for (std::size_t k = 0; k < full.lambda.size(); ++k)
        if (std::abs(full.lambda[k] - std::conj(full.lambda[n])) <
            std::abs(full.lambda[partner] - std::conj(full.lambda[n])))
          partner = k;
      half.lambda.push_back(full.lambda[n]), half.p.push_back(full.p[n]), half.b.push_back(full.b[n]);
      half.c.push_back((full.c[n] + std::conj(full.c[partner])) / 2.0);
    }
    ASSERT_EQ(2 * half.lambda.size(), full.lambda.size());
    index_t const length = index_t(expected.size());
    for (ssm::dplr_system const& system : {half, full}) {
      device::dplr_kernels<T> const kernels({&system, 1}, length, ssm::read_out_kind::truncated);
      EXPECT_LE(distance(generated(kernels), expected), (std::is_same_v<T, float> ? bar<T> : 1e-12))
          << name << ' ' << system.lambda.size();
    }
  }
}

TEST(CudaS4Call, RefusesInWords) {
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
  EXPECT_NE(refusal([&] {
              device::causal_convolution<float>({-1, 1, 1, 1});
            }).find("batch: got -1"),
            std::string::npos);
  device::causal_convolution<float> const plan({1, 3, 10, 9000});
  device::convolution_call<float> call{
      .kernel = {signal_there.data(), 3, 11}, .u = {signal_there.data(), shape}, .y = {signal_there.data(), shape}};
  EXPECT_EQ(refusal([&] { plan.run(call, {}); }),
            "kernel: got 3 rows of 11; need 3 of 10, the plan's channels and taps");
}

}  // namespace
}  // namespace ssmscan
