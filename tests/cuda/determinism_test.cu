// The same bits from run to run, alone and in a batch, and while other kernels take multiprocessors away and give them back.
#include <cstring>
#include <memory>
#include <random>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan {
namespace {

struct count_differences {
  std::uint32_t const *needed, *got;
  unsigned long long* differences;
  __device__ void operator()(index_t, index_t i) const {
    if (needed[i] != got[i]) atomicAdd(differences, 1ULL);
  }
};

struct negate {
  float* values;
  __device__ void operator()(index_t, index_t i) const { values[i] = -values[i]; }
};

struct fill {
  float *a, *b;
  __device__ void operator()(index_t, index_t i) const {
    auto const draw = [](std::uint64_t z) {
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      return static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-24f;
    };
    a[i] = 0.9f + 0.1f * draw(2 * i + 1), b[i] = 2 * draw(2 * i + 2) - 1;
  }
};

// A problem on a stream of its own, and how often it came out otherwise than the first time.
class repeated {
 public:
  repeated(std::string_view algorithm, tensor_shape shape, int priority = 0, layout order = layout::lane_major)
      : shape_(shape),
        order_(order),
        n_(shape.batch * shape.channel * shape.time),
        a_(n_),
        b_(n_),
        first_(n_),
        x_(n_),
        differences_(1),
        how_{.algorithm = algorithm} {
    need_success(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, priority), "making a stream");
    how_.stream = stream_;
    workspace_ = std::make_unique<gpu::memory>(device::workspace_bytes(problem(first_.data()), how_));
    how_.workspace = workspace_->span();
    differences_.fill_bytes(0);
    need_success(cudaDeviceSynchronize(), "waiting");
    cuda(stream_, {}).parallel_for({1, n_}, fill{a_.data(), b_.data()});
    device::linear_recurrence(problem(first_.data()), how_);
  }
  repeated(repeated const&) = delete;
  ~repeated() { (void)cudaStreamSynchronize(stream_), (void)cudaStreamDestroy(stream_); }

  void again() {
    need_success(cudaMemsetAsync(x_.data(), 0xff, static_cast<std::size_t>(n_) * sizeof(float), stream_), "poisoning");
    device::linear_recurrence(problem(x_.data()), how_);
    cuda(stream_, {})
        .parallel_for({1, n_},
                      count_differences{reinterpret_cast<std::uint32_t const*>(first_.data()),
                                        reinterpret_cast<std::uint32_t const*>(x_.data()), differences_.data()});
  }
  unsigned long long differences() const {
    need_success(cudaStreamSynchronize(stream_), "waiting for a stream");
    return differences_.values()[0];
  }
  // again(), captured and run twice, for b and for -b, of which the result is the first one's negative: what one run leaves behind is
  // wrong for the other.
  void again_in_a_graph() {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t runnable = nullptr;
    need_success(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), "beginning a capture");
    again();
    need_success(cudaStreamEndCapture(stream_, &graph), "ending a capture");
    need_success(cudaGraphInstantiate(&runnable, graph, 0), "making a graph");
    for (int k = 0; k < 2; ++k) {
      need_success(cudaGraphLaunch(runnable, stream_), "launching a graph");
      for (float* const values : {b_.data(), first_.data()}) cuda(stream_, {}).parallel_for({1, n_}, negate{values});
    }
    need_success(cudaStreamSynchronize(stream_), "waiting for a stream");
    need_success(cudaGraphExecDestroy(runnable), "ending a graph");
    need_success(cudaGraphDestroy(graph), "ending a graph");
  }
  // One of its batches by itself, elsewhere in memory.
  bool is_alone_what_it_is_in_the_batch(index_t batch) const {
    tensor_shape const one{1, shape_.channel, shape_.time};
    index_t const length = one.channel * one.time, at = batch * length;
    gpu::array<float> x(length);
    recurrence<float> const problem{
        .a = {a_.data() + at, one, order_}, .b = {b_.data() + at, one, order_}, .x = {x.data(), one, order_}};
    device::execution how{.algorithm = how_.algorithm, .stream = stream_};
    gpu::memory const workspace(device::workspace_bytes(problem, how));
    how.workspace = workspace.span();
    device::linear_recurrence(problem, how);
    need_success(cudaStreamSynchronize(stream_), "waiting for a stream");
    auto const alone = x.values(), all = first_.values();
    return std::memcmp(alone.data(), all.data() + at, alone.size() * sizeof(float)) == 0;
  }

 private:
  recurrence<float> problem(float* x) const {
    return {.a = {a_.data(), shape_, order_}, .b = {b_.data(), shape_, order_}, .x = {x, shape_, order_}};
  }

  tensor_shape shape_;
  layout order_;
  index_t n_;
  gpu::array<float> a_, b_, first_, x_;
  gpu::array<unsigned long long> differences_;
  device::execution how_;
  std::unique_ptr<gpu::memory> workspace_;
  cudaStream_t stream_ = nullptr;
};

constexpr std::string_view forms[] = {"sequential", "hillis_steele", "blelloch",
                                      "chunked",    "look_back",     "heinsen.fused"};

TEST(cuda_determinism, a_thousand_runs_are_one) {
  for (auto const algorithm : forms) {
    tensor_shape const shape = algorithm == "sequential" ? tensor_shape{1, 1000, 1003} : tensor_shape{1, 1, 1000003};
    repeated of(algorithm, shape);
    for (int k = 1; k < 1000; ++k) of.again();
    EXPECT_EQ(of.differences(), 0U) << algorithm;
  }
}

TEST(cuda_determinism, a_batch_of_one_is_a_batch_of_eight) {
  for (auto const algorithm : forms)
    for (tensor_shape const shape : {tensor_shape{8, 3, 20011}, tensor_shape{8, 40, 1003}, tensor_shape{8, 1, 12}}) {
      repeated const of(algorithm, shape);
      for (index_t batch = 0; batch < 8; ++batch)
        EXPECT_TRUE(of.is_alone_what_it_is_in_the_batch(batch)) << algorithm << ", batch " << batch;
    }
}

// chunked in one pass, whose blocks wait for one another: lanes that lie beside one another.
TEST(cuda_determinism, a_thousand_runs_of_chunked_columns_are_one) {
  repeated of("chunked", {1, 40, 30011}, 0, layout::time_major);
  for (int k = 1; k < 1000; ++k) of.again();
  EXPECT_EQ(of.differences(), 0U);
}
TEST(cuda_determinism, a_batch_of_one_is_a_batch_of_eight_of_chunked_columns) {
  for (tensor_shape const shape : {tensor_shape{8, 4, 20012}, tensor_shape{8, 40, 1003}}) {
    repeated const of("chunked", shape, 0, layout::time_major);
    for (index_t batch = 0; batch < 8; ++batch)
      EXPECT_TRUE(of.is_alone_what_it_is_in_the_batch(batch)) << "batch " << batch;
  }
}

// sequential in segments, whose states are handed on; one batch of these by itself is not cut.
TEST(cuda_determinism, a_thousand_runs_of_sequential_in_segments_are_one) {
  repeated of("sequential", {1, 6148, 2903}, 0, layout::time_major);
  for (int k = 1; k < 1000; ++k) of.again();
  EXPECT_EQ(of.differences(), 0U);
}
TEST(cuda_determinism, a_batch_of_one_is_a_batch_of_eight_of_sequential_in_segments) {
  repeated const of("sequential", {8, 1540, 1403}, 0, layout::time_major);
  for (index_t batch = 0; batch < 8; ++batch)
    EXPECT_TRUE(of.is_alone_what_it_is_in_the_batch(batch)) << "batch " << batch;
}
TEST(cuda_determinism, a_graph_of_sequential_in_segments_takes_no_state_of_the_run_before) {
  repeated of("sequential", {1, 6148, 2903}, 0, layout::time_major);
  of.again_in_a_graph();
  EXPECT_EQ(of.differences(), 0U);
}

// Keeps multiprocessors for a while, each of its blocks one whole, and for a time of its own.
__global__ void hold(long long cycles) {
  long long const begin = clock64();
  while (clock64() - begin < cycles * (1 + blockIdx.x % 7)) {}
}

// Two scans at a time, of different priority, and kernels that take and give back a varying part of the device: blocks start
// late, and in pieces. Had tiles been given to blocks that have not started, this could stand still.
TEST(cuda_determinism, under_competing_kernels) {
  int least = 0, greatest = 0;
  need_success(cudaDeviceGetStreamPriorityRange(&least, &greatest), "asking for priorities");
  constexpr int bytes = 200 << 10, rounds = 200;
  need_success(cudaFuncSetAttribute(hold, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), "asking for memory");
  gpu::stream other;
  struct {
    std::string_view algorithm;
    layout order;
    tensor_shape low, high;
  } const cases[] = {{"look_back", layout::lane_major, {1, 1, 3000017}, {1, 5, 700001}},
                     {"heinsen.fused", layout::lane_major, {1, 1, 3000017}, {1, 5, 700001}},
                     {"chunked", layout::time_major, {1, 12, 250013}, {1, 64, 50001}},
                     {"sequential", layout::time_major, {1, 6148, 2903}, {1, 12288, 1503}}};
  for (auto const& [algorithm, order, low_shape, high_shape] : cases) {
    repeated low(algorithm, low_shape, least, order), high(algorithm, high_shape, greatest, order);
    for (int k = 0; k < rounds; ++k) {
      launch(other, {1 + k * 37 % 131, 32, bytes}, &hold, 2000LL * (k % 10));
      low.again();
      high.again();
    }
    EXPECT_EQ(low.differences(), 0U) << algorithm;
    EXPECT_EQ(high.differences(), 0U) << algorithm;
  }
}

}  // namespace
}  // namespace ssmscan
