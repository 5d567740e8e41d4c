// Causal convolution on a device against the definition, within a derived bound, and against the Annotated S4; and what must be
// equal bit for bit: runs, places, strides, graphs.
#include "tests/cuda/s4.hpp"
#include "tests/ssm/reference_data.hpp"

#include <ssmscan/ssm/cuda/convolution.hpp>
#include <ssmscan/ssm/detail/device_layer_bounds.hpp>

namespace ssmscan::s4 {
namespace {

using ssm::test::reference;

template <class T>
class CudaConvolution : public testing::Test {};
TYPED_TEST_SUITE(CudaConvolution, reals);

TYPED_TEST(CudaConvolution, ConvolutionIsTheDefinition) {
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
            double const bound = ssm::detail::mixed_radix_convolution_bound<T>(device::fft_points(taps, length),
                                                                               norms(kernel), norms(in)) +
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

TEST(CudaConvolutionPoints, AreTheLeastThatWillDo) {
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

TYPED_TEST(CudaConvolution, ConvolutionIsTheSameAgainInPlaceStridedAndFromAGraph) {
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

TYPED_TEST(CudaConvolution, ConvolutionIsThatOfTheAnnotatedS4) {
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
        ssm::detail::mixed_radix_convolution_bound<T>(device::fft_points(length, length), norms(kernel), norms(u)) +
        ssm::fft_convolution_bound<double>(ssm::padded_length(length, length), norms(kernel), norms(u)) +
        2 * unit<T> * norms(kernel).one * norms(u).two;
    EXPECT_LE(std::sqrt(squares), bound) << name;
  }
}

TEST(CudaConvolutionCall, RefusesInWords) {
  using ssm::test::refusal;
  gpu::array<float> const signal_there(3 * 9000);
  tensor_shape const shape{1, 3, 9000};
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
}  // namespace ssmscan::s4
