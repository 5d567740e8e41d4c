// S4's kernel on a device against the CPU's, and against the Annotated S4.
#include "tests/cuda/s4.hpp"
#include "tests/ssm/annotated_s4.hpp"

#include <ssmscan/ssm/cuda/dplr_kernels.hpp>
#include <ssmscan/ssm/detail/error_of_largest.hpp>
#include <ssmscan/ssm/detail/hippo_system.hpp>

namespace ssmscan::s4 {
namespace {

using ssm::detail::error_of_largest;

template <class T>
class CudaLowRank : public testing::Test {};
TYPED_TEST_SUITE(CudaLowRank, reals);

// Of the kernel's largest value: the bars of the form on the CPU (tests/ssm/kernels/dplr_test.cpp).
template <class T>
constexpr double bar = std::is_same_v<T, float> ? 5e-6 : 1e-10;

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
  auto system = ssm::detail::system_of(ssm::hippo_normal_plus_low_rank(ssm::hippo::legs, size, kept), step, kept);
  for (std::size_t n = 0; n < system.lambda.size(); ++n) system.c.push_back(std::polar(0.5, 0.9 * double(n)));
  return system;
}

TYPED_TEST(CudaLowRank, KernelIsThatOfTheCpu) {
  using T = TypeParam;
  for (index_t const size : {2, 8, 64, 256}) {
    for (index_t const length : lengths) {
      if (size == 256 && length > 1024) continue;  // C~ on the host takes its time
      if (std::is_same_v<T, float> && size == 256 && length < 16)
        continue;  // taps that cancel, as on the CPU (L = 1: 3.2e-5)
      std::vector<ssm::dplr_system> channels;
      for (double const step : {0.1, 0.01, 1.0 / double(length)})
        channels.push_back(hippo_channel(size, ssm::spectrum::half, step));
      if (size == 8) channels.push_back(hippo_channel(8, ssm::spectrum::full, 0.05));
      auto const made = generated(device::dplr_kernels<T>(channels, length));
      for (std::size_t h = 0; h < channels.size(); ++h)
        ASSERT_LE(error_of_largest(row_of(made, index_t(h), length), ssm::dplr_kernel<double>(channels[h], length)),
                  bar<T>)
            << size << ' ' << length << ' ' << h;
    }
  }
}

// Poles on and beside roots of unity, poles that stand still, steps that leave I - Ab^L nearly singular.
TYPED_TEST(CudaLowRank, KernelWhereAPoleIsOnARoot) {
  using T = TypeParam;
  ssm::dplr_system const on_a_root{.lambda = {{0, 20}, {-0.5, 3}},
                                   .p = {{1, 0.5}, {1, 0}},
                                   .b = {{1, 0}, {0, 1}},
                                   .c = {{1, 0}, {0.5, 0.5}},
                                   .step = 0.1};
  ssm::dplr_system still = on_a_root;
  still.lambda[1] = 0, still.p = {0, 0}, still.c = {1, 1};
  for (index_t const length : {1, 2, 3, 8, 64, 100, 97}) {
    std::vector<ssm::dplr_system> channels{on_a_root, still};
    for (double const step : {1e-12, 1e-6, 1e3, 1e6}) channels.push_back(hippo_channel(8, ssm::spectrum::half, step));
    auto const made = generated(device::dplr_kernels<T>(channels, length));
    for (std::size_t h = 0; h < channels.size(); ++h)
      EXPECT_LE(error_of_largest(row_of(made, index_t(h), length), ssm::dplr_kernel<double>(channels[h], length)),
                bar<T>)
          << length << ' ' << h;
  }
}

// The sums of a half spectrum run on the device; of the full one as it stands, the host makes the roots.
TYPED_TEST(CudaLowRank, KernelIsThatOfTheAnnotatedS4) {
  using T = TypeParam;
  for (std::string const& name : ssm::test::annotated_s4_cases) {
    ssm::dplr_system const full = ssm::test::annotated_s4(name);
    auto const expected = ssm::test::reference<double>(name + ".K");
    index_t const length = index_t(expected.size());
    for (ssm::dplr_system const& system : {ssm::test::half_of(full), full}) {
      device::dplr_kernels<T> const kernels({&system, 1}, length, ssm::read_out_kind::truncated);
      EXPECT_LE(error_of_largest(generated(kernels), expected), (std::is_same_v<T, float> ? bar<T> : 1e-12))
          << name << ' ' << system.lambda.size();
    }
  }
}

TEST(CudaLowRankCall, RefusesInWords) {
  using ssm::test::refusal;
  auto const one = hippo_channel(4, ssm::spectrum::half, 0.1);
  device::dplr_kernels<float> const kernels({&one, 1}, 8);
  gpu::array<float> const taps(9);
  EXPECT_EQ(refusal([&] { kernels.generate({taps.data(), 1, 7}, {}); }).substr(0, 24), "taps: got 1 rows of 7, 7");
  EXPECT_EQ(refusal([&] {
              kernels.generate({static_cast<float*>(nullptr), 1, 8}, {});
            }),
            "taps: got a null pointer; need device memory");
  EXPECT_EQ(
      refusal([&] {
        kernels.generate({taps.data() + 1, 1, 8}, {});
      }),
      "taps: got an address that is no multiple of 8; need memory aligned for complex values, as cuFFT asks of what it "
      "writes");
  EXPECT_EQ(refusal([&] { kernels.generate({taps.data(), 1, 8}, {}); }).substr(0, 27), "workspace: got 0 bytes; nee");
  EXPECT_EQ(refusal([] { device::dplr_kernels<float>({}, 8); }), "channels: got none; need at least 1");
}

}  // namespace
}  // namespace ssmscan::s4
