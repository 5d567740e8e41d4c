// Calls captured in a graph, and calls that overlap: whatever stands in the workspace between two replays, each sees its own
// words; what a call reads is what the call before wrote, though it came before that had ended. uint32_t, exact.
#include <chrono>
#include <future>
#include <memory>
#include <random>
#include <thread>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan {
namespace {

using word = std::uint32_t;

// How blocks of a call wait for one another: tiles of one lane, of several, in a cluster, of a few for each block; not at all; pieces of
// lanes that lie beside one another; segments of many such.
struct form {
  char const* name;
  std::string_view algorithm;
  tensor_shape shape;
  layout order;
  start when = start::beside_the_last;
};
std::ostream& operator<<(std::ostream& out, form const& of) { return out << of.name; }
constexpr index_t tile = 5120;
constexpr form tiles{"tiles", "look_back", {1, 1, 30 * tile + 77}, layout::lane_major},
    lanes_of_tiles{"lanes_of_tiles", "look_back", {1, 9, 5 * tile + 4}, layout::lane_major},
    cluster{"cluster", "look_back", {1, 1, 12 * tile + 5}, layout::lane_major},
    many_tiles{"many_tiles", "look_back", {1, 1, 800 * tile + 12}, layout::lane_major},
    short_lanes{"short_lanes", "look_back", {1, 3001, 804}, layout::lane_major},
    pieces{"pieces", "chunked", {1, 40, 5003}, layout::time_major},
    segments{"segments", "sequential", {1, 6148, 2903}, layout::time_major, start::after_all_before};

class cuda_replays_of : public testing::TestWithParam<form> {};
INSTANTIATE_TEST_SUITE_P(each, cuda_replays_of,
                         testing::Values(tiles, lanes_of_tiles, cluster, many_tiles, short_lanes, pieces, segments),
                         [](auto const& tested) { return std::string(tested.param.name); });

std::vector<word> random_words(form const& of, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<word> made(static_cast<std::size_t>(of.shape.batch * of.shape.channel * of.shape.time));
  for (auto& each : made) each = random();
  return made;
}

// x[t] = a[t] x[t-1] + b[t] mod 2^32, by its definition; over b.
void define(form const& of, std::vector<word> const& a, std::vector<word>& b) {
  auto const lanes = static_cast<std::size_t>(of.shape.channel), time = static_cast<std::size_t>(of.shape.time);
  bool const by_time = of.order == layout::time_major;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    word state = 0;
    for (std::size_t t = 0; t < time; ++t) {
      std::size_t const at = by_time ? t * lanes + lane : lane * time + t;
      b[at] = state = a[at] * state + b[at];
    }
  }
}

struct inputs {
  std::vector<word> a, b;
  inputs(form const& of, std::uint32_t seed) : a(random_words(of, seed)), b(random_words(of, ~seed)) {}
  std::vector<word> x(form const& of) const {
    auto made = b;
    define(of, a, made);
    return made;
  }
};

class on_device {
 public:
  explicit on_device(form const& made) : of(made), a(count()), b(count()), x(count()) {}
  index_t count() const { return of.shape.batch * of.shape.channel * of.shape.time; }
  recurrence<word> problem() const { return problem(a, b, x); }
  recurrence<word> problem(gpu::array<word> const& from_a, gpu::array<word> const& from_b,
                           gpu::array<word> const& to) const {
    return {.a = {from_a.data(), of.shape, of.order},
            .b = {from_b.data(), of.shape, of.order},
            .x = {to.data(), of.shape, of.order}};
  }
  std::size_t workspace_bytes() const { return device::workspace_bytes(problem(), {.algorithm = of.algorithm}); }
  void put(inputs const& given) {
    a.put(given.a), b.put(given.b), x.fill_bytes(0xee);
    need_success(cudaDeviceSynchronize(), "waiting");
  }
  void call(cudaStream_t stream, std::span<std::byte> workspace) const { call(problem(), stream, workspace); }
  void call(recurrence<word> const& which, cudaStream_t stream, std::span<std::byte> workspace) const {
    device::linear_recurrence(which, {.algorithm = of.algorithm, .stream = stream, .workspace = workspace});
  }

  form of;
  gpu::array<word> a, b, x;
};

struct count_of {
  std::size_t kernels = 0, others = 0, overlapping = 0;  // nodes; edges along which launches overlap
};

// What `enqueue` puts on a stream, to be run again and again.
class graph {
 public:
  template <class F>
  explicit graph(F const& enqueue, cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) {
    need_success(cudaStreamBeginCapture(stream_, mode), "beginning a capture");
    enqueue(stream_);
    need_success(cudaStreamEndCapture(stream_, &captured_), "ending a capture");
  }
  graph(graph const&) = delete;
  ~graph() {
    if (runnable_ != nullptr) (void)cudaGraphExecDestroy(runnable_);
    (void)cudaGraphDestroy(captured_);
  }
  void run() {
    begin();
    stream_.wait();
  }
  void begin() {
    if (runnable_ == nullptr) need_success(cudaGraphInstantiate(&runnable_, captured_, 0), "making a graph");
    need_success(cudaGraphLaunch(runnable_, stream_), "launching a graph");
  }
  void wait() const { stream_.wait(); }
  count_of counted() const {
    count_of made;
    std::size_t nodes = 0, edges = 0;
    need_success(cudaGraphGetNodes(captured_, nullptr, &nodes), "counting nodes");
    std::vector<cudaGraphNode_t> node(nodes);
    need_success(cudaGraphGetNodes(captured_, node.data(), &nodes), "asking for nodes");
    for (auto const each : node) {
      cudaGraphNodeType type{};
      need_success(cudaGraphNodeGetType(each, &type), "asking what a node is");
      ++(type == cudaGraphNodeTypeKernel ? made.kernels : made.others);
    }
    edges_of(captured_, nullptr, nullptr, nullptr, &edges);
    std::vector<cudaGraphNode_t> from(edges), to(edges);
    std::vector<cudaGraphEdgeData> data(edges);
    edges_of(captured_, from.data(), to.data(), data.data(), &edges);
    for (auto const& each : data) made.overlapping += each.type == cudaGraphDependencyTypeProgrammatic;
    return made;
  }

 private:
  static void edges_of(cudaGraph_t of, cudaGraphNode_t* from, cudaGraphNode_t* to, cudaGraphEdgeData* data,
                       std::size_t* edges) {
#if CUDART_VERSION >= 13000
    need_success(cudaGraphGetEdges(of, from, to, data, edges), "asking for edges");
#else
    need_success(cudaGraphGetEdges_v2(of, from, to, data, edges), "asking for edges");
#endif
  }

  gpu::stream stream_;
  cudaGraph_t captured_ = nullptr;
  cudaGraphExec_t runnable_ = nullptr;
};

class workspace {
 public:
  explicit workspace(std::size_t bytes) : bytes_(bytes), held_(static_cast<index_t>(bytes)) { held_.fill_bytes(0xa5); }
  std::span<std::byte> span() const { return {held_.data(), bytes_}; }
  std::size_t bytes() const { return bytes_; }
  std::vector<std::byte> values() const { return held_.values(); }
  void put(std::vector<std::byte> const& values) { held_.put(values); }

 private:
  std::size_t bytes_;
  gpu::array<std::byte> held_;
};

// What one replay leaves, for the next ones: nothing of it is theirs, wherever it stands.
TEST_P(cuda_replays_of, are_apart_whatever_stands_in_the_workspace) {
  form const& of = GetParam();
  on_device made(of);
  workspace memory(made.workspace_bytes());
  graph of_call([&](cudaStream_t stream) { made.call(stream, memory.span()); });
  EXPECT_EQ(of_call.counted().kernels, 1U) << of.name;
  EXPECT_EQ(of_call.counted().others, 0U) << of.name;  // nothing is cleared
  inputs const given[] = {{of, 1}, {of, 2}, {of, 3}};
  std::vector<word> const needed[] = {given[0].x(of), given[1].x(of), given[2].x(of)};
  auto const run = [&](int which, char const* after) {
    made.put(given[which]);
    of_call.run();
    EXPECT_EQ(made.x.values() == needed[which], true) << of.name << ", " << after;
    return memory.values();
  };
  auto const first = run(0, "the first");
  auto const second = run(1, "nothing");
  (void)run(2, "nothing, again");
  for (int round = 0; round < 3; ++round) {
    memory.put(first), (void)run(1, "what the first left");
    memory.put(first), (void)run(2, "what the first left, again");
    memory.put(second), (void)run(0, "what the second left");
  }
  std::vector<std::byte> values(memory.bytes());
  (void)run(1, "nothing"), memory.put(values), (void)run(0, "zeros");
  std::mt19937 random(1);
  for (auto& each : values) each = static_cast<std::byte>(random());
  memory.put(values), (void)run(2, "anything");
}

// However the stream is captured; what another thread calls meanwhile is not, and runs.
TEST(cuda_replays, are_apart_in_every_mode_of_capture) {
  for (auto const mode : {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed})
    for (form const& of : {tiles, cluster, pieces, segments}) {
      on_device made(of), apart(of);
      workspace const memory(made.workspace_bytes()), others(apart.workspace_bytes());
      gpu::stream elsewhere;
      inputs const given(of, 50);
      apart.put(given);
      graph of_call(
          [&](cudaStream_t stream) {
            made.call(stream, memory.span());
            std::async(std::launch::async, [&] { apart.call(elsewhere, others.span()); }).get();
          },
          mode);
      elsewhere.wait();
      EXPECT_EQ(apart.x.values() == given.x(of), true) << of.name << ", beside mode " << mode;
      EXPECT_EQ(of_call.counted().kernels, 1U) << of.name << ", mode " << mode;
      EXPECT_EQ(of_call.counted().others, 0U) << of.name << ", mode " << mode;
      for (std::uint32_t seed = 51; seed < 53; ++seed) {
        inputs const next(of, seed);
        made.put(next);
        of_call.run();
        EXPECT_EQ(made.x.values() == next.x(of), true) << of.name << ", mode " << mode;
      }
    }
}

// In one graph, and calls outside it meanwhile; one workspace.
TEST(cuda_replays, calls_share_a_workspace) {
  on_device one(tiles), two(lanes_of_tiles), three(pieces), four(cluster);
  on_device* const all[] = {&one, &two, &three, &four};
  std::size_t bytes = 0;
  for (auto const* each : all) bytes = std::max(bytes, each->workspace_bytes());
  workspace const memory(bytes);
  graph of_all([&](cudaStream_t stream) {
    for (int turn = 0; turn < 2; ++turn)
      for (auto const* each : all) each->call(stream, memory.span());
  });
  EXPECT_EQ(of_all.counted().others, 0U);
  for (std::uint32_t seed = 10; seed < 14; ++seed) {
    for (auto* each : all) each->put({each->of, seed});
    of_all.run();
    for (auto const* each : all)
      EXPECT_EQ(each->x.values() == inputs(each->of, seed).x(each->of), true) << each->of.name;
    one.put({one.of, ~seed});
    one.call(nullptr, memory.span());
    EXPECT_EQ(one.x.values() == inputs(one.of, ~seed).x(one.of), true) << "by itself";
  }
}

// At the same time, each in its own workspace.
TEST(cuda_replays, of_several_graphs_do_not_meet) {
  constexpr int graphs = 4, replays = 20;
  std::vector<std::unique_ptr<on_device>> made;
  std::vector<std::unique_ptr<workspace>> memory;
  std::vector<std::unique_ptr<graph>> of;
  for (int k = 0; k < graphs; ++k) {
    made.push_back(std::make_unique<on_device>(k % 2 == 0 ? tiles : pieces));
    memory.push_back(std::make_unique<workspace>(made[k]->workspace_bytes()));
    of.push_back(std::make_unique<graph>([&](cudaStream_t stream) { made[k]->call(stream, memory[k]->span()); }));
    made[k]->put({made[k]->of, static_cast<std::uint32_t>(k)});
  }
  for (int turn = 0; turn < replays; ++turn)
    for (auto const& each : of) each->begin();
  for (auto const& each : of) each->wait();
  for (int k = 0; k < graphs; ++k)
    EXPECT_EQ(made[k]->x.values() == inputs(made[k]->of, static_cast<std::uint32_t>(k)).x(made[k]->of), true);
}

// Another graph's call takes the place of the first, whose graph is gone then.
TEST(cuda_replays, go_on_where_a_graph_is_updated) {
  on_device one(tiles), two(tiles);
  workspace const memory(one.workspace_bytes());
  gpu::stream stream;
  auto const captured = [&](on_device const& of) {
    cudaGraph_t made = nullptr;
    need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "beginning a capture");
    of.call(stream, memory.span());
    need_success(cudaStreamEndCapture(stream, &made), "ending a capture");
    return made;
  };
  cudaGraph_t const of_one = captured(one), of_two = captured(two);
  cudaGraphExec_t runnable = nullptr;
  need_success(cudaGraphInstantiate(&runnable, of_one, 0), "making a graph");
  need_success(cudaGraphDestroy(of_one), "ending a graph");
  cudaGraphExecUpdateResultInfo result{};
  need_success(cudaGraphExecUpdate(runnable, of_two, &result), "updating a graph");
  need_success(cudaGraphDestroy(of_two), "ending a graph");
  for (std::uint32_t seed = 20; seed < 23; ++seed) {
    two.put({two.of, seed});
    need_success(cudaGraphLaunch(runnable, stream), "launching a graph");
    stream.wait();
    EXPECT_EQ(two.x.values() == inputs(two.of, seed).x(two.of), true);
  }
  need_success(cudaGraphExecDestroy(runnable), "ending a graph");
}

// The library has 65,536 counters for captured calls. Where all are taken the workspace is cleared before each run; a graph that is
// gone gives its own back.
TEST(cuda_replays, clear_the_workspace_where_no_counter_is_left) {
  constexpr std::size_t counters = 65536;
  on_device made(tiles);
  workspace memory(made.workspace_bytes());
  auto const call = [&](cudaStream_t stream) { made.call(stream, memory.span()); };
  {
    graph const greedy([&](cudaStream_t stream) {
      for (std::size_t k = 0; k <= counters; ++k) call(stream);
    });
    EXPECT_GT(greedy.counted().others, 0U);
    graph late(call);
    EXPECT_EQ(late.counted().others, 1U);
    std::vector<std::byte> left;
    for (std::uint32_t seed = 30; seed < 34; ++seed) {
      inputs const given(tiles, seed);
      made.put(given);
      if (seed == 33) memory.put(left);
      late.run();
      EXPECT_EQ(made.x.values() == given.x(tiles), true);
      if (seed == 31) left = memory.values();
    }
  }
  std::size_t others = 1;  // given back by a thread of CUDA's
  for (auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
       others > 0 && std::chrono::steady_clock::now() < until;
       std::this_thread::sleep_for(std::chrono::milliseconds(5)))
    others = graph(call).counted().others;
  EXPECT_EQ(others, 0U);
}

// Each x is the next one's b, of two arrays in turns: a call that began to read or write before the one before had ended would be wrong.
void expect_a_chain(form const& of, bool in_place) {
  constexpr int calls = 12;
  on_device made(of);
  workspace const memory(made.workspace_bytes());
  inputs const given(of, 40);
  gpu::array<word> start(given.b);
  std::size_t const bytes = given.b.size() * sizeof(word);
  auto const chain = [&](cudaStream_t stream) {
    need_success(cudaMemcpyAsync(made.b.data(), start.data(), bytes, cudaMemcpyDeviceToDevice, stream), "copying");
    for (int k = 0; k < calls; ++k)
      made.call(in_place     ? made.problem(made.a, made.b, made.b)
                : k % 2 == 0 ? made.problem(made.a, made.b, made.x)
                             : made.problem(made.a, made.x, made.b),
                stream, memory.span());
  };
  auto needed = given.b;
  for (int k = 0; k < calls; ++k) define(of, given.a, needed);
  static_assert(calls % 2 == 0);  // it ends where it began
  made.put(given);
  gpu::stream stream;
  for (int turn = 0; turn < 3; ++turn) {
    made.b.fill_bytes(0xee);
    need_success(cudaDeviceSynchronize(), "waiting");
    chain(stream);
    stream.wait();
    EXPECT_EQ(made.b.values() == needed, true) << of.name << (in_place ? ", in place" : "");
  }
  graph of_chain(chain);
  EXPECT_EQ(of_chain.counted().kernels, std::size_t{calls}) << of.name;
  std::size_t const overlapping = of.when == start::beside_the_last ? calls - 1 : 0;
  EXPECT_EQ(of_chain.counted().overlapping, overlapping) << of.name;
  for (int turn = 0; turn < 3; ++turn) {
    made.b.fill_bytes(0xee);
    need_success(cudaDeviceSynchronize(), "waiting");
    of_chain.run();
    EXPECT_EQ(made.b.values() == needed, true) << of.name << ", in a graph" << (in_place ? ", in place" : "");
  }
}
TEST_P(cuda_replays_of, a_chain_reads_what_was_written) {
  for (bool const in_place : {false, true}) expect_a_chain(GetParam(), in_place);
}

}  // namespace
}  // namespace ssmscan
