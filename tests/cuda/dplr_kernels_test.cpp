// S4's kernel on a device against the CPU's, and against the Annotated S4.
#include "tests/cuda/s4.hpp"
#include "tests/ssm/reference_data.hpp"

#include <ssmscan/ssm/cuda/dplr_kernels.hpp>
#include <ssmscan/ssm/detail/error_of_largest.hpp>
#include <ssmscan/ssm/detail/hippo_system.hpp>

namespace ssmscan::s4 {
namespace {

using ssm::detail::error_of_largest;

using ssm::test::reference;

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

TYPED_TEST(CudaLowRank, KernelWhereAPoleIsOnARoot) {
  using T = TypeParam;
  ssm::dplr_system const system{.lambda = {{0, 20}, {-0.5, 3}},
                                .p = {{1, 0.5}, {1, 0}},
                                .b = {{1, 0}, {0, 1}},
                                .c = {{1, 0}, {0.5, 0.5}},
                                .step = 0.1};
  for (index_t const length : {8, 64, 100, 97})
    EXPECT_LE(error_of_largest(generated(device::dplr_kernels<T>({&system, 1}, length)),
                               ssm::dplr_kernel<double>(system, length)),
              bar<T>)
        << length;
}

// Theirs is a full spectrum in conjugate pairs. A partner's eigenvector is the conjugate but for a phase, which z, |z| = 1, takes
// out: z b_partner = conj b_n, and p alike. The real part of the kernel sees of any C~ (c_n + conj(c_partner / z)) / 2. So it is a half
// spectrum, whose sums run on the device; and as it stands, the host makes its roots.
TYPED_TEST(CudaLowRank, KernelIsThatOfTheAnnotatedS4) {
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
      complex const z = std::conj(full.b[n]) / full.b[partner];
      ASSERT_LE(std::abs(z * full.p[partner] - std::conj(full.p[n])), 1e-12);
      half.c.push_back((full.c[n] + std::conj(full.c[partner] / z)) / 2.0);
    }
    ASSERT_EQ(2 * half.lambda.size(), full.lambda.size());
    index_t const length = index_t(expected.size());
    for (ssm::dplr_system const& system : {half, full}) {
      device::dplr_kernels<T> const kernels({&system, 1}, length, ssm::read_out_kind::truncated);
      EXPECT_LE(error_of_largest(generated(kernels), expected), (std::is_same_v<T, float> ? bar<T> : 1e-12))
          << name << ' ' << system.lambda.size();
    }
  }
}

}  // namespace
}  // namespace ssmscan::s4
