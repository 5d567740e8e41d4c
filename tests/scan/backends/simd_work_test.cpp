// The tuned forms do exactly the combines that their info states, in chains exactly as long. Their own text runs here, of
// a type that counts: a number is the length of the longest chain below it. What one worker does with a chunk, or with
// lanes, is taken from the text whose bits it gives (simd_chunk_test.cpp, simd_lanes_test.cpp): a chunk's sweeps, the left fold, Heinsen's formula.
#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/registry.hpp>

namespace ssmscan::simd {
namespace {

std::atomic<index_t> combines{0};

// A number; or a map, of which it is enough to know one.
struct chain {
  index_t length = 0;
  chain() = default;
  explicit chain(double) {}
  friend bool operator==(chain const&, int) { return false; }  // no zero among what is counted
};
chain combined(chain const& earlier, chain const& later) {
  combines.fetch_add(1, std::memory_order_relaxed);
  chain made;
  made.length = std::max(earlier.length, later.length) + 1;
  return made;
}

struct counting {
  using value_type = chain;
  chain identity() const { return {}; }
  chain operator()(chain const& earlier, chain const& later) const { return combined(earlier, later); }
};

// A map applied to a state, as the forms spell it; and maps joined. Whether what entered is thought forgotten behind the first
// chunk of a part, and whether it is.
bool is_thought_forgotten = false, is_truly_forgotten = false;
bool is_forgotten(chain const&, index_t) { return is_thought_forgotten; }
chain multiply_add(chain const&, chain const& state, chain const& b) {
  return combined(is_truly_forgotten ? chain() : state, b);
}
chain after(affine_map<chain> const& m, chain const& state) { return combined(state, m.b); }
chain entering(chain const& by_maps, chain const&) { return by_maps; }
affine_map<chain> join(affine_map<chain> const& earlier, affine_map<chain> const& later) {
  chain const made = combined(earlier.b, later.b);
  return {made, made};
}

affine_map<chain> counted_summary(chunk_source<chain> const& in, chunk_scratch<chain>&) {
  std::vector<chain> values(static_cast<std::size_t>(in.n));
  detail::fan_up<run>(counting{}, values.data(), in.n);
  return {values.back(), values.back()};
}
chain counted_walk(chunk_source<chain> const& in, chunk_scratch<chain>&, chain const* state,
                   chunk_sink<chain> const& out) {
  chain entering, left;
  index_t const lane = in.lane_length > 0 ? in.lane_length : in.n;
  for (index_t begin = 0, end; begin < in.n; begin = end) {
    end = std::min(begin + chunk, (begin / lane + 1) * lane);
    std::vector<chain> values(static_cast<std::size_t>(end - begin));
    auto const n = std::ssize(values);
    if (begin > 0) entering = left, state = begin % lane > 0 ? &entering : nullptr;
    detail::fan_up<run>(counting{}, values.data(), n);
    detail::fan_down<run>(counting{}, values.data(), n, state);
    for (index_t i = 0; i < n; ++i) out.x[(begin + i) * out.stride] = values[static_cast<std::size_t>(i)];
    left = values.back();
  }
  return left;
}
void counted_fold(lanes_piece<chain> const& p) {
  for (index_t lane = 0; lane < p.lanes; ++lane)
    for (index_t t = 0; t < p.time; ++t) {
      chain const first = p.starts && t == 0 ? chain() : combined(p.state[lane], chain());
      p.x[lane * p.x_lane_stride + t * p.x_time_stride] = p.state[lane] = first;
    }
}

struct counted_heinsen {
  using real = chain;
  struct blocks {
    basic_heinsen_scratch<chain>& s;
    chunk_sink<float> const* to;
    index_t n;

    void read(index_t) {}
    void fold(index_t begin) { fold_runs(s, begin); }
    void join(index_t blocks) { join_runs(s, blocks); }
    void enter(index_t begin) { enter_runs(s, begin); }
    void walk(index_t) {  // as run_in_logarithms: in each step a* grows, then the sum
      for (index_t r = 0; r < run; ++r) {
        chain a_star, sum = s.states[r];
        for (index_t j = 0; j < run; ++j) {
          a_star = combined(a_star, chain()), sum = combined(sum, a_star);
          s.x[j * run + r] = static_cast<float>(sum.length);
        }
        s.last[r] = sum;
      }
    }
    void write(index_t begin) {
      for (index_t i = 0; i < std::min(block, n - begin); ++i)
        to->x[(begin + i) * to->stride] = s.x[i % run * run + i / run];
    }
  };
  void flush() const {}
  affine_map<chain> summary(chunk_source<float> const& in, basic_heinsen_scratch<chain>& s) const {
    blocks of{s, nullptr, in.n};
    return sum_chunk(of, s);
  }
  chain walk(chunk_source<float> const& in, basic_heinsen_scratch<chain>& s, chain const* state,
             chunk_sink<float> const& to) const {
    blocks of{s, &to, in.n};
    return walk_chunk(of, s, in.n, state != nullptr ? *state : chain());
  }
};

struct counts {
  index_t work, span;
};
index_t length_of(chain const& v) { return v.length; }
index_t length_of(float v) { return static_cast<index_t>(v); }

// Functions: of a chunk, of lanes, or Heinsen's.
template <class A, class T, class Functions, class B>
counts counted(Functions const& of, B on, index_t lanes, index_t time) {
  std::vector<T> const a(static_cast<std::size_t>(lanes * time), T(1));
  std::vector<T> x(a.size());
  tensor_shape const shape{1, lanes, time};
  detail::recurrence_problem<T> problem;
  problem.size = {lanes, time};
  problem.a = problem.b = detail::lane_view<T const>(tensor_view<T const>(a.data(), shape));
  problem.x = detail::lane_view<T>(tensor_view<T>(x.data(), shape));
  combines = 0;
  A::solve_by(of, on, problem);
  counts made{combines, 0};
  for (T const& v : x) made.span = std::max(made.span, length_of(v));
  return made;
}

// Around a run, a block, one, two and three chunks, and with enough of them for several workers.
constexpr index_t times[] = {1,    2,    15,   16,   17,   33,   255,  256,   257,    300,
                             4095, 4096, 4097, 4352, 8191, 8192, 8193, 16000, 100003, 300001};
constexpr index_t lane_counts[] = {1, 3, 5, 14};
constexpr int worker_counts[] = {2, 3, 7, 16};

constexpr chunk_functions<chain> by_chunks{counted_summary, counted_walk};

// Whatever the workers. Who shares lanes: as the form itself decides it.
template <class A, class T, class Functions, class Shares>
index_t expect_info(Functions const& of, Shares const& are_shared) {
  index_t shared = 0;
  for (index_t const lanes : lane_counts)
    for (index_t const time : times) {
      if (lanes > 1 && time > 20000) continue;  // one long lane is enough to share out
      std::string const size = std::to_string(lanes) + " lanes of " + std::to_string(time);
      counts const alone = counted<A, T>(of, serial(), lanes, time);
      EXPECT_EQ(alone.work, lanes * A::info.work(time)) << size;
      EXPECT_EQ(alone.span, A::info.span(time)) << size;
      for (int const threads : worker_counts) {
        openmp on(threads);
        index_t const workers = workers_for(on, {lanes, time});
        bool const is_shared = A::info.shared_work != nullptr && are_shared(lanes, workers);
        index_t const needed = is_shared ? A::info.shared_work(time, workers) : A::info.work(time);
        counts const made = counted<A, T>(of, on, lanes, time);
        EXPECT_EQ(made.work, lanes * needed) << size << ", workers: " << workers;
        EXPECT_EQ(made.span, A::info.span(time)) << size << ", workers: " << workers;
        shared += needed > A::info.work(time);
      }
    }
  return shared;
}

TEST(simd_work, sequential_is_what_info_says) {
  auto const never = [](index_t, index_t) { return false; };
  expect_info<simd::sequential, chain>(lanes_functions<chain>{counted_fold, [] {}}, never);
}

TEST(simd_work, chunked_is_what_info_says_on_one_worker_and_on_several) {
  ASSERT_EQ(simd::chunked::info.shared_work, nullptr);
  auto const never = [](index_t, index_t) { return false; };
  expect_info<simd::chunked, chain>(by_chunks, never);
}

// look_back of what does not forget, whose work is exact.
struct by_units : simd::look_back {
  static constexpr algorithm_info info = [] {
    algorithm_info made = simd::look_back::info;
    made.shared_work = work_by_units;
    return made;
  }();
};

// A worker that walks along hands its state on: no summaries and no spine. Of several workers on few lanes some sum
// first, never all of them.
TEST(simd_work, look_back_is_what_info_says_on_one_worker_and_on_several) {
  auto const in_units = [](index_t lanes, index_t workers) { return lanes % workers != 0 && lanes < 4 * workers; };
  EXPECT_GE((expect_info<by_units, chain>(by_chunks, in_units)), 15);
  for (index_t const time : times)
    for (int const workers : worker_counts) {
      EXPECT_LE(simd::look_back::work_by_units(time, workers), simd::chunked::info.work(time));
      EXPECT_LE(simd::look_back::work_by_units(time, workers), simd::look_back::info.shared_work(time, workers));
    }
}

// By parts: of each but the first one chunk is summed and joined, of the middle's and the last one's once more, and no state is exchanged. What was not
// forgotten in fact is walked again.
TEST(simd_work, look_back_by_parts_is_within_what_info_says) {
  constexpr index_t time = 300001, chunks = time / chunk + 1;
  for (int const threads : {2, 3, 4}) {
    ASSERT_TRUE((lane_parts{chunks, threads}.are_long_enough()));
    openmp on(threads);
    is_thought_forgotten = is_truly_forgotten = true;
    counts const once = counted<simd::look_back, chain>(by_chunks, on, 1, time);
    is_truly_forgotten = false;
    counts const twice = counted<simd::look_back, chain>(by_chunks, on, 1, time);
    is_thought_forgotten = false;
    index_t const sum = detail::fan_up_work<run>(chunk), work = simd::look_back::info.work(time);
    index_t const asked = threads == 2 ? 1 : 2;  // of two parts the middle one is the last
    EXPECT_EQ(once.work, work + (threads - 1) * (sum + part_combines) + asked * (sum + 1)) << threads;
    EXPECT_GT(twice.work, once.work + work * (threads - 1) / threads * 9 / 10) << threads;
    EXPECT_LE(twice.work, simd::look_back::info.shared_work(time, threads)) << threads;
    EXPECT_EQ(twice.span, simd::look_back::info.span(time)) << threads;
  }
}

TEST(simd_work, heinsen_fused_is_what_info_says_on_one_worker_and_on_several) {
  auto const by_several = [](index_t, index_t workers) { return workers > 1; };
  EXPECT_GE((expect_info<heinsen_fused, float>(counted_heinsen{}, by_several)), 20);
}

// Its span is found from few places: none between them is deeper.
TEST(simd_work, heinsen_fused_is_nowhere_deeper_than_its_span) {
  index_t deepest = 0;
  for (index_t m = 1; m <= 3 * chunk; ++m) {
    deepest = std::max(deepest, heinsen_fused::depth(m));
    ASSERT_EQ(deepest, heinsen_fused::info.span(m)) << m;
  }
}

}  // namespace
}  // namespace ssmscan::simd
