// Beyond 2^31 elements and strides beyond 2^32, where an index of 32 bits breaks, in device memory alone. Not heinsen:
// the values of its two sums would take 64 bytes an element, more than a GPU of today has; its indices are its inner
// algorithm's.
#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan {
namespace {

constexpr std::string_view trees[] = {"sequential", "hillis_steele", "blelloch", "chunked", "look_back"};

// "" where a problem and its workspace fit.
std::string why_too_large(std::size_t bytes) {
  std::size_t const reserve = std::size_t{1} << 30, free = gpu::free_bytes();
  if (free > bytes + reserve) return "";
  return "got " + std::to_string(free >> 30) + " GiB of free device memory; need " +
         std::to_string((bytes + reserve) >> 30);
}

// x[t] = a x[t-1] + b with one a and, of a lane, one b, in place: what x is says a line. Of floats -x[t-1] + 1: 1, 0, 1, 0, ... exactly, so
// that nothing enters a tile; of integers 5 x[t-1] + b mod 2^32, b the lane's number: b (5^(t+1) - 1) / 4, another value at each of 2^32
// steps.
template <class T>
struct closed_form;
template <>
struct closed_form<float> {
  static constexpr float a = -1;
  __device__ static float b(index_t) { return 1; }
  __device__ static float x(index_t, index_t t) { return t % 2 == 0 ? 1.0F : 0.0F; }
};
template <>
struct closed_form<std::uint32_t> {
  static constexpr std::uint32_t a = 5;
  __device__ static std::uint32_t b(index_t lane) { return static_cast<std::uint32_t>(lane + 1); }
  __device__ static std::uint32_t x(index_t lane, index_t t) {
    std::uint64_t power = 1, square = 5;  // mod 2^64, of which a quarter is right mod 2^62
    for (index_t n = t + 1; n > 0; n /= 2, square *= square)
      if (n % 2 != 0) power *= square;
    return b(lane) * static_cast<std::uint32_t>((power - 1) / 4);
  }
};

template <class T>
struct fill {
  T* values;
  index_t time;
  __device__ void operator()(index_t, index_t i) const { values[i] = closed_form<T>::b(i / time); }
};

template <class T>
struct count_wrong {
  T const* values;
  index_t time;
  unsigned long long* wrong;
  __device__ void operator()(index_t, index_t i) const {
    if (values[i] != closed_form<T>::x(i / time, i % time)) atomicAdd(wrong, 1ULL);
  }
};

template <class T>
class cuda_large_of : public testing::Test {};
using types_of_4_bytes = testing::Types<float, std::uint32_t>;
TYPED_TEST_SUITE(cuda_large_of, types_of_4_bytes);

// In place, one a for all, so that nothing is in memory but x and the workspace; every x is looked at. One sequence of 2^32 + 3 steps; for
// sequential, which would take an hour for it, as many elements in lanes.
TYPED_TEST(cuda_large_of, two_to_the_32_elements_and_three) {
  using T = TypeParam;
  int run = 0;
  for (auto const algorithm : trees) {
    tensor_shape const shape = algorithm == "sequential" ? tensor_shape{1, (index_t{1} << 22) + 1, 1027}
                                                         : tensor_shape{1, 1, (index_t{1} << 32) + 3};
    index_t const n = shape.channel * shape.time;
    auto const bytes_of_x = static_cast<std::size_t>(n) * sizeof(T);
    if (std::string const why = why_too_large(bytes_of_x); !why.empty()) GTEST_SKIP() << why;
    gpu::array<T> x(n);
    gpu::array<T> const a(std::vector<T>{closed_form<T>::a});
    recurrence<T> problem;
    problem.a = tensor_view<T const>(a.data(), shape, {0, 0, 0});
    problem.x = tensor_view<T>(x.data(), shape);
    problem.b = problem.x;
    device::execution how{.algorithm = algorithm};
    std::size_t const needed = device::workspace_bytes(problem, how);
    if (std::string const why = why_too_large(needed); !why.empty()) {
      std::printf("%.*s: skipped, %s\n", static_cast<int>(algorithm.size()), algorithm.data(), why.c_str());
      continue;
    }
    gpu::memory const workspace(needed);
    how.workspace = workspace.span();
    cuda on(nullptr, {});
    on.parallel_for({1, n}, fill<T>{x.data(), shape.time});
    device::linear_recurrence(problem, how);
    gpu::array<unsigned long long> wrong(1);
    wrong.fill_bytes(0);
    on.parallel_for({1, n}, count_wrong<T>{x.data(), shape.time, wrong.data()});
    EXPECT_EQ(wrong.values()[0], 0U) << algorithm;
    ++run;
  }
  EXPECT_GE(run, 1);
}

// Batches, channels or steps 2^32 elements apart: truncated to 32 bits, an offset would land beside another element.
TEST(cuda_large, strides_beyond_32_bits) {
  constexpr index_t far = (index_t{1} << 32) + 40, near = 9, room = 1000;
  struct at {
    tensor_shape shape, stride;
  };
  at const axes[] = {{{3, 2, 4}, {far, 4, 1}}, {{2, 3, 4}, {4, far, 1}}, {{2, 2, 3}, {near, 4, far}}};
  std::size_t const bytes = static_cast<std::size_t>(2 * far + 3 * room) * sizeof(std::uint32_t);
  if (std::string const why = why_too_large(bytes); !why.empty()) GTEST_SKIP() << why;
  gpu::memory const everything(bytes), workspace(1 << 20);
  auto* const base = reinterpret_cast<std::uint32_t*>(everything.data());
  for (auto const& [shape, stride] : axes)
    for (auto const algorithm : trees) {
      tensor_view<std::uint32_t> const a(base, shape, stride), b(base + room, shape, stride),
          x(base + 2 * room, shape, stride);
      std::uint32_t state = 1;
      auto const put = [](std::uint32_t& place, std::uint32_t value) {
        need_success(cudaMemcpy(&place, &value, sizeof value, cudaMemcpyHostToDevice), "placing a value");
      };
      std::vector<std::uint32_t> needed;
      for (index_t batch = 0; batch < shape.batch; ++batch)
        for (index_t channel = 0; channel < shape.channel; ++channel) {
          std::uint32_t last = 0;
          for (index_t t = 0; t < shape.time; ++t) {
            std::uint32_t const a_now = state = state * 1664525U + 1013904223U,
                                b_now = state = state * 1664525U + 1013904223U;
            put(a(batch, channel, t), a_now), put(b(batch, channel, t), b_now);
            needed.push_back(last = a_now * last + b_now);
          }
        }
      recurrence<std::uint32_t> const problem{.a = a, .b = b, .x = x};
      device::linear_recurrence(problem, {.algorithm = algorithm, .workspace = workspace.span()});
      std::size_t i = 0;
      for (index_t batch = 0; batch < shape.batch; ++batch)
        for (index_t channel = 0; channel < shape.channel; ++channel)
          for (index_t t = 0; t < shape.time; ++t) {
            std::uint32_t got = 0;
            need_success(cudaMemcpy(&got, &x(batch, channel, t), sizeof got, cudaMemcpyDeviceToHost), "looking");
            EXPECT_EQ(got, needed[i++]) << algorithm << ' ' << batch << ' ' << channel << ' ' << t;
          }
    }
}

}  // namespace
}  // namespace ssmscan
