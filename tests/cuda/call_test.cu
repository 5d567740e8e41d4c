// What is particular to a call on a device: the caller's stream and graph, one workspace for many calls, offsets that
// cannot be checked, errors of others.
#include <algorithm>
#include <complex>
#include <cstring>
#include <random>
#include <thread>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan {
namespace {

// x[t] = a[t] x[t-1] + b[t] mod 2^32, by its definition.
struct integers {
  index_t time;
  std::vector<std::uint32_t> a, b;
  explicit integers(index_t n, std::uint32_t seed = 1) : time(n) {
    std::uint32_t state = seed;
    auto const next = [&] { return state = state * 1664525U + 1013904223U; };
    for (index_t t = 0; t < n; ++t) a.push_back(next()), b.push_back(next());
  }
  std::vector<std::uint32_t> x() const {
    std::vector<std::uint32_t> made;
    std::uint32_t state = 0;
    for (std::size_t t = 0; t < a.size(); ++t) made.push_back(state = a[t] * state + b[t]);
    return made;
  }
};

// The same in device memory, with the workspace that an algorithm needs.
struct on_device {
  gpu::array<std::uint32_t> a, b, x;
  recurrence<std::uint32_t> problem;
  device::execution how;
  gpu::memory workspace;
  on_device(integers const& of, std::string_view algorithm)
      : a(of.a),
        b(of.b),
        x(of.time),
        problem{.a = {a.data(), of.time}, .b = {b.data(), of.time}, .x = {x.data(), of.time}},
        how{.algorithm = algorithm},
        workspace(device::workspace_bytes(problem, how)) {
    how.workspace = workspace.span();
  }
};

constexpr index_t some_time = 10007;
constexpr std::string_view trees[] = {"sequential", "hillis_steele", "blelloch", "chunked", "look_back"};
constexpr std::string_view packed_trees[] = {
    "sequential",          "hillis_steele",          "blelloch",          "chunked",          "look_back",
    "sequential.textbook", "hillis_steele.textbook", "blelloch.textbook", "chunked.textbook", "look_back.textbook"};

// Holds a stream until the host lets go.
__global__ void wait_for(int const volatile* released) {
  while (*released == 0) __nanosleep(1000);
}

class gate {
 public:
  gate() { need_success(cudaHostAlloc(&released_, sizeof(int), cudaHostAllocMapped), "making a gate"), *released_ = 0; }
  ~gate() { open(), (void)cudaDeviceSynchronize(), (void)cudaFreeHost(released_); }
  void hold(cudaStream_t stream) {
    int* on_the_device = nullptr;
    need_success(cudaHostGetDevicePointer(&on_the_device, released_, 0), "asking for a gate's address");
    launch(stream, {1, 1}, &wait_for, on_the_device);
  }
  void open() { *static_cast<int volatile*>(released_) = 1; }

 private:
  int* released_ = nullptr;
};

// Behind a kernel that does not end: the call comes back, and nothing has been computed.
TEST(cuda_call, is_asynchronous_on_the_callers_stream) {
  integers const given(some_time);
  for (auto const algorithm : trees) {
    on_device made(given, algorithm);
    gpu::stream stream;
    made.how.stream = stream;
    device::linear_recurrence(made.problem, made.how);  // a first call may load code, which may wait
    stream.wait();
    made.x.fill_bytes(0);
    need_success(cudaDeviceSynchronize(), "waiting");
    {
      gate held;
      held.hold(stream);
      device::linear_recurrence(made.problem, made.how);
      EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady) << algorithm;
      gpu::stream other;
      std::uint32_t last = 1;
      need_success(cudaMemcpyAsync(&last, made.x.data() + some_time - 1, 4, cudaMemcpyDeviceToHost, other), "looking");
      other.wait();
      EXPECT_EQ(last, 0U) << algorithm;
    }
    EXPECT_EQ(made.x.values(), given.x()) << algorithm;
  }
}

TEST(cuda_call, can_be_captured_in_a_graph) {
  integers const first(some_time, 1), second(some_time, 2);
  for (auto const algorithm : trees) {
    on_device made(first, algorithm);
    gpu::stream stream;
    made.how.stream = stream;
    cudaGraph_t graph = nullptr;
    need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "beginning a capture");
    EXPECT_NO_THROW(device::linear_recurrence(made.problem, made.how)) << algorithm;
    ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess) << algorithm;
    cudaGraphExec_t runnable = nullptr;
    need_success(cudaGraphInstantiate(&runnable, graph, 0), "making a graph");
    for (integers const* given : {&first, &second, &first}) {
      made.a.put(given->a), made.b.put(given->b), made.x.fill_bytes(0xff);
      need_success(cudaDeviceSynchronize(), "waiting");
      need_success(cudaGraphLaunch(runnable, stream), "launching a graph");
      stream.wait();
      EXPECT_EQ(made.x.values(), given->x()) << algorithm;
    }
    need_success(cudaGraphExecDestroy(runnable), "ending a graph");
    need_success(cudaGraphDestroy(graph), "ending a graph");
  }
}

// All that there is for float: each algorithm and each one inside it, both operations, packed with states. A replay has the bits of the
// call, on a workspace that others wrote into since.
TEST(cuda_call, every_algorithm_can_be_captured_packed_or_not) {
  constexpr index_t lanes = 2, sequences = 3;
  constexpr tensor_shape shape{1, lanes, 1501}, of_states{1, lanes, sequences};
  auto const random = [](index_t n, float least, std::uint32_t seed) {
    std::mt19937 bits(seed);
    std::vector<float> made;
    for (index_t k = 0; k < n; ++k) made.push_back(least + static_cast<float>(bits() >> 8) * 0x1p-24F);
    return made;
  };
  index_t constexpr n = lanes * shape.time;
  gpu::array<float> const a(random(n, 0.25F, 1)), b(random(n, 0.5F, 2)), initial(random(lanes * sequences, 1, 3));
  std::vector<std::uint8_t> starts(static_cast<std::size_t>(shape.time));
  starts[700] = starts[701] = 1;
  gpu::array<std::uint8_t> const mask(starts);
  gpu::array<index_t> const offsets(std::vector<index_t>{0, 700, 701, shape.time});
  enum class packed_by { nothing, offsets, mask };
  int captured = 0;
  for (auto const& row : device::capabilities()) {
    if (row.dtype != "f32") continue;
    for (auto const packed : {packed_by::nothing, packed_by::offsets, packed_by::mask}) {
      if (packed != packed_by::nothing && !row.packed) continue;
      gpu::array<float> x(n), final(lanes * sequences);
      final.fill_bytes(0);
      recurrence<float> problem{.a = {a.data(), shape}, .b = {b.data(), shape}, .x = {x.data(), shape}};
      problem.operation = row.operation;
      if (packed == packed_by::offsets) problem.offsets = {offsets.data(), 4};
      if (packed == packed_by::mask) problem.reset = {mask.data(), starts.size()};
      if (packed != packed_by::nothing)
        problem.initial = {initial.data(), of_states}, problem.final = {final.data(), of_states};
      device::execution how{.algorithm = row.algorithm, .inner = row.inner};
      gpu::array<std::byte> workspace(static_cast<index_t>(device::workspace_bytes(problem, how)));
      how.workspace = {workspace.data(), device::workspace_bytes(problem, how)};
      gpu::stream stream;
      how.stream = stream;
      device::linear_recurrence(problem, how);
      stream.wait();
      auto const needed_x = x.values(), needed_final = final.values();

      std::string const what = std::string(row.algorithm) + " " + std::string(row.inner) + ", operation " +
                               std::to_string(static_cast<int>(row.operation)) + ", packed by " +
                               std::to_string(static_cast<int>(packed));
      cudaGraph_t graph = nullptr;
      need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "beginning a capture");
      EXPECT_NO_THROW(device::linear_recurrence(problem, how)) << what;
      ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess) << what;
      cudaGraphExec_t runnable = nullptr;
      need_success(cudaGraphInstantiate(&runnable, graph, 0), "making a graph");
      for (int const left_there : {0xff, 0x5a}) {
        workspace.fill_bytes(left_there), x.fill_bytes(0xff);
        if (packed != packed_by::nothing) final.fill_bytes(0xff);
        need_success(cudaGraphLaunch(runnable, stream), "launching a graph");
        stream.wait();
        auto const got_x = x.values(), got_final = final.values();
        EXPECT_EQ(std::memcmp(got_x.data(), needed_x.data(), n * sizeof(float)), 0) << what;
        EXPECT_EQ(std::memcmp(got_final.data(), needed_final.data(), got_final.size() * sizeof(float)), 0) << what;
      }
      need_success(cudaGraphExecDestroy(runnable), "ending a graph");
      need_success(cudaGraphDestroy(graph), "ending a graph");
      ++captured;
    }
  }
  EXPECT_GE(captured, 19 + 2 * 16);  // as device::capabilities() has them, 16 of them packed, too
}

TEST(cuda_call, calls_on_one_stream_share_a_workspace) {
  integers const first(some_time, 3), second(some_time, 4);
  for (auto const algorithm : trees) {
    on_device one(first, algorithm), two(second, algorithm);
    two.how.workspace = one.how.workspace;
    device::linear_recurrence(one.problem, one.how);
    device::linear_recurrence(two.problem, two.how);
    EXPECT_EQ(one.x.values(), first.x()) << algorithm;
    EXPECT_EQ(two.x.values(), second.x()) << algorithm;
  }
}

TEST(cuda_call, streams_do_not_meet) {
  constexpr int streams = 8, rounds = 20;
  integers const given(some_time, 5);
  for (auto const algorithm : trees) {
    std::vector<std::unique_ptr<on_device>> made;
    std::vector<std::unique_ptr<gpu::stream>> on;
    for (int k = 0; k < streams; ++k) {
      made.push_back(std::make_unique<on_device>(given, algorithm));
      on.push_back(std::make_unique<gpu::stream>());
      made.back()->how.stream = *on.back();
    }
    std::vector<std::thread> callers;
    for (auto const& m : made)
      callers.emplace_back([&m] {
        for (int k = 0; k < rounds; ++k) device::linear_recurrence(m->problem, m->how);
      });
    for (auto& caller : callers) caller.join();
    need_success(cudaDeviceSynchronize(), "waiting");
    for (auto const& m : made) EXPECT_EQ(m->x.values(), given.x()) << algorithm;
  }
}

// Nothing outside x and final is written, and the call ends; `pack` gives the problem its offsets or mask, whatever they hold.
template <class Pack>
void expect_no_harm(integers const& given, std::string_view algorithm, index_t sequences, Pack const& pack) {
  index_t constexpr zone = 64;
  std::vector<std::uint32_t> const poison(static_cast<std::size_t>(sequences + 2 * zone), 0xdeadbeefU);
  for (auto const direction : {direction::forward, direction::reverse}) {
    gpu::array<std::uint32_t> const final(poison), initial(std::vector<std::uint32_t>(poison.size(), 1));
    on_device made(given, algorithm);
    made.problem.direction = direction;
    pack(made.problem);
    made.problem.initial = {initial.data(), sequences};
    made.problem.final = {final.data() + zone, sequences};
    gpu::memory const workspace(device::workspace_bytes(made.problem, made.how));
    made.how.workspace = workspace.span();
    device::linear_recurrence(made.problem, made.how);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    auto const after = final.values();
    EXPECT_TRUE(std::equal(after.begin(), after.begin() + zone, poison.begin()));
    EXPECT_TRUE(std::equal(after.end() - zone, after.end(), poison.begin()));
    EXPECT_EQ(made.a.values(), given.a);
  }
}
void expect_no_harm(integers const& given, std::string_view algorithm, std::vector<index_t> const& values) {
  gpu::array<index_t> const offsets(values);
  expect_no_harm(given, algorithm, static_cast<index_t>(values.size()) - 1, [&](auto& problem) {
    problem.offsets = {offsets.data(), values.size()};
  });
}

constexpr index_t huge = index_t{1} << 62;

TEST(cuda_call, offsets_that_are_none_harm_nobody) {
  integers const given(1000, 6);
  std::vector<std::vector<index_t>> const wrong{
      {0, 500, 20, 1000}, {5, 7, 9, 11}, {-3, -huge, huge, 4}, {1000, 0, 1000, 0}, {2000, 3000, 4000, 5000}};
  for (auto const algorithm : packed_trees)
    for (auto const& values : wrong) expect_no_harm(given, algorithm, values);
}

// So few that look_back searches the list itself, and more than it looks at at a time.
TEST(cuda_call, a_list_that_does_not_ascend_harms_nobody) {
  index_t constexpr time = 10000000;
  integers const given(time, 6);
  std::mt19937_64 random(9);
  std::vector<index_t> anywhere(600), descending(600), alternating(600);
  for (index_t k = 0; k < 600; ++k) {
    anywhere[k] = static_cast<index_t>(random() % (2 * time)) - time / 2;
    descending[k] = time - k * (time / 599);
    alternating[k] = k % 2 == 0 ? huge : -huge;
  }
  for (auto const& values : {anywhere, descending, alternating, std::vector<index_t>{time, 0, time, 0}})
    expect_no_harm(given, "look_back", values);
}

// A mask with more sequences than there are states for, and with fewer.
TEST(cuda_call, a_mask_of_another_number_harms_nobody) {
  index_t constexpr time = 1000;
  integers const given(time, 6);
  for (index_t const apart : {1, 3, 7, 300}) {
    std::vector<std::uint8_t> values(time);
    for (index_t t = 0; t < time; t += apart) values[static_cast<std::size_t>(t)] = 1;
    gpu::array<std::uint8_t> const mask(values);
    for (auto const algorithm : packed_trees)
      for (index_t const sequences : {1, 2, 100, 1500})
        expect_no_harm(given, algorithm, sequences, [&](auto& problem) {
          problem.reset = {mask.data(), values.size()};
        });
  }
}

// An error that someone else left behind is neither taken for ours nor taken away.
TEST(cuda_call, leaves_the_errors_of_others_alone) {
  integers const given(100, 7);
  on_device made(given, "blelloch");
  void* none = nullptr;
  ASSERT_EQ(cudaMalloc(&none, std::size_t{1} << 60), cudaErrorMemoryAllocation);
  EXPECT_NO_THROW(device::linear_recurrence(made.problem, made.how));
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(made.x.values(), given.x());
}

TEST(cuda_call, a_stream_that_is_none_is_an_error) {
  integers const given(100, 8);
  on_device made(given, "sequential");
  cudaStream_t gone = nullptr;
  need_success(cudaStreamCreate(&gone), "making a stream");
  need_success(cudaStreamBeginCapture(gone, cudaStreamCaptureModeRelaxed), "beginning a capture");
  // A capture that was broken off refuses what comes next.
  (void)cudaStreamSynchronize(gone);
  (void)cudaGetLastError();
  made.how.stream = gone;
  EXPECT_THROW(device::linear_recurrence(made.problem, made.how), std::system_error);
  cudaGraph_t graph = nullptr;
  (void)cudaStreamEndCapture(gone, &graph);
  (void)cudaGetLastError();
  need_success(cudaStreamDestroy(gone), "ending a stream");
}

}  // namespace
}  // namespace ssmscan
